import normal from '@stdlib/stats-base-dists-normal'
import { seededRandom } from '../base/random.ts'

/** An estimate and the range that holds the true value in `level` of all cases. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** A difference (first − second) with its interval and the two-sided p-value of "there is none". */
export interface Difference extends Interval {
  readonly p: number
}

/** Half the width of a two-sided normal interval, in standard errors: 1.96 for 0.95. */
export function normalHalfWidth(level: number): number {
  return normal.quantile(0.5 + level / 2, 0, 1)
}

export function normalInterval(value: number, standardError: number, level = 0.95): Interval {
  const half = normalHalfWidth(level) * standardError
  return { value, low: value - half, high: value + half }
}

export function normalDifference(value: number, standardError: number, level = 0.95): Difference {
  const p = standardError === 0 ? (value === 0 ? 1 : 0) : 2 * normal.cdf(-Math.abs(value) / standardError, 0, 1)
  return { ...normalInterval(value, standardError, level), p }
}

/** Normal interval of a mean, for the mean of a loss: log loss, Brier, absolute error. */
export function meanInterval(values: ArrayLike<number>, level = 0.95): Interval {
  const { mean, standardError } = meanWithError(values.length, (row) => values[row]!)
  return normalInterval(mean, standardError, level)
}

/** Interval of a share (Wilson 1927): stays within 0…1 and holds for few rows and rare events. */
export function wilsonInterval(successes: number, trials: number, level = 0.95): Interval {
  const z = normalHalfWidth(level)
  const share = successes / trials
  const centre = (share + (z * z) / (2 * trials)) / (1 + (z * z) / trials)
  const half =
    (z / (1 + (z * z) / trials)) * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))
  // Rounding must not push a bound past the share itself.
  return {
    value: share,
    low: Math.min(share, Math.max(0, centre - half)),
    high: Math.max(share, Math.min(1, centre + half)),
  }
}

export interface BootstrapOptions {
  readonly seed: number
  readonly replicates?: number
  readonly level?: number
}

/**
 * Percentile bootstrap (Efron 1979) of any statistic of rows, seeded.
 *
 * @param statistic computed from row indices, which repeat; replicates for which it is NaN are left out
 */
export function bootstrapInterval(
  rows: number,
  statistic: (rows: Uint32Array) => number,
  { seed, replicates = 1000, level = 0.95 }: BootstrapOptions,
): Interval {
  const random = seededRandom(seed)
  const drawn = Uint32Array.from({ length: rows }, (_, row) => row)
  const value = statistic(drawn)
  const values: number[] = []
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    for (let row = 0; row < rows; row += 1) drawn[row] = Math.floor(random() * rows)
    const drawnValue = statistic(drawn)
    if (!Number.isNaN(drawnValue)) values.push(drawnValue)
  }
  const sorted = Float64Array.from(values).sort()
  return { value, low: sortedQuantile(sorted, 0.5 - level / 2), high: sortedQuantile(sorted, 0.5 + level / 2) }
}

/** Linear interpolation between order statistics (numpy's default, Hyndman & Fan type 7); NaN of nothing. */
export function sortedQuantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN
  const at = share * (sorted.length - 1)
  const low = Math.floor(at)
  const lower = sorted[low]!
  const upper = sorted[Math.min(low + 1, sorted.length - 1)]!
  return upper === lower ? lower : lower + (at - low) * (upper - lower)
}

function meanWithError(count: number, value: (row: number) => number): { mean: number; standardError: number } {
  let mean = 0
  let squares = 0
  for (let row = 0; row < count; row += 1) {
    const delta = value(row) - mean
    mean += delta / (row + 1)
    squares += delta * (value(row) - mean)
  }
  return { mean, standardError: Math.sqrt(squares / (count - 1) / count) }
}
