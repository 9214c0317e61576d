import { expect, test } from 'vitest'
import { rateOf, type Traffic } from './use-traffic.ts'

const version = (role: 'primary' | 'canary' | 'shadow', perSecond: number[]): Traffic['versions'][number] => ({
  version: 'm@1',
  role,
  answers: 1,
  errors: 0,
  perSecond,
  errorsPerSecond: perSecond.map(() => 0),
  p95Ms: perSecond.map(() => null),
  latency: [],
  quantilesMs: { p50: null, p95: null, p99: null },
})
const traffic = (versions: Traffic['versions'], buckets: number): Traffic => ({
  since: 0,
  times: Array.from({ length: buckets }, (_, place) => place * 10_000),
  versions,
  featureAgeMs: null,
  rollout: null,
})

test('the rate is of the last minute, of those that answer people', () => {
  const versions = [
    version('primary', [100, 6, 6, 6, 6, 6, 6]),
    version('canary', [0, 0, 0, 0, 0, 0, 6]),
    version('shadow', [9, 9, 9, 9, 9, 9, 9]),
  ]
  expect(rateOf(traffic(versions, 7))).toBeCloseTo(7)
  expect(rateOf(traffic([], 0))).toBeNull()
  expect(rateOf(traffic([], 3))).toBe(0)
})
