import { sortedQuantile } from './intervals.ts'

export interface NumericSummary {
  readonly count: number
  readonly missing: number
  readonly mean: number
  /** Population standard deviation. */
  readonly deviation: number
  readonly min: number
  readonly max: number
  /** Values at the shares asked for. */
  readonly quantiles: readonly { readonly share: number; readonly value: number }[]
  readonly distinct: number
}

export interface CategoricalSummary {
  readonly count: number
  readonly missing: number
  readonly distinct: number
  /** The most frequent values, ties by name. */
  readonly top: readonly { readonly value: string; readonly count: number }[]
}

const defaultShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]

/** Of the values that are there; NaN counts as missing. Statistics of nothing are NaN. */
export function summariseNumbers(values: ArrayLike<number>, shares: readonly number[] = defaultShares): NumericSummary {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort()
  const count = sorted.length
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  let distinct = 0
  for (let at = 0; at < count; at += 1) if (at === 0 || sorted[at] !== sorted[at - 1]) distinct += 1
  return {
    count,
    missing: values.length - count,
    mean,
    deviation: Math.sqrt(squares / count),
    min: sorted[0] ?? Number.NaN,
    max: sorted[count - 1] ?? Number.NaN,
    quantiles: shares.map((share) => ({ share, value: sortedQuantile(sorted, share) })),
    distinct,
  }
}

export function summariseCategories(values: readonly (string | null)[], top = 10): CategoricalSummary {
  const counts = countCategories(values)
  let count = 0
  for (const occurrences of counts.values()) count += occurrences
  const ordered = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return {
    count,
    missing: values.length - count,
    distinct: counts.size,
    top: ordered.slice(0, top).map(([value, occurrences]) => ({ value, count: occurrences })),
  }
}

/** How often each value occurs; null is left out. */
export function countCategories(values: readonly (string | null)[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
