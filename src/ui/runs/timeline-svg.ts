import { escaped } from '../components/chart/chart-svg.ts'
import { token } from '../components/chart/token.ts'
import { duration } from '../format.ts'
import type { Span } from './run-spans.ts'

const [names, width, lane] = [150, 560, 24]

/** The timeline as a file of its own. */
export function timelineSvg(title: string, from: number, to: number, spans: readonly Span[]): string {
  const x = (time: number): number => names + (width * (time - from)) / (to - from)
  const height = 40 + spans.length * lane
  const rows = spans.map(({ step, state, readyAt, startedAt, endedAt }, index) => {
    const y = 34 + index * lane
    const bar = (start: number, end: number, color: string): string =>
      `<rect x="${x(start)}" y="${y}" width="${Math.max(1.5, x(end) - x(start))}" height="${lane - 8}" fill="${token(color)}"/>`
    const color = state === 'failed' ? '--bad' : state === 'running' ? '--working' : '--good'
    return [
      `<text x="8" y="${y + 12}">${escaped(step)}</text>`,
      readyAt !== null && startedAt !== null ? bar(readyAt, startedAt, '--edge') : '',
      startedAt !== null && endedAt !== null ? bar(startedAt, endedAt, color) : '',
      `<text x="${names + width + 8}" y="${y + 12}">${
        startedAt !== null && endedAt !== null ? duration(endedAt - startedAt) : state
      }</text>`,
    ].join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${names + width + 90}" height="${height}" font-family="sans-serif" font-size="12" fill="${token('--text')}"><rect width="100%" height="100%" fill="${token('--surface')}"/><text x="8" y="20" font-weight="bold">${escaped(title)}, ${duration(to - from)}</text>${rows.join('')}</svg>`
}
