import uPlot from 'uplot'
import { dashOf } from './dash.ts'
import { token } from './token.ts'

/** In columns, a place for each place of the x-axis: a million objects would be too many. */
export interface ChartLine {
  name: string
  /** A design token: `--line-1`. */
  color: string
  dashed?: boolean
  /** Lengths of strokes and gaps in pixels, where one pattern is not enough. */
  dash?: readonly number[]
  /** Null where there is none, which breaks the line; undefined where only other lines have a place, which does not. */
  values: readonly (number | null | undefined)[]
  /** Ends of the intervals of the values; null where none is known. */
  low?: readonly (number | null | undefined)[]
  high?: readonly (number | null | undefined)[]
}

/** Axes on which equal steps are equal factors. What is not above 0 has no place there. */
export interface LogAxes {
  x?: boolean
  y?: boolean
}

/** Something that happened, drawn across all lines. */
export interface ChartMark {
  time: number
  level: 'good' | 'warning' | 'bad'
  label: string
}

/** A value that lines are held against, drawn across the whole width. */
export interface ChartLevel {
  value: number
  level: 'good' | 'warning' | 'bad'
  label: string
}

const glyphs = { good: '▲', warning: '◀', bad: '✕' } as const

/** The x-axis, then value, low and high of each line, as uPlot takes them; low and high of those alone that have them. */
export const chartData = (xs: readonly number[], lines: readonly ChartLine[]): uPlot.AlignedData =>
  // uPlot reads its columns and changes none; its types do not say so.
  [xs, ...lines.flatMap(({ values, low, high }) => (low && high ? [values, low, high] : [values]))] as uPlot.AlignedData

/** Marks whose label would run into the one before it get none; their line is drawn all the same. */
function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  ctx.save()
  ctx.font = `${11 * ratio}px ${token('--font')}`
  ctx.textBaseline = 'top'
  ctx.textAlign = 'left'
  let free = Number.NEGATIVE_INFINITY
  for (const mark of [...marks].sort((a, b) => a.time - b.time)) {
    const x = plot.valToPos(mark.time, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.strokeStyle = token(`--${mark.level}`)
    ctx.fillStyle = ctx.strokeStyle
    ctx.lineWidth = ratio
    ctx.setLineDash([3 * ratio, 3 * ratio])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    const text = `${glyphs[mark.level]} ${mark.label}`
    const width = ctx.measureText(text).width
    const left = Math.min(x + 3 * ratio, bbox.left + bbox.width - width)
    if (left < free) continue
    ctx.fillText(text, left, bbox.top - 14 * ratio)
    free = left + width + 6 * ratio
  }
  ctx.restore()
}

