import { type Difference, type Interval, normalDifference, normalInterval } from './intervals.ts'
import { sortedByClass } from './metrics-binary.ts'

/**
 * For each row its share of the other class that it beats, ties counting half: DeLong's structural components. Found
 * by bisection in the sorted scores of the other class, O(n log n) in all, as in Sun & Xu (2014), who rank instead.
 */
export interface AucComponents {
  readonly auc: number
  readonly positives: Float64Array
  readonly negatives: Float64Array
}

/** @param labels 0 or 1; the components keep the order of the rows within each class */
export function aucComponents(scores: ArrayLike<number>, labels: ArrayLike<number>): AucComponents {
  const sorted = sortedByClass(scores, labels)
  const positives = new Float64Array(sorted.positives.length)
  const negatives = new Float64Array(sorted.negatives.length)
  let wins = 0
  for (let row = 0, positive = 0, negative = 0; row < scores.length; row += 1) {
    if (labels[row] === 1) {
      const share = shareBelow(sorted.negatives, scores[row]!)
      positives[positive++] = share
      wins += share
    } else negatives[negative++] = 1 - shareBelow(sorted.positives, scores[row]!)
  }
  return { auc: wins / positives.length, positives, negatives }
}

/** Normal interval of an AUC with DeLong's variance, clipped to 0…1; NaN bounds when a class has fewer than two rows. */
export function aucInterval(scores: ArrayLike<number>, labels: ArrayLike<number>, level = 0.95): Interval {
  const { auc, positives, negatives } = aucComponents(scores, labels)
  const { value, low, high } = normalInterval(auc, Math.sqrt(varianceOf(positives, negatives)), level)
  return { value, low: Math.max(0, low), high: Math.min(1, high) }
}

/** Difference of two AUCs on the same rows (DeLong, DeLong & Clarke-Pearson 1988). */
export function aucDifference(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
  level = 0.95,
): Difference {
  const a = aucComponents(first, labels)
  const b = aucComponents(second, labels)
  const variance = varianceOf(
    a.positives.map((share, row) => share - b.positives[row]!),
    a.negatives.map((share, row) => share - b.negatives[row]!),
  )
  return normalDifference(a.auc - b.auc, Math.sqrt(variance), level)
}

function varianceOf(positives: Float64Array, negatives: Float64Array): number {
  return sampleVariance(positives) / positives.length + sampleVariance(negatives) / negatives.length
}

function sampleVariance(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}

/** Share of the sorted values below x, those equal to it counting half. */
function shareBelow(sorted: Float64Array, x: number): number {
  return (lowerBound(sorted, x, false) + lowerBound(sorted, x, true)) / 2 / sorted.length
}

function lowerBound(sorted: Float64Array, x: number, pastEqual: boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle]!
    if (value < x || (pastEqual && value === x)) low = middle + 1
    else high = middle
  }
  return low
}
