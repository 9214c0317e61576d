import type { EventSeries } from './event-series.ts'
import { Moments } from './moments.ts'

/** Figures of one column, tile by tile. */
export interface TileColumn {
  counts: Float64Array
  sums: Float64Array
  means: Float64Array
  squares: Float64Array
  mins: Float64Array
  maxs: Float64Array
}

/**
 * Sums of an entity's events over tiles of time `[k · width, (k + 1) · width)`. A tile's figures depend on its own events and on their canonical
 * order alone: neither what came before it and was forgotten, nor the order of arrival, can change a bit.
 */
export class TileSums {
  length = 0
  /** The number `k` of each tile that has events, ascending, and the place of its first event. */
  ids = new Float64Array(8)
  starts = new Int32Array(8)
  readonly columns: TileColumn[]
  private validEvents = 0

  constructor(
    readonly width: number,
    columns: number,
  ) {
    this.columns = Array.from({ length: columns }, () => ({
      counts: new Float64Array(8),
      sums: new Float64Array(8),
      means: new Float64Array(8),
      squares: new Float64Array(8),
      mins: new Float64Array(8),
      maxs: new Float64Array(8),
    }))
  }

  /** Events from this place on are not what they were. */
  changedFrom(place: number): void {
    this.validEvents = Math.min(this.validEvents, place)
  }

  /** The place of the first tile numbered `id` or more. */
  find(id: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.ids[middle]! < id) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Computes anew every tile that holds a changed event. */
  update(series: EventSeries): void {
    if (this.validEvents >= series.length) return
    // The tile of the last unchanged event may have got more events, and a change may lie before that tile's end.
    while (this.length > 0 && this.starts[this.length - 1]! >= this.validEvents) this.length -= 1
    if (this.length > 0) this.length -= 1
    let event = this.length === 0 ? 0 : this.starts[this.length]!
    while (event < series.length) {
      const id = Math.floor(series.times[event]! / this.width)
      let end = event + 1
      while (end < series.length && Math.floor(series.times[end]! / this.width) === id) end += 1
      this.append(id, event, end, series)
      event = end
    }
    this.validEvents = series.length
  }

  private append(id: number, from: number, to: number, series: EventSeries): void {
    if (this.length === this.ids.length) this.grow()
    const place = this.length
    this.ids[place] = id
    this.starts[place] = from
    for (let i = 0; i < this.columns.length; i += 1) {
      const column = this.columns[i]!
      scratch.clear()
      scratch.addSum(series.values[i]!, from, to)
      column.counts[place] = scratch.count
      column.sums[place] = scratch.sum
      scratch.clear()
      scratch.addRange(series.values[i]!, from, to)
      column.mins[place] = scratch.min
      column.maxs[place] = scratch.max
      scratch.clear()
      scratch.addDeviations(series.values[i]!, from, to)
      column.means[place] = scratch.mean
      column.squares[place] = scratch.squares
    }
    this.length += 1
  }

  private grow(): void {
    const capacity = this.ids.length * 2
    const larger = (old: Float64Array) => {
      const grown = new Float64Array(capacity)
      grown.set(old)
      return grown
    }
    this.ids = larger(this.ids)
    const starts = new Int32Array(capacity)
    starts.set(this.starts)
    this.starts = starts
    for (const column of this.columns) {
      for (const name of ['counts', 'sums', 'means', 'squares', 'mins', 'maxs'] as const)
        column[name] = larger(column[name])
    }
  }
}

const scratch = new Moments()
