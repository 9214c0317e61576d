import type { Aggregate } from '../../contract/definition.ts'
import type { EventSeries } from './event-series.ts'
import { Moments } from './moments.ts'

/** A feature over the events of an entity: the values of one column in the window `(t - windowMs, t]`. */
export interface WindowFeature {
  aggregate: Aggregate
  /** Place of the value column; `count` reads none. */
  column: number
  /** null: from the beginning; `last` only. */
  windowMs: number | null
  /** `last` only: the event may be that old and no older. */
  ttlMs: number | null
}

/** Windows with more events than this are summed by tiles. */
const directEvents = 128
const tilesPerWindow = 64

const moments = new Moments()

/**
 * The value of a feature at a time: the one place where windows are computed, in batch and online.
 *
 * Events at `t` count, events at `t - windowMs` do not. The newest event wins, even if its value is missing; of two at one time the later
 * recorded. Without a value the result is NaN, but a count is 0; a standard deviation (of the sample) needs two values.
 *
 * @param recordedBy count only events recorded at or before the time asked for, so that a late correction does not reach into the past. It
 *   costs a pass over the window.
 */
export function windowValue(series: EventSeries, feature: WindowFeature, time: number, recordedBy = false): number {
  const to = series.countUntil(time)
  const from = feature.windowMs === null ? 0 : series.countUntil(time - feature.windowMs)
  if (recordedBy) return knownByThen(series, feature, time, from, to)
  return valueBetween(series, feature, time, from, to)
}

/** As `windowValue`, for a reader who knows already which events lie in the window. */
export function valueBetween(
  series: EventSeries,
  feature: WindowFeature,
  time: number,
  from: number,
  to: number,
): number {
  const { aggregate, windowMs } = feature
  if (aggregate === 'count') return to - from
  if (from === to) return Number.NaN
  if (aggregate === 'last') {
    if (feature.ttlMs !== null && series.times[to - 1]! < time - feature.ttlMs) return Number.NaN
    return series.values[feature.column]![to - 1]!
  }
  moments.clear()
  const values = series.values[feature.column]!
  const deviations = aggregate === 'std'
  if (to - from <= directEvents || windowMs === null) {
    if (deviations) moments.addDeviations(values, from, to)
    else moments.addRange(values, from, to)
  } else if (deviations) addTiledDeviations(series, feature.column, windowMs, time, from, to)
  else addTiledSums(series, feature.column, windowMs, time, from, to)
  return resultOf(aggregate)
}

function resultOf(aggregate: Aggregate): number {
  const { count } = moments
  if (count === 0) return Number.NaN
  switch (aggregate) {
    case 'sum':
      return moments.sum
    case 'mean':
    case 'share':
      return moments.sum / count
    case 'min':
      return moments.min
    case 'max':
      return moments.max
    case 'std':
      return count < 2 ? Number.NaN : Math.sqrt(moments.squares / (count - 1))
    default:
      return Number.NaN
  }
}

/**
 * The tiles that lie within the window whole, by their times and not by the events that happen to be there: an event that arrives after `t`, or one that was
 * forgotten before the window, must not change which tiles are used.
 */
function wholeTiles(width: number, windowMs: number, time: number): { first: number; last: number } {
  return { first: Math.floor((time - windowMs) / width) + 1, last: Math.floor(time / width) - 1 }
}

function addTiledSums(
  series: EventSeries,
  columnAt: number,
  windowMs: number,
  time: number,
  from: number,
  to: number,
): void {
  const values = series.values[columnAt]!
  const tiles = series.tilesOf(windowMs / tilesPerWindow)
  const { first, last } = wholeTiles(tiles.width, windowMs, time)
  const begin = tiles.find(first)
  const end = tiles.find(last + 1)
  const column = tiles.columns[columnAt]!
  moments.addRange(values, from, startOf(tiles, begin, to))
  let { count, sum, min, max } = moments
  for (let tile = begin; tile < end; tile += 1) {
    count += column.counts[tile]!
    sum += column.sums[tile]!
    if (column.mins[tile]! < min) min = column.mins[tile]!
    if (column.maxs[tile]! > max) max = column.maxs[tile]!
  }
  moments.count = count
  moments.sum = sum
  moments.min = min
  moments.max = max
  moments.addRange(values, startOf(tiles, end, to), to)
}

function addTiledDeviations(
  series: EventSeries,
  columnAt: number,
  windowMs: number,
  time: number,
  from: number,
  to: number,
): void {
  const values = series.values[columnAt]!
  const tiles = series.tilesOf(windowMs / tilesPerWindow)
  const { first, last } = wholeTiles(tiles.width, windowMs, time)
  const begin = tiles.find(first)
  const end = tiles.find(last + 1)
  const column = tiles.columns[columnAt]!
  moments.addDeviations(values, from, startOf(tiles, begin, to))
  for (let tile = begin; tile < end; tile += 1) {
    moments.mergeDeviations(column.counts[tile]!, column.means[tile]!, column.squares[tile]!)
  }
  moments.addDeviations(values, startOf(tiles, end, to), to)
}

/** The first event of a tile, or the end of the window where there is no such tile. */
function startOf(tiles: { length: number; starts: Int32Array }, tile: number, end: number): number {
  return tile < tiles.length ? Math.min(tiles.starts[tile]!, end) : end
}

function knownByThen(series: EventSeries, feature: WindowFeature, time: number, from: number, to: number): number {
  const { created } = series
  if (created === null) return valueBetween(series, feature, time, from, to)
  const kept: number[] = []
  for (let i = from; i < to; i += 1) if (created[i]! <= time) kept.push(i)
  if (feature.aggregate === 'count') return kept.length
  const newest = kept.at(-1)
  if (newest === undefined) return Number.NaN
  const values = series.values[feature.column]!
  if (feature.aggregate === 'last') {
    return feature.ttlMs !== null && series.times[newest]! < time - feature.ttlMs ? Number.NaN : values[newest]!
  }
  const known = Float64Array.from(kept, (i) => values[i]!)
  moments.clear()
  if (feature.aggregate === 'std') moments.addDeviations(known, 0, known.length)
  else moments.addRange(known, 0, known.length)
  return resultOf(feature.aggregate)
}
