import uPlot from 'uplot'

export interface ChartPoint {
  value: number
  /** Ends of its interval; null where none is known. */
  low: number | null
  high: number | null
}

export interface ChartLine {
  name: string
  /** A design token: `--line-1`. */
  color: string
  dashed?: boolean
  /** One for each time of the chart; null where there is none. */
  points: readonly (ChartPoint | null)[]
}

/** Something that happened, drawn across all lines. */
export interface ChartMark {
  time: number
  level: 'good' | 'warning' | 'bad'
  label: string
}

const glyphs = { good: '▲', warning: '◀', bad: '✕' } as const

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** Times in UTC milliseconds, then value, low and high of each line, as uPlot takes them. */
export function chartData(times: readonly number[], lines: readonly ChartLine[]): uPlot.AlignedData {
  const columns = lines.flatMap(({ points }) => [
    points.map((point) => point?.value ?? null),
    points.map((point) => point?.low ?? null),
    points.map((point) => point?.high ?? null),
  ])
  return [[...times], ...columns]
}

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
  format: (value: number) => string
  onCursor: (index: number | null) => void
}

/** Settings of a plot in the colours of the page as they are now. */
export function plotOptions({ width, height, lines, marks, format, onCursor }: PlotOptions): uPlot.Options {
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
    cursor: { y: false, points: { size: 7 } },
    legend: { show: false },
    scales: { x: { time: true } },
    axes: [
      { ...axis, size: 30, values: (_plot, times) => timeLabels(times) },
      { ...axis, size: 52, values: (_plot, values) => values.map(format) },
    ],
    series: [
      {},
      ...lines.flatMap(({ name, color, dashed }): uPlot.Series[] => [
        {
          label: name,
          stroke: token(color),
          width: 2,
          spanGaps: false,
          ...(dashed ? { dash: [6, 4] } : {}),
          points: { size: 4 },
        },
        { label: `${name}, low`, stroke: 'transparent', points: { show: false } },
        { label: `${name}, high`, stroke: 'transparent', points: { show: false } },
      ]),
    ],
    bands: lines.map(({ color }, line) => ({
      series: [line * 3 + 3, line * 3 + 2] as [number, number],
      fill: token(`${color}-soft`),
    })),
    hooks: {
      draw: [(plot) => drawMarks(plot, marks())],
      setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
    },
  }
}
