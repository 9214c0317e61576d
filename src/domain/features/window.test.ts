import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aggregates } from '../../contract/definition.ts'
import { EventSeries } from './event-series.ts'
import { type WindowFeature, windowValue } from './window.ts'

interface Event {
  time: number
  created: number
  values: number[]
}

const day = 86_400_000
const last: WindowFeature = { aggregate: 'last', column: 0, windowMs: null, ttlMs: null }

function seriesOf(events: readonly Event[], columns = 1): EventSeries {
  const series = new EventSeries(columns, true)
  for (const event of events) series.insert(event.time, event.created, event.values)
  return series
}

/** The plain reading of the rule, event by event, with exact sums of the integers used here. */
function naive(events: readonly Event[], feature: WindowFeature, time: number): number {
  const { windowMs, ttlMs, aggregate, column } = feature
  const inside = events
    .filter((event) => event.time <= time && (windowMs === null || event.time > time - windowMs))
    .sort((a, b) => a.time - b.time || a.created - b.created)
  if (aggregate === 'count') return inside.length
  const newest = inside.at(-1)
  if (newest === undefined) return Number.NaN
  if (aggregate === 'last') return ttlMs !== null && newest.time < time - ttlMs ? Number.NaN : newest.values[column]!
  const known = inside.map((event) => event.values[column]!).filter((value) => !Number.isNaN(value))
  if (known.length === 0) return Number.NaN
  const sum = known.reduce((total, value) => total + value, 0)
  if (aggregate === 'sum') return sum
  if (aggregate === 'min') return Math.min(...known)
  if (aggregate === 'max') return Math.max(...known)
  if (aggregate === 'std') {
    if (known.length < 2) return Number.NaN
    const mean = sum / known.length
    return Math.sqrt(known.reduce((total, value) => total + (value - mean) ** 2, 0) / (known.length - 1))
  }
  return sum / known.length
}

describe('point-in-time rule', () => {
  test('the newest event wins, a tie goes to the later record', () => {
    const corrected = seriesOf([
      { time: 0, created: day, values: [20] },
      { time: 0, created: 0, values: [10] },
    ])
    expect(windowValue(corrected, last, 2 * day)).toBe(20)
    const newer = seriesOf([
      { time: day, created: 0, values: [40] },
      { time: 0, created: day, values: [30] },
    ])
    expect(windowValue(newer, last, 2 * day)).toBe(40)
  })

  test('a late correction reaches into the past unless records are cut off at the time asked for', () => {
    const series = seriesOf([
      { time: 0, created: 0, values: [10] },
      { time: 0, created: 2 * day, values: [20] },
    ])
    expect(windowValue(series, last, day)).toBe(20)
    expect(windowValue(series, last, day, true)).toBe(10)
    const sum: WindowFeature = { aggregate: 'sum', column: 0, windowMs: 3 * day, ttlMs: null }
    expect(windowValue(series, sum, day)).toBe(30)
    expect(windowValue(series, sum, day, true)).toBe(10)
    expect(windowValue(series, { ...sum, aggregate: 'count' }, day, true)).toBe(1)
  })

  test('an event at the time asked for counts, one at the far end does not; a TTL counts both', () => {
    const series = seriesOf([{ time: 1000, created: 0, values: [7] }])
    const sum: WindowFeature = { aggregate: 'sum', column: 0, windowMs: 500, ttlMs: null }
    expect(windowValue(series, sum, 999)).toBeNaN()
    expect(windowValue(series, sum, 1000)).toBe(7)
    expect(windowValue(series, sum, 1499)).toBe(7)
    expect(windowValue(series, sum, 1500)).toBeNaN()
    const fresh: WindowFeature = { ...last, ttlMs: 500 }
    expect(windowValue(series, fresh, 1500)).toBe(7)
    expect(windowValue(series, fresh, 1501)).toBeNaN()
  })

  test('the latest event wins even where its value is missing', () => {
    const series = seriesOf([
      { time: 0, created: 0, values: [7] },
      { time: 1, created: 0, values: [Number.NaN] },
    ])
    expect(windowValue(series, last, 2)).toBeNaN()
  })
})

