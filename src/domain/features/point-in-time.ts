import type { TextVector } from '../../base/columns.ts'
import { groupRows, orderByTime } from './event-grouping.ts'
import type { EventSeries } from './event-series.ts'
import { emptySpan, setSpan, valueIn, type WindowFeature } from './window.ts'

/** Which features of a view to look up for each row, and where: the entity is named by `keys`, as of `times`. */
export interface PointInTimeQuery {
  keys: TextVector
  times: Float64Array
  features: readonly WindowFeature[]
}

/**
 * Features as of each row's time, one column a feature, NaN where there is nothing in the window. Works entity by entity and in the order of
 * time, so that the two ends of a window move forward instead of being searched for.
 *
 * @param columns what was found for other entities: the rows of these are added to it.
 */
export function pointInTime(
  series: ReadonlyMap<string, EventSeries>,
  { keys, times, features }: PointInTimeQuery,
  columns: Float64Array[] = features.map(({ aggregate }) =>
    new Float64Array(times.length).fill(aggregate === 'count' ? 0 : Number.NaN),
  ),
): Float64Array[] {
  const windows = [...new Set(features.map((feature) => feature.windowMs))]
  const windowOf = features.map((feature) => windows.indexOf(feature.windowMs))
  const begins = new Int32Array(windows.length)
  const spans = windows.map(emptySpan)
  const groups = groupRows(keys, orderByTime(times))
  for (const [group, key] of groups.keys.entries()) {
    const events = series.get(key)
    if (events === undefined) continue
    const rows = groups.rows.subarray(groups.starts[group]!, groups.starts[group + 1]!)
    begins.fill(0)
    let end = 0
    for (const row of rows) {
      const time = times[row]!
      while (end < events.length && events.times[end]! <= time) end += 1
      for (let w = 0; w < windows.length; w += 1) {
        const windowMs = windows[w]!
        let begin = begins[w]!
        if (windowMs !== null) while (begin < end && events.times[begin]! <= time - windowMs) begin += 1
        begins[w] = begin
        setSpan(spans[w]!, events, windowMs, time, begin, end)
      }
      for (let f = 0; f < features.length; f += 1) {
        columns[f]![row] = valueIn(spans[windowOf[f]!]!, events, features[f]!, time)
      }
    }
  }
  return columns
}
