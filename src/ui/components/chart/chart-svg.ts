import { figure } from '../../format.ts'
import { absoluteTime, dateOf } from '../../time.ts'
import type { ChartLevel, ChartLine, ChartMark, LogAxes } from './chart-plot.ts'
import { dashOf } from './dash.ts'
import { linearScale, ticksBetween } from './scale.ts'

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)

/** More points than a picture has columns are drawn as the least and the greatest of each column. */
const mostPoints = 2000

interface Shape {
  title: string
  says: string
  xs: readonly number[]
  isTime: boolean
  log?: LogAxes
  lines: readonly ChartLine[]
  marks: readonly ChartMark[]
  levels: readonly ChartLevel[]
  format: (value: number) => string
  /** A design token as a colour. */
  color: (token: string) => string
  width?: number
  height?: number
}

/** Indexes that stand for all: of each column its first, least, greatest and last point. */
export function thinned(values: readonly (number | null | undefined)[], most: number): number[] {
  if (values.length <= most) return values.map((_, index) => index)
  const width = Math.ceil(values.length / (most / 4))
  const kept: number[] = []
  for (let start = 0; start < values.length; start += width) {
    const end = Math.min(values.length, start + width)
    let [least, greatest] = [start, start]
    for (let index = start; index < end; index += 1) {
      const value = values[index]
      if (value === null || value === undefined) continue
      if (value < (values[least] ?? Number.POSITIVE_INFINITY)) least = index
      if (value > (values[greatest] ?? Number.NEGATIVE_INFINITY)) greatest = index
    }
    kept.push(...[...new Set([start, least, greatest, end - 1])].sort((a, b) => a - b))
  }
  return kept
}

const logOf = (value: number | null | undefined): number | null | undefined =>
  typeof value === 'number' ? (value > 0 ? Math.log10(value) : null) : value

/** The same on plain axes: logarithms in place of what is drawn on an axis of factors. */
function plain(shape: Shape): Shape {
  const { xs, lines, levels, format, log = {} } = shape
  return {
    ...shape,
    ...(log.x ? { xs: xs.map((x) => Math.log10(x)) } : {}),
    ...(log.y
      ? {
          lines: lines.map((line) => ({
            ...line,
            values: line.values.map(logOf),
            ...(line.low && line.high ? { low: line.low.map(logOf), high: line.high.map(logOf) } : {}),
          })),
          levels: levels.flatMap((level) => (level.value > 0 ? [{ ...level, value: Math.log10(level.value) }] : [])),
          format: (value: number) => format(10 ** value),
        }
      : {}),
  }
}

/** Lines that there is room to name. */
const mostNamed = 4

/** A chart as a picture file with its title, sentence, axes and legend: vectors, readable without this application. */
export function chartSvg(shape: Shape): string {
  const { title, says, xs, isTime, log, lines, marks, levels, format, color, width = 880, height = 400 } = plain(shape)
  const [left, right, top, bottom] = [64, width - 16, 92, height - 36]
  const columns = [
    ...lines.flatMap(({ values, low = [], high = [] }) => [values, low, high]),
    levels.map(({ value }) => value),
  ]
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const column of columns)
    for (const value of column) {
      if (value === null || value === undefined || !Number.isFinite(value)) continue
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  if (low > high) [low, high] = [0, 1]
  else if (low === high) [low, high] = [low - 0.5, low + 0.5]
  const spare = (high - low) * 0.06
  const y = linearScale(low - spare, high + spare, bottom, top, 5)
  const [first, last] = [xs[0] ?? 0, xs.at(-1) ?? 1]
  const x = linearScale(first, last, left, right, 6)
  const xTicks = isTime ? ticksBetween(0, 1, 5).map((share) => first + share * (last - first)) : x.ticks
  const fine = last - first < 3 * 86_400_000
  const xText = (value: number): string =>
    isTime ? (fine ? absoluteTime(value).slice(5, 16) : dateOf(value)) : figure(log?.x ? 10 ** value : value, 7)
  const parts: string[] = []
  for (const tick of y.ticks)
    parts.push(
      `<line x1="${left}" x2="${right}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="${color('--grid')}"/><text x="${left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${escaped(format(tick))}</text>`,
    )
  for (const tick of xTicks)
    parts.push(`<text x="${x.at(tick)}" y="${bottom + 20}" text-anchor="middle">${escaped(xText(tick))}</text>`)
  for (const { value, label, level } of levels)
    parts.push(
      `<line x1="${left}" x2="${right}" y1="${y.at(value)}" y2="${y.at(value)}" stroke="${color(`--${level}`)}" stroke-dasharray="6 4"/><text x="${right}" y="${y.at(value) - 4}" text-anchor="end" fill="${color(`--${level}`)}">${escaped(label)}</text>`,
    )
  for (const { time, label, level } of marks)
    if (time >= first && time <= last)
      parts.push(
        `<line x1="${x.at(time)}" x2="${x.at(time)}" y1="${top}" y2="${bottom}" stroke="${color(`--${level}`)}" stroke-dasharray="3 3"><title>${escaped(label)}</title></line>`,
      )
  lines.forEach(({ name, color: token, values, low: lows, high: highs, ...drawn }, index) => {
    const kept = thinned(values, mostPoints)
    let path = ''
    let isDown = false
    for (const place of kept) {
      const value = values[place]
      // Where only other lines have a place, this one goes on.
      if (value === undefined) continue
      if (value === null) isDown = false
      else {
        path += `${isDown ? 'L' : 'M'}${x.at(xs[place]!).toFixed(1)} ${y.at(value).toFixed(1)}`
        isDown = true
      }
    }
    const edge = (ends: readonly (number | null | undefined)[] | undefined): string[] =>
      kept.flatMap((place) => {
        const [least, most, end] = [lows?.[place] ?? null, highs?.[place] ?? null, ends?.[place]]
        return least === null || most === null ? [] : [`${x.at(xs[place]!).toFixed(1)} ${y.at(end!).toFixed(1)}`]
      })
    const upper = edge(highs)
    if (upper.length > 1)
      parts.push(
        `<path d="M${[...upper, ...edge(lows).reverse()].join('L')}Z" fill="${color(token)}" fill-opacity="0.14"/>`,
      )
    const pattern = dashOf(drawn)
    const dash = pattern.length > 0 ? ` stroke-dasharray="${pattern.join(' ')}"` : ''
    parts.push(`<path d="${path}" fill="none" stroke="${color(token)}" stroke-width="2"${dash}/>`)
    const at = left + index * 190
    if (index >= mostNamed) return
    parts.push(
      `<line x1="${at}" x2="${at + 20}" y1="70" y2="70" stroke="${color(token)}" stroke-width="2"${dash}/><text x="${at + 26}" y="74" fill="${color('--text')}">${escaped(name)}</text>`,
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${color('--text-muted')}"><title>${escaped(title)}</title><rect width="${width}" height="${height}" fill="${color('--surface')}"/><text x="16" y="28" font-size="16" font-weight="650" fill="${color('--text')}">${escaped(title)}</text><text x="16" y="48">${escaped(says)}</text>${parts.join('')}</svg>\n`
}
