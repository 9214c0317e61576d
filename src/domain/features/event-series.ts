import { compareValues } from '../../base/value-order.ts'
import { TileSums } from './tile-sums.ts'

/** The events of one entity in one view. Values are numbers, NaN where one is missing. */
export interface EventColumns {
  times: Float64Array
  /** When each event was recorded, where that is known: of two events at one time the later record counts as the later. */
  created: Float64Array | null
  values: readonly Float64Array[]
}

/**
 * An entity's events in canonical order, which is by time, then by record time, then by their values, column by column. Events that tie in all
 * of that are alike, so the order in which they arrived leaves no trace, and needs no key.
 */
export class EventSeries {
  length = 0
  times: Float64Array
  created: Float64Array | null
  readonly values: Float64Array[]
  private readonly tiles = new Map<number, TileSums>()

  constructor(
    readonly columns: number,
    withCreated: boolean,
    capacity = 4,
  ) {
    this.times = new Float64Array(capacity)
    this.created = withCreated ? new Float64Array(capacity) : null
    this.values = Array.from({ length: columns }, () => new Float64Array(capacity))
  }

  /** Takes over columns that are in canonical order already. */
  static ofSorted(columns: EventColumns): EventSeries {
    const series = new EventSeries(columns.values.length, columns.created !== null, 0)
    series.times = columns.times
    series.created = columns.created
    for (let i = 0; i < columns.values.length; i += 1) series.values[i] = columns.values[i]!
    series.length = columns.times.length
    return series
  }

  /** Adds an event, wherever it belongs. Cheap at the end, a shift of what is later otherwise. */
  insert(time: number, created: number, values: ArrayLike<number>): void {
    if (this.length === this.times.length) this.grow()
    let place = this.length
    while (place > 0 && this.isBefore(time, created, values, place - 1)) place -= 1
    if (place < this.length) {
      this.times.copyWithin(place + 1, place, this.length)
      this.created?.copyWithin(place + 1, place, this.length)
      for (const column of this.values) column.copyWithin(place + 1, place, this.length)
    }
    this.times[place] = time
    if (this.created !== null) this.created[place] = created
    for (let i = 0; i < this.columns; i += 1) this.values[i]![place] = values[i]!
    this.length += 1
    for (const tiles of this.tiles.values()) tiles.changedFrom(place)
  }

  /** Whether an event belongs before the one at `place`. */
  private isBefore(time: number, created: number, values: ArrayLike<number>, place: number): boolean {
    if (time !== this.times[place]!) return time < this.times[place]!
    if (this.created !== null && created !== this.created[place]!) return created < this.created[place]!
    for (let i = 0; i < this.columns; i += 1) {
      const order = compareValues(values[i]!, this.values[i]![place]!)
      if (order !== 0) return order < 0
    }
    return false
  }

  private grow(): void {
    const capacity = Math.max(8, this.times.length * 2)
    const grown = (column: Float64Array) => {
      const larger = new Float64Array(capacity)
      larger.set(column.subarray(0, this.length))
      return larger
    }
    this.times = grown(this.times)
    if (this.created !== null) this.created = grown(this.created)
    for (let i = 0; i < this.columns; i += 1) this.values[i] = grown(this.values[i]!)
  }

  /** How many events are at or before a time: the place of the first one after it. */
  countUntil(time: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.times[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * Forgets events at or before a time.
   *
   * @param keepLast keep the newest of them, for features that look back without a bound.
   */
  trim(time: number, keepLast: boolean): void {
    const gone = this.countUntil(time) - (keepLast ? 1 : 0)
    if (gone <= 0) return
    // Moving everything for a few is not worth it, unless nothing is left.
    if (gone < this.length && (gone < 16 || gone * 4 < this.length)) return
    const left = this.length - gone
    // What a busy time needed is given back.
    const capacity = left * 4 < this.times.length ? Math.max(4, left * 2) : this.times.length
    const moved = (column: Float64Array) => {
      if (capacity === this.times.length) return column.copyWithin(0, gone, this.length)
      const smaller = new Float64Array(capacity)
      smaller.set(column.subarray(gone, this.length))
      return smaller
    }
    for (let i = 0; i < this.columns; i += 1) this.values[i] = moved(this.values[i]!)
    if (this.created !== null) this.created = moved(this.created)
    this.times = moved(this.times)
    this.length = left
    this.tiles.clear()
  }

  /** Sums over tiles of a width, up to date. */
  tilesOf(width: number): TileSums {
    let tiles = this.tiles.get(width)
    if (tiles === undefined) {
      tiles = new TileSums(width, this.columns)
      this.tiles.set(width, tiles)
    }
    tiles.update(this)
    return tiles
  }
}