const events = (max: number) =>
  fc.array(
    fc.record({
      time: fc.integer({ min: 0, max: 3000 }).map((minutes) => minutes * 60_000),
      created: fc.integer({ min: 0, max: 2 }),
      values: fc.tuple(
        fc.oneof(
          { weight: 9, arbitrary: fc.double({ min: -1e3, max: 1e6, noNaN: true }) },
          { weight: 1, arbitrary: fc.constant(Number.NaN) },
        ),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
    }),
    { minLength: max / 2, maxLength: max, size: 'max' },
  )
const features: WindowFeature[] = aggregates.flatMap((aggregate) =>
  [3, 24].map((hours) => ({ aggregate, column: hours === 3 ? 0 : 1, windowMs: hours * 3_600_000, ttlMs: null })),
)

describe('windows', () => {
  test('agree with the plain reading of the rule', () => {
    const integers = fc.array(
      fc.record({
        time: fc.integer({ min: 0, max: 3000 }).map((minutes) => minutes * 60_000),
        created: fc.nat(5),
        values: fc.tuple(fc.integer({ min: -100, max: 1000 })),
      }),
      { minLength: 300, maxLength: 900, size: 'max' },
    )
    fc.assert(
      fc.property(integers, fc.integer({ min: 0, max: 3100 }), (list, minute) => {
        // Equal times and record times are told apart by the values, which the plain reading does not do for `last`.
        const distinct = [...new Map(list.map((event) => [`${event.time}/${event.created}`, event])).values()]
        const series = seriesOf(distinct)
        for (const feature of features) {
          const only = { ...feature, column: 0 }
          const [ours, expected] = [windowValue(series, only, minute * 60_000), naive(distinct, only, minute * 60_000)]
          if (feature.aggregate === 'std' && !Number.isNaN(expected)) expect(ours).toBeCloseTo(expected, 6)
          else expect(ours).toBe(expected)
        }
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })

  test('give the same bits whatever the order of arrival, the events after, the trimming before, and the questions between', () => {
    fc.assert(
      fc.property(
        events(900),
        fc.integer({ min: 1500, max: 3000 }),
        fc.integer({ min: 1, max: 1 << 30 }),
        (list, minute, seed) => {
          const time = minute * 60_000
          const offline = EventSeries.ofSorted(sorted(list))
          const shuffled = shuffle(
            list.filter((event) => event.time <= time),
            seed,
          )
          const online = new EventSeries(2, true)
          for (const [i, event] of shuffled.entries()) {
            online.insert(event.time, event.created, event.values)
            if (i % 97 === 0) for (const feature of features) windowValue(online, feature, time - i)
            if (i % 331 === 330) online.trim(time - day, false)
          }
          for (const feature of features) {
            expect(windowValue(online, feature, time)).toBe(windowValue(offline, feature, time))
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })

  test('a trimmed series keeps its last event for features without a bound', () => {
    const series = seriesOf(Array.from({ length: 100 }, (_, i) => ({ time: i, created: 0, values: [i] })))
    series.trim(1000, true)
    expect(series.length).toBe(1)
    expect(windowValue(series, last, 5000)).toBe(99)
  })
})

function sorted(list: readonly Event[]) {
  const reference = new EventSeries(2, true)
  for (const event of list) reference.insert(event.time, event.created, event.values)
  const cut = (column: Float64Array) => column.slice(0, reference.length)
  return { times: cut(reference.times), created: cut(reference.created!), values: reference.values.map(cut) }
}

function shuffle<T>(list: readonly T[], seed: number): T[] {
  const copy = [...list]
  let state = seed
  for (let i = copy.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const j = state % (i + 1)
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}