function drawLevels(plot: uPlot, levels: readonly ChartLevel[]): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  ctx.save()
  ctx.font = `${11 * ratio}px ${token('--font')}`
  ctx.textBaseline = 'bottom'
  ctx.textAlign = 'right'
  for (const { value, level, label } of levels) {
    const y = plot.valToPos(value, 'y', true)
    ctx.strokeStyle = token(`--${level}`)
    ctx.fillStyle = ctx.strokeStyle
    ctx.lineWidth = ratio
    ctx.setLineDash([6 * ratio, 4 * ratio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.fillText(label, bbox.left + bbox.width, y - 2 * ratio)
  }
  ctx.restore()
}

/** Round ends: from others the grid of factors would not come to its end. */
const logRange = (low: number, high: number): [number, number] => {
  const [from, to] = uPlot.rangeLog(Math.max(low, 1e-30), Math.max(high, 1e-29), 10, false)
  return [from ?? 1, to ?? 10]
}

/** The range of the values, and of what they are held against, with some room. */
function rangeWith(
  levels: readonly ChartLevel[],
  low: number | null,
  high: number | null,
  isLog: boolean,
): [number, number] {
  const all = [low, high, ...levels.map(({ value }) => value)].filter(
    (value) => value !== null && Number.isFinite(value),
  ) as number[]
  const [least, most] = [Math.min(...all), Math.max(...all)]
  if (isLog) return all.length === 0 ? [1, 10] : logRange(least, most)
  if (all.length === 0) return [0, 1]
  if (least === most) return [least - (Math.abs(least) || 1) * 0.1, most + (Math.abs(most) || 1) * 0.1]
  const spare = (most - least) * 0.08
  return [least - spare, most + spare]
}

const clockLabel = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' })
const dayLabel = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' })

/** `2 Feb`, with the year where it begins or changes; the time of day where the grid is finer than days. */
function timeLabels(times: readonly number[]): string[] {
  const fine = times.some((time) => time % 86_400_000 !== 0)
  return times.map((time, index) => {
    const before = times[index - 1]
    const year = new Date(time).getUTCFullYear()
    const isNewYear = before === undefined || new Date(before).getUTCFullYear() !== year
    return `${fine ? clockLabel.format(time) : dayLabel.format(time)}${isNewYear ? `\n${fine ? `${dayLabel.format(time)} ` : ''}${year}` : ''}`
  })
}

export interface PlotOptions {
  width: number
  height: number
  lines: readonly ChartLine[]
  marks: () => readonly ChartMark[]
  levels: () => readonly ChartLevel[]
  /** UTC milliseconds; otherwise plain numbers, such as steps. */
  isTime: boolean
  log: LogAxes
  /** Charts of one name show the same moment under the pointer, and the same stretch. */
  linked?: string | undefined
  /** The stretch that is shown; all of it where nothing is said. */
  range: () => readonly [number, number] | null
  onRange?: ((range: readonly [number, number] | null) => void) | undefined
  format: (value: number) => string
  onCursor: (index: number | null) => void
}

/** The area between low and high of each line that has them. */
function bandsOf(lines: readonly ChartLine[]): uPlot.Band[] {
  const bands: uPlot.Band[] = []
  let place = 1
  for (const { color, low, high } of lines) {
    if (low && high) bands.push({ series: [place + 2, place + 1], fill: token(`${color}-soft`) })
    place += low && high ? 3 : 1
  }
  return bands
}

/** Settings of a plot in the colours of the page as they are now. */
export function plotOptions({
  width,
  height,
  lines,
  marks,
  levels,
  isTime,
  log,
  linked,
  range,
  onRange,
  format,
  onCursor,
}: PlotOptions): uPlot.Options {
  const axis = {
    stroke: token('--text-muted'),
    font: `11px ${token('--font')}`,
    grid: { stroke: token('--grid'), width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height,
    ms: 1,
    padding: [22, 12, 0, 0],
    tzDate: (time) => uPlot.tzDate(new Date(time), 'UTC'),
    cursor: {
      y: false,
      points: { size: 7 },
      ...(linked ? { sync: { key: linked, setSeries: false } } : {}),
      // A stretch is chosen by dragging; twice a click shows all of it again.
      drag: { x: onRange !== undefined, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          onRange?.(null)
          return null
        },
      },
    },
    legend: { show: false },
    scales: {
      x: {
        time: isTime,
        ...(log.x ? { distr: 3 as const } : {}),
        range: (_plot, low, high) => {
          const [from, to] = range() ?? [low, high]
          if (log.x) return logRange(from, to)
          return from === to ? [from - 1, to + 1] : [from, to]
        },
      },
      y: {
        ...(log.y ? { distr: 3 as const } : {}),
        range: (_plot, low, high) => rangeWith(levels(), low, high, log.y === true),
      },
    },
    axes: [
      { ...axis, size: 30, ...(isTime ? { values: (_plot, times) => timeLabels(times) } : {}) },
      { ...axis, size: 52, values: (_plot, values) => values.map((value) => (value === null ? '' : format(value))) },
    ],
    series: [
      {},
      ...lines.flatMap(({ name, color, low, high, ...drawn }): uPlot.Series[] => [
        {
          label: name,
          stroke: token(color),
          width: 2,
          spanGaps: false,
          ...(dashOf(drawn).length > 0 ? { dash: [...dashOf(drawn)] } : {}),
          // Where points lie too close to be told apart, uPlot leaves them out by itself.
          points: { size: 4 },
        },
        ...(low && high
          ? [
              { label: `${name}, low`, stroke: 'transparent', points: { show: false } },
              { label: `${name}, high`, stroke: 'transparent', points: { show: false } },
            ]
          : []),
      ]),
    ],
    bands: bandsOf(lines),
    hooks: {
      draw: [
        (plot) => {
          drawLevels(plot, levels())
          drawMarks(plot, marks())
        },
      ],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return
          onRange?.([plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x')])
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
        },
      ],
      setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
    },
  }
}
