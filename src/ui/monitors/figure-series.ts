import type { AlertRecord, MeasurementRecord } from '../../contract/monitoring.ts'
import type { ChartLine, ChartMark } from '../components/chart/chart-plot.ts'

export interface FigureSeries {
  figure: string
  /** Middle of each period, UTC milliseconds, ascending. */
  times: number[]
  lines: ChartLine[]
  /** The newest value of what served. */
  newest: { value: number; rows: number } | null
  /** Periods in which it was beyond its bound. */
  broken: number
  /** How near its bound the worst period came: value over bound; 0 of one without. */
  worst: number
}

const roles = [
  { role: 'primary', name: 'Serving', color: '--line-1', dashed: false },
  { role: 'canary', name: 'Canary', color: '--line-2', dashed: false },
  { role: 'shadow', name: 'Frozen', color: '--line-3', dashed: true },
] as const

const mean = (from: number, to: number): number => (from + to) / 2

/** Of several versions in one role, the one with most predictions stands for the period. */
function byRole(measured: readonly MeasurementRecord[], figure: string, role: string): MeasurementRecord | undefined {
  return measured
    .filter((each) => each.role === role && figure in each.figures)
    .reduce<MeasurementRecord | undefined>(
      (best, each) => (best && best.predictions >= each.predictions ? best : each),
      undefined,
    )
}

/**
 * Every figure of a monitor over time, by who answered, with what it was held against. Each point is one measurement as the monitor made it.
 *
 * @param level what holds for periods that did not keep their bound: a drift monitor's threshold.
 */
export function figureSeries(measurements: readonly MeasurementRecord[], level: number | null): FigureSeries[] {
  const periods = new Map<number, MeasurementRecord[]>()
  const figures = new Set<string>()
  for (const each of measurements) {
    const time = mean(each.from, each.to)
    periods.set(time, [...(periods.get(time) ?? []), each])
    for (const figure of Object.keys(each.figures)) figures.add(figure)
  }
  const times = [...periods.keys()].sort((a, b) => a - b)
  // A canary of long ago would stand in the legend as if it were there now.
  const isRolling = times.slice(-3).some((time) => periods.get(time)!.some(({ role }) => role === 'canary'))
  return [...figures].map((figure): FigureSeries => {
    const lines = roles
      .filter(({ role }) => role !== 'canary' || isRolling)
      .map(({ role, name, color, dashed }): ChartLine => {
        const found = times.map((time) => byRole(periods.get(time)!, figure, role)?.figures[figure] ?? null)
        const hasInterval = found.some((each) => each?.low !== null && each?.low !== undefined)
        return {
          name,
          color,
          dashed,
          values: found.map((each) => each?.value ?? null),
          ...(hasInterval
            ? { low: found.map((each) => each?.low ?? null), high: found.map((each) => each?.high ?? null) }
            : {}),
        }
      })
    const bounds = times.map((time) => {
      const all = periods.get(time)!
      const said = all.find(({ role, bounds: own }) => role === 'primary' && own && figure in own)?.bounds?.[figure]
      return said ?? all.find(({ broken }) => figure in broken)?.broken[figure] ?? level
    })
    const answered = lines[0]!.values
    const newestAt = answered.findLastIndex((value) => value !== null)
    const newest = newestAt < 0 ? undefined : byRole(periods.get(times[newestAt]!)!, figure, 'primary')?.figures[figure]
    if (bounds.some((bound) => bound !== null))
      lines.push({ name: 'Bound', color: '--warning', dashed: true, values: bounds })
    return {
      figure,
      times,
      lines: lines.filter(({ values }) => values.some((value) => value !== null)),
      newest: newest ? { value: newest.value, rows: newest.rows } : null,
      broken: times.filter((time) => periods.get(time)!.some(({ broken }) => figure in broken)).length,
      worst: Math.max(
        0,
        ...answered.map((value, place) => (typeof value !== 'number' || !bounds[place] ? 0 : value / bounds[place])),
      ),
    }
  })
}

/** When alerts of a figure were raised and resolved. */
export function alertMarks(alerts: readonly AlertRecord[], figure: string): ChartMark[] {
  return alerts
    .filter((alert) => alert.figure === figure)
    .flatMap(({ raisedAt, resolvedAt }): ChartMark[] => [
      { time: raisedAt, level: 'bad', label: 'alert' },
      ...(resolvedAt === null ? [] : [{ time: resolvedAt, level: 'good' as const, label: 'resolved' }]),
    ])
}
