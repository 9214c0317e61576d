import type { Event } from '../../contract/events.ts'
import type { MeasurementRecord } from '../../contract/monitoring.ts'
import type { ChartLine, ChartMark } from '../components/chart/chart-plot.ts'

export interface QualitySeries {
  /** Middle of each period, UTC milliseconds, ascending. */
  times: number[]
  lines: ChartLine[]
}

/** Metrics that were measured, those measured most often first. */
export function metricsOf(measurements: readonly MeasurementRecord[]): string[] {
  const counts = new Map<string, number>()
  for (const { figures } of measurements)
    for (const name of Object.keys(figures)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([name]) => name)
}

/** The measurement that stands for the answers people were given in a period: of several versions, the one with most labels. */
function servingOf(measured: readonly MeasurementRecord[]): MeasurementRecord | null {
  const answered = measured.filter(({ role }) => role === 'primary' || role === 'canary')
  return answered.reduce<MeasurementRecord | null>(
    (best, one) => (best === null || one.labelled > best.labelled ? one : best),
    null,
  )
}

/**
 * One metric over time: of what served, whichever version that was, and of the version that is kept in the shadow. Each point is one
 * measurement as the monitor made it; nothing is averaged here.
 */
export function qualitySeries(measurements: readonly MeasurementRecord[], metric: string): QualitySeries {
  const periods = new Map<number, MeasurementRecord[]>()
  for (const one of measurements) {
    if (!(metric in one.figures)) continue
    const middle = (one.from + one.to) / 2
    periods.set(middle, [...(periods.get(middle) ?? []), one])
  }
  const times = [...periods.keys()].sort((a, b) => a - b)
  const lineOf = (
    name: string,
    color: string,
    measured: readonly (MeasurementRecord | null | undefined)[],
    dashed = false,
  ): ChartLine => {
    const figures = measured.map((one) => one?.figures[metric] ?? null)
    return {
      name,
      color,
      dashed,
      values: figures.map((figure) => figure?.value ?? null),
      low: figures.map((figure) => figure?.low ?? null),
      high: figures.map((figure) => figure?.high ?? null),
    }
  }
  const shadows = [...new Set(measurements.filter(({ role }) => role === 'shadow').map(({ version }) => version))]
  const lines = [
    lineOf(
      'Serving',
      '--line-1',
      times.map((time) => servingOf(periods.get(time)!)),
    ),
    ...shadows.slice(0, 2).map((version, index) =>
      lineOf(
        `Frozen ${version}`,
        `--line-${index + 2}`,
        times.map((time) => periods.get(time)!.find((one) => one.role === 'shadow' && one.version === version)),
        true,
      ),
    ),
  ]
  return { times, lines: lines.filter(({ values }) => values.some((value) => value !== null)) }
}

const markLevels: Record<string, ChartMark['level']> = {
  'deployment.completed': 'good',
  'deployment.rolled-back': 'warning',
  'model.refused': 'bad',
}

/** Kinds of event that a chart of quality marks. */
export const markedTypes = Object.keys(markLevels)

/** What changed the version that serves, or would have. */
export function qualityMarks(events: readonly Event[]): ChartMark[] {
  return events.map(({ type, time, data, subject }) => {
    const version = [data.version, data.to, subject.split(':')[1]].find((name) => typeof name === 'string') as string
    // `late@3` says no more than `3` in a chart of one endpoint.
    const label = version.includes('@') ? `v${version.split('@')[1]}` : version
    return { time, level: markLevels[type] ?? 'good', label }
  })
}
