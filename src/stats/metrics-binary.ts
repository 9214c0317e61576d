/** Rows on each side of a threshold, by what they truly were. */
export interface Confusion {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
}

/** The distance from 0 and 1 at which a probability is held, so that one sure mistake does not cost infinity (scikit-learn's). */
const leastProbability = 2.220446049250313e-16

/**
 * Area under the ROC curve: the chance that a random positive scores above a random negative, ties counting half
 * (Mann–Whitney). O(n log n).
 *
 * @param labels 0 or 1
 * @returns NaN when one of the classes has no row
 */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { positives, negatives } = sortedByClass(scores, labels)
  let below = 0
  let atMost = 0
  let wins = 0
  for (let index = 0; index < positives.length; index += 1) {
    const score = positives[index]!
    while (below < negatives.length && negatives[below]! < score) below += 1
    while (atMost < negatives.length && negatives[atMost]! <= score) atMost += 1
    wins += (below + atMost) / 2
  }
  return wins / (positives.length * negatives.length)
}

/** Scores of each class in ascending order. */
export function sortedByClass(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { positives: Float64Array; negatives: Float64Array } {
  const rows = scores.length
  let count = 0
  for (let row = 0; row < rows; row += 1) if (labels[row] === 1) count += 1
  const positives = new Float64Array(count)
  const negatives = new Float64Array(rows - count)
  for (let row = 0, positive = 0, negative = 0; row < rows; row += 1) {
    if (labels[row] === 1) positives[positive++] = scores[row]!
    else negatives[negative++] = scores[row]!
  }
  return { positives: positives.sort(), negatives: negatives.sort() }
}

/** −ln of the probability given to what happened. */
export function logLossOf(probability: number, label: number): number {
  const given = label === 1 ? probability : 1 - probability
  return -Math.log(Math.min(Math.max(given, leastProbability), 1 - leastProbability))
}

/** Mean log loss of the probabilities of class 1. */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  return meanOverRows(probabilities.length, (row) => logLossOf(probabilities[row]!, labels[row]!))
}

/** Mean squared difference between the probability of class 1 and what happened (Brier 1950, one-sided). */
export function brier(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  return meanOverRows(probabilities.length, (row) => (probabilities[row]! - labels[row]!) ** 2)
}

/** A row is called positive when its probability is at least the threshold. */
export function confusionAt(probabilities: ArrayLike<number>, labels: ArrayLike<number>, threshold: number): Confusion {
  let truePositives = 0
  let falsePositives = 0
  let trueNegatives = 0
  let falseNegatives = 0
  for (let row = 0; row < probabilities.length; row += 1) {
    if (probabilities[row]! >= threshold) {
      if (labels[row] === 1) truePositives += 1
      else falsePositives += 1
    } else if (labels[row] === 1) falseNegatives += 1
    else trueNegatives += 1
  }
  return { truePositives, falsePositives, trueNegatives, falseNegatives }
}

/** Shares that follow from a confusion; NaN where nothing was called, or was, positive. */
export function thresholdMetrics(confusion: Confusion): {
  accuracy: number
  precision: number
  recall: number
  f1: number
} {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusion
  const wrong = falsePositives + falseNegatives
  return {
    accuracy: (truePositives + trueNegatives) / (truePositives + trueNegatives + wrong),
    precision: truePositives / (truePositives + falsePositives),
    recall: truePositives / (truePositives + falseNegatives),
    f1: (2 * truePositives) / (2 * truePositives + wrong),
  }
}

function meanOverRows(rows: number, value: (row: number) => number): number {
  let sum = 0
  for (let row = 0; row < rows; row += 1) sum += value(row)
  return sum / rows
}
