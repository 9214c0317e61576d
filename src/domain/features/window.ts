import type { Aggregate } from '../../contract/definition.ts'
import type { EventSeries } from './event-series.ts'
import { Moments } from './moments.ts'
import type { TileColumn, TileSums } from './tile-sums.ts'

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

/** The events in a window: those from `from` up to but without `to`. Of a full window, `begin` to `end` are the tiles within. */
export interface Span {
  from: number
  to: number
  tiles: TileSums | null
  begin: number
  end: number
}

export const emptySpan = (): Span => ({ from: 0, to: 0, tiles: null, begin: 0, end: 0 })

const ownSpan = emptySpan()

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
  setSpan(ownSpan, series, feature.windowMs, time, from, to)
  return valueIn(ownSpan, series, feature, time)
}

/**
 * Says which events and tiles make up a window, for all features over it.
 *
 * Whole tiles are told by the window's times, not by the events that happen to be there: an event that arrives after `t`, or one that was forgotten before
 * the window, must not change which tiles are used. Whether tiles are used at all depends on the number of events in the window, which is the same
 * for everyone too.
 */
export function setSpan(
  span: Span,
  series: EventSeries,
  windowMs: number | null,
  time: number,
  from: number,
  to: number,
): void {
  span.from = from
  span.to = to
  span.tiles = null
  if (windowMs === null || to - from <= directEvents) return
  const tiles = series.tilesOf(Math.ceil(windowMs / tilesPerWindow))
  span.tiles = tiles
  span.begin = tiles.find(Math.floor((time - windowMs) / tiles.width) + 1)
  span.end = tiles.find(Math.floor(time / tiles.width))
}

/** The value of a feature over a span that `setSpan` made for its window. */
export function valueIn(span: Span, series: EventSeries, feature: WindowFeature, time: number): number {
  const { aggregate } = feature
  const { from, to } = span
  if (aggregate === 'count') return to - from
  if (from === to) return Number.NaN
  const values = series.values[feature.column]!
  if (aggregate === 'last') {
    return feature.ttlMs !== null && series.times[to - 1]! < time - feature.ttlMs ? Number.NaN : values[to - 1]!
  }
  moments.clear()
  const add = adders[aggregate]
  if (span.tiles === null) add.events(values, from, to)
  else {
    const { tiles, begin, end } = span
    add.events(values, from, begin < tiles.length ? Math.min(tiles.starts[begin]!, to) : to)
    add.tiles(tiles.columns[feature.column]!, begin, end)
    add.events(values, end < tiles.length ? Math.min(tiles.starts[end]!, to) : to, to)
  }
  return resultOf(aggregate)
}

interface Adder {
  events(values: Float64Array, from: number, to: number): void
  tiles(column: TileColumn, begin: number, end: number): void
}

const sums: Adder = {
  events: (values, from, to) => moments.addSum(values, from, to),
  tiles(column, begin, end) {
    let { count, sum } = moments
    const { counts, sums } = column
    for (let tile = begin; tile < end; tile += 1) {
      count += counts[tile]!
      sum += sums[tile]!
    }
    moments.count = count
    moments.sum = sum
  },
}

const extremes: Adder = {
  events: (values, from, to) => moments.addRange(values, from, to),
  tiles({ counts, mins, maxs }, begin, end) {
    for (let tile = begin; tile < end; tile += 1) {
      moments.count += counts[tile]!
      moments.min = Math.min(moments.min, mins[tile]!)
      moments.max = Math.max(moments.max, maxs[tile]!)
    }
  },
}

const deviations: Adder = {
  events: (values, from, to) => moments.addDeviations(values, from, to),
  tiles({ counts, means, squares }, begin, end) {
    for (let tile = begin; tile < end; tile += 1) moments.mergeDeviations(counts[tile]!, means[tile]!, squares[tile]!)
  },
}

const adders: Record<Exclude<Aggregate, 'count' | 'last'>, Adder> = {
  sum: sums,
  mean: sums,
  share: sums,
  min: extremes,
  max: extremes,
  std: deviations,
}

function resultOf(aggregate: Exclude<Aggregate, 'count' | 'last'>): number {
  const { count } = moments
  if (count === 0) return Number.NaN
  if (aggregate === 'sum') return moments.sum
  if (aggregate === 'min') return moments.min
  if (aggregate === 'max') return moments.max
  if (aggregate === 'std') return count < 2 ? Number.NaN : Math.sqrt(moments.squares / (count - 1))
  return moments.sum / count
}

function knownByThen(series: EventSeries, feature: WindowFeature, time: number, from: number, to: number): number {
  const { created } = series
  if (created === null) {
    throw new RangeError('record times are not kept in this series')
  }
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
  adders[feature.aggregate].events(known, 0, known.length)
  return resultOf(feature.aggregate)
}
