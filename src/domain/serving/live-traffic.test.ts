import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PredictionRecord } from '../../contract/serving.ts'
import { binnedQuantile, LiveTraffic } from './live-traffic.ts'

const begin = Date.UTC(2026, 0, 1)
// Only what is read of a record is stated.
const record = (place: number, more: Partial<PredictionRecord> = {}): PredictionRecord =>
  ({
    id: `s.${place}`,
    endpoint: 'e',
    version: 'm@1',
    role: 'primary',
    latencyUs: 1000,
    error: null,
    featureAgeMs: null,
    ...more,
  }) as PredictionRecord

test('answers a second by version and role, errors and latency; the bucket that is not over is left out', () => {
  let now = begin
  const traffic = new LiveTraffic(() => now)
  for (let second = 0; second < 35; second += 1) {
    now = begin + second * 1000
    traffic.saw(record(second, { featureAgeMs: second }), now)
    traffic.saw(record(second), now)
    if (second % 10 === 0)
      traffic.saw(record(second, { version: 'm@2', role: 'canary', error: 'no', latencyUs: 64_000 }), now)
  }
  const { times, versions, since } = traffic.of('e')
  expect(since).toBe(begin)
  expect(times).toEqual([5, 15, 25].map((second) => begin + second * 1000))
  expect(
    versions.map(({ version, role, answers, errors, perSecond }) => [version, role, answers, errors, perSecond]),
  ).toEqual([
    ['m@1', 'primary', 70, 0, [2, 2, 2]],
    ['m@2', 'canary', 4, 4, [0.1, 0.1, 0.1]],
  ])
  expect(versions[0]!.latency.reduce((sum, { count }) => sum + count, 0)).toBe(70)
  expect(versions[1]!.quantilesMs.p50).toBeGreaterThan(45)
  expect(versions[1]!.quantilesMs.p50).toBeLessThan(91)
  expect(traffic.of('other')).toMatchObject({ versions: [], featureAgeMs: null })
})

test('what is older than a quarter of an hour is forgotten', () => {
  let now = begin
  const traffic = new LiveTraffic(() => now)
  traffic.saw(record(0), now)
  now += 20 * 60_000
  expect(traffic.of('e').versions).toEqual([])
  traffic.saw(record(1), begin)
  expect(traffic.of('e').versions).toEqual([])
  expect(traffic.of('e').times).toHaveLength(89)
})

test('waits for a record, also for one that is here already', async () => {
  const traffic = new LiveTraffic(() => begin)
  const later = traffic.arrived('e', 's.2', 5000)
  traffic.saw(record(1), begin)
  traffic.saw(record(2), begin)
  expect((await later)?.id).toBe('s.2')
  expect((await traffic.arrived('e', 's.1', 0))?.id).toBe('s.1')
  expect(await traffic.arrived('e', 's.9', 1)).toBeNull()
  expect(traffic.newest('e').map(({ id }) => id)).toEqual(['s.2', 's.1'])
})

test('a quantile from bins is within a bin of the true one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 60, max: 5_000_000 }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.95, 0.99),
      (values, share) => {
        const traffic = new LiveTraffic(() => begin)
        for (const [place, latencyUs] of values.entries()) traffic.saw(record(place, { latencyUs }), begin)
        const counts = traffic.of('e').versions[0]!.latency.map(({ count }) => count)
        const sorted = [...values].sort((a, b) => a - b)
        const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
        const found = binnedQuantile(counts, share)!
        expect(found / exact).toBeGreaterThan(1 / Math.SQRT2 - 1e-9)
        expect(found / exact).toBeLessThan(Math.SQRT2 + 1e-9)
      },
    ),
  )
})
