export type DriftMethod =
  | 'ks'
  | 'chi-square'
  | 'z'
  | 'welch-t'
  | 'wasserstein'
  | 'js-distance'
  | 'js-divergence'
  | 'psi'
  | 'kl'
  | 'hellinger'
  | 'l-infinity'

/** How one column is compared, and from where on it has drifted. */
export interface DriftChoice {
  readonly method: DriftMethod
  readonly threshold: number
  /** Base of the logarithm of JS and KL. */
  readonly base?: number
}

/** What is known of a column before a method is chosen for it. */
export interface DriftColumn {
  readonly kind: 'numeric' | 'categorical'
  /** Rows of the reference with a value: NaN and infinities do not count. */
  readonly referenceRows: number
  /** Distinct values of reference and current together. */
  readonly distinct: number
}

const smallReference = 1000
const fewValues = 5

/** Evidently's default choice by kind of column and size of the reference. */
export function evidentlyChoice({ kind, referenceRows, distinct }: DriftColumn): DriftChoice {
  const isContinuous = kind === 'numeric' && distinct > fewValues
  if (referenceRows > smallReference) {
    return isContinuous
      ? { method: 'wasserstein', threshold: 0.1 }
      : { method: 'js-distance', threshold: 0.1, base: Math.E }
  }
  if (isContinuous) return { method: 'ks', threshold: 0.05 }
  return { method: distinct > 2 ? 'chi-square' : 'z', threshold: 0.05 }
}

/** NannyML's univariate default: Jensen–Shannon distance in base 2; its threshold is learnt from reference chunks. */
export const nannymlChoice = { method: 'js-distance', base: 2 } as const

/** NannyML's thresholds: mean ± 3 population deviations of the metric over reference chunks, clipped to its range. */
export function nannymlThresholds(
  chunkValues: readonly number[],
  range: { least?: number; greatest?: number } = {},
): { lower: number; upper: number } {
  const mean = chunkValues.reduce((sum, value) => sum + value, 0) / chunkValues.length
  const variance = chunkValues.reduce((sum, value) => sum + (value - mean) ** 2, 0) / chunkValues.length
  const half = 3 * Math.sqrt(variance)
  return {
    lower: Math.max(range.least ?? Number.NEGATIVE_INFINITY, mean - half),
    upper: Math.min(range.greatest ?? Number.POSITIVE_INFINITY, mean + half),
  }
}

/** Methods whose figure is a p-value: small means drift. KS, chi-square and the like; the others are distances. */
function isPValue(method: DriftMethod): boolean {
  return method === 'ks' || method === 'chi-square' || method === 'z' || method === 'welch-t'
}

/** Evidently: KS drifts at p ≤ threshold, other tests at p < threshold, distances at ≥ threshold. */
export function hasDrifted(choice: DriftChoice, value: number): boolean {
  if (choice.method === 'ks') return value <= choice.threshold
  return isPValue(choice.method) ? value < choice.threshold : value >= choice.threshold
}
