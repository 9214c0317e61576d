import chisquare from '@stdlib/stats-base-dists-chisquare'
import normal from '@stdlib/stats-base-dists-normal'
import student from '@stdlib/stats-base-dists-t'
import { ksStatistic } from './distances.ts'

export interface TestResult {
  readonly statistic: number
  /** Two-sided. */
  readonly p: number
}

/** Up to this many cells the exact distribution is counted; beyond it the limit is as good as exact. */
const exactCells = 1_000_000

/**
 * Two-sample Kolmogorov–Smirnov test. Exact while the samples are small, by the recursion over lattice paths (Durbin
 * 1973), else by Kolmogorov's limit 2 Σ (−1)^(k−1) exp(−2 k² λ²) with λ = D √(nm/(n+m)). NaN is left out.
 */
export function ksTest(reference: ArrayLike<number>, current: ArrayLike<number>): TestResult {
  const n = presentCount(reference)
  const m = presentCount(current)
  const statistic = ksStatistic(reference, current)
  const p = n * m <= exactCells ? exactKsP(statistic, n, m) : kolmogorovP(statistic * Math.sqrt((n * m) / (n + m)))
  return { statistic, p }
}

/** P(D ≥ d): one minus the share of lattice paths from (0, 0) to (m, n) that stay within d of the diagonal. */
function exactKsP(d: number, n: number, m: number): number {
  // Differences of the distribution functions are multiples of 1/nm: half a step below d separates < d from ≥ d.
  const bound = (0.5 + Math.floor(d * n * m - 1e-7)) / (n * m)
  const paths = Float64Array.from({ length: n + 1 }, (_, j) => (j / n > bound ? 0 : 1))
  for (let i = 1; i <= m; i += 1) {
    const weight = i / (i + n)
    paths[0] = i / m > bound ? 0 : weight * paths[0]!
    for (let j = 1; j <= n; j += 1) {
      paths[j] = Math.abs(i / m - j / n) > bound ? 0 : weight * paths[j]! + paths[j - 1]!
    }
  }
  return clip(1 - paths[n]!)
}

function kolmogorovP(lambda: number): number {
  // Below this the series converges slowly and the probability is 1 to twelve digits.
  if (lambda < 0.18) return 1
  let sum = 0
  for (let k = 1; k <= 100; k += 1) {
    const term = Math.exp(-2 * k * k * lambda * lambda)
    sum += k % 2 === 1 ? term : -term
    if (term < 1e-18) break
  }
  return clip(2 * sum)
}

/**
 * Chi-square test that the current counts come from the reference's proportions: expected counts are the reference's,
 * scaled to the current size. Bins that are empty in both are left out; one that only the current has gives p = 0.
 */
export function chiSquareTest(reference: ArrayLike<number>, current: ArrayLike<number>): TestResult {
  const total = (counts: ArrayLike<number>) => Array.from(counts).reduce((sum, count) => sum + count, 0)
  const scale = total(current) / total(reference)
  let statistic = 0
  let bins = 0
  for (let bin = 0; bin < reference.length; bin += 1) {
    if (reference[bin] === 0 && current[bin] === 0) continue
    const expected = reference[bin]! * scale
    statistic += (current[bin]! - expected) ** 2 / expected
    bins += 1
  }
  if (bins < 2) return { statistic: 0, p: 1 }
  return { statistic, p: statistic === Number.POSITIVE_INFINITY ? 0 : clip(1 - chisquare.cdf(statistic, bins - 1)) }
}

/** Z test that two shares are equal, with the pooled variance. */
export function twoProportionTest(
  reference: { successes: number; trials: number },
  current: { successes: number; trials: number },
): TestResult {
  const pooled = (reference.successes + current.successes) / (reference.trials + current.trials)
  const difference = reference.successes / reference.trials - current.successes / current.trials
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / reference.trials + 1 / current.trials))
  const statistic = error === 0 ? 0 : difference / error
  return { statistic, p: 2 * normal.cdf(-Math.abs(statistic), 0, 1) }
}

/** Welch's t test that two means are equal, without assuming equal variances. NaN is left out. */
export function welchTest(reference: ArrayLike<number>, current: ArrayLike<number>): TestResult {
  const a = moments(reference)
  const b = moments(current)
  const variance = a.errorSquared + b.errorSquared
  const statistic = (a.mean - b.mean) / Math.sqrt(variance)
  const degrees = variance ** 2 / (a.errorSquared ** 2 / (a.count - 1) + b.errorSquared ** 2 / (b.count - 1))
  return { statistic, p: 2 * student.cdf(-Math.abs(statistic), degrees) }
}

function moments(values: ArrayLike<number>): { count: number; mean: number; errorSquared: number } {
  const present = Float64Array.from(values).filter((value) => !Number.isNaN(value))
  const count = present.length
  const mean = present.reduce((sum, value) => sum + value, 0) / count
  const variance = present.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  return { count, mean, errorSquared: variance / count }
}

function presentCount(values: ArrayLike<number>): number {
  let count = 0
  for (let row = 0; row < values.length; row += 1) if (!Number.isNaN(values[row]!)) count += 1
  return count
}

function clip(probability: number): number {
  return Math.min(1, Math.max(0, probability))
}
