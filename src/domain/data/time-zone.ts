import { MillwrightError } from '../../base/errors.ts'

/** Offsets of one zone's clocks over a span of time: `offsets[i]` holds from `from[i]` (UTC) on, and for local times from `localFrom[i]` on. */
interface Segments {
  from: Float64Array
  localFrom: Float64Array
  offsets: Float64Array
}

const dayMs = 86_400_000
/** No zone has had a change of its clocks undone within a week. */
const probeEvery = 7 * dayMs

/**
 * The clocks of one time zone, by the rules of `Intl`. Asking `Intl` costs 10 µs, so the changes of the clocks within a year
 * are looked for once and kept; a conversion then is a comparison with the last segment that was used, or a binary search.
 */
export class TimeZone {
  private readonly format: Intl.DateTimeFormat
  private firstYear = 0
  private lastYear = -1
  private segments: Segments = { from: new Float64Array(), localFrom: new Float64Array(), offsets: new Float64Array() }
  private utcFrom = 0
  private utcTo = 0
  private utcOffset = 0
  private localFrom = 0
  private localTo = 0
  private localOffset = 0

  /** @throws `invalid-data` for a name that is no IANA time zone. */
  constructor(readonly name: string) {
    try {
      this.format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        calendar: 'gregory',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
        era: 'short',
      })
    } catch (cause) {
      throw new MillwrightError('invalid-data', `"${name}" is no time zone`, {
        hint: 'Use a name such as Europe/Berlin.',
        cause,
      })
    }
  }

  /** Milliseconds by which the clocks are ahead of UTC at a moment. */
  offsetAt(utc: number): number {
    if (utc < this.utcFrom || utc >= this.utcTo) this.seekUtc(utc)
    return this.utcOffset
  }

  /** What the clocks show at a moment, written as if it were UTC. */
  localOf(utc: number): number {
    return utc + this.offsetAt(utc)
  }

  /** The moment at which the clocks showed `local`: one that was skipped moves forward, a doubled one is its first. */
  utcOf(local: number): number {
    if (local < this.localFrom || local >= this.localTo) this.seekLocal(local)
    return local - this.localOffset
  }

  private seekUtc(utc: number): void {
    this.cover(utc)
    const { from, offsets } = this.segments
    const place = lastAtMost(from, utc)
    this.utcFrom = from[place]!
    this.utcTo = from[place + 1] ?? this.end()
    this.utcOffset = offsets[place]!
  }

  private seekLocal(local: number): void {
    this.cover(local)
    const { localFrom, offsets } = this.segments
    const place = lastAtMost(localFrom, local)
    this.localFrom = localFrom[place]!
    // The last year's end is known in UTC only, and two days cover every offset.
    this.localTo = localFrom[place + 1] ?? this.end() - 2 * dayMs
    this.localOffset = offsets[place]!
  }

  private end(): number {
    return Date.UTC(this.lastYear + 1, 0, 1)
  }

  /** Makes sure that the segments hold the years around a time. */
  private cover(time: number): void {
    const year = new Date(time).getUTCFullYear()
    const [first, last] = this.lastYear < this.firstYear ? [year - 1, year + 1] : [this.firstYear, this.lastYear]
    if (this.lastYear >= this.firstYear && year > first && year < last) return
    this.firstYear = Math.min(first, year - 1)
    this.lastYear = Math.max(last, year + 1)
    const changes: { at: number; offset: number }[] = []
    let at = Date.UTC(this.firstYear, 0, 1)
    let offset = this.ask(at)
    changes.push({ at, offset })
    while (at < this.end()) {
      const next = at + probeEvery
      const after = this.ask(next)
      if (after !== offset) changes.push({ at: this.changeBetween(at, next, offset), offset: after })
      at = next
      offset = after
    }
    this.segments = {
      from: Float64Array.from(changes, (change) => change.at),
      // A skipped hour still belongs to the offset before, a doubled one too: hence the greater of both.
      localFrom: Float64Array.from(
        changes,
        (change, i) => change.at + Math.max(change.offset, changes[i - 1]?.offset ?? -dayMs),
      ),
      offsets: Float64Array.from(changes, (change) => change.offset),
    }
  }

  /** The second at which the offset stops being `before`. */
  private changeBetween(from: number, to: number, before: number): number {
    let [low, high] = [from, to]
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000
      if (this.ask(middle) === before) low = middle
      else high = middle
    }
    return high
  }

  private ask(utc: number): number {
    const parts: Record<string, string> = {}
    for (const part of this.format.formatToParts(utc)) parts[part.type] = part.value
    const number = (name: string) => Number(parts[name])
    const year = parts.era === 'BC' ? 1 - number('year') : number('year')
    const shown = new Date(0)
    shown.setUTCFullYear(year, number('month') - 1, number('day'))
    shown.setUTCHours(number('hour'), number('minute'), number('second'))
    return shown.getTime() - Math.floor(utc / 1000) * 1000
  }
}

function lastAtMost(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (sorted[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

const zones = new Map<string, TimeZone>()

/** The zone of that name, one object for all who ask. @throws `invalid-data` for a name that is none. */
export function timeZone(name: string): TimeZone {
  let zone = zones.get(name)
  if (zone === undefined) {
    zone = new TimeZone(name)
    zones.set(name, zone)
  }
  return zone
}
