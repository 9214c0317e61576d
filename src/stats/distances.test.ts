import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hellinger,
  jsDistance,
  jsDivergence,
  klDivergence,
  ksStatistic,
  lInfinity,
  psi,
  wasserstein,
} from './distances.ts'

/** Two histograms over the same bins, each with at least one row. */
const countPairs = fc.integer({ min: 2, max: 12 }).chain((bins) => {
  const counts = fc
    .array(fc.integer({ min: 0, max: 500 }), { minLength: bins, maxLength: bins })
    .filter((values) => values.some((value) => value > 0))
  return fc.tuple(counts, counts)
})
const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 })

describe('distances of counts', () => {
  it('are symmetric where they should be, within their bounds, and 0 of equal shares', () => {
    fc.assert(
      fc.property(countPairs, ([a, b]) => {
        for (const distance of [hellinger, lInfinity, (p: number[], q: number[]) => jsDistance(p, q, { base: 2 })]) {
          expect(distance(a, b)).toBeCloseTo(distance(b, a), 10)
          expect(distance(a, b)).toBeGreaterThanOrEqual(0)
          expect(distance(a, b)).toBeLessThanOrEqual(1 + 1e-12)
        }
        const tripled = a.map((count) => 3 * count)
        for (const distance of [hellinger, jsDistance, lInfinity, psi, klDivergence]) {
          expect(distance(a, tripled)).toBeCloseTo(0, 6)
          expect(distance(a, b)).toBeGreaterThanOrEqual(-1e-12)
        }
      }),
    )
  })

  it('JS: the base scales the divergence by its logarithm, the distance is its root', () => {
    fc.assert(
      fc.property(countPairs, ([a, b]) => {
        expect(jsDivergence(a, b, { base: 2 })).toBeCloseTo(jsDivergence(a, b) / Math.LN2, 10)
        expect(jsDistance(a, b) ** 2).toBeCloseTo(jsDivergence(a, b), 10)
      }),
    )
  })

  it('JS is finite with empty bins, PSI and KL through their fill', () => {
    expect(jsDistance([1, 0], [0, 1], { base: 2 })).toBe(1)
    expect(Number.isFinite(psi([1, 0], [0, 1]))).toBe(true)
    expect(Number.isFinite(klDivergence([1, 0], [0, 1]))).toBe(true)
  })
})

describe('distances of samples', () => {
  it('Wasserstein: a shift moves it by the shift; KS does not feel a rising transformation', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1000, noNaN: true }), (values, shift) => {
        const shifted = values.map((value) => value + shift)
        expect(Math.abs(wasserstein(values, shifted) - shift)).toBeLessThan(1e-6 * (1 + shift))
        expect(wasserstein(shifted, values)).toBeCloseTo(wasserstein(values, shifted), 8)
      }),
    )
    fc.assert(
      fc.property(samples, samples, (a, b) => {
        const stretched = (values: number[]) => values.map((value) => 4 * value)
        expect(ksStatistic(stretched(a), stretched(b))).toBe(ksStatistic(a, b))
        expect(ksStatistic(a, [...a, ...a])).toBeCloseTo(0, 12)
      }),
    )
  })

  it('leave missing values out', () => {
    expect(wasserstein([1, Number.NaN, 2], [2, 3])).toBe(1)
    expect(ksStatistic([Number.NaN, 1], [1])).toBe(0)
  })
})
