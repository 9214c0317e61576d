import { auc, logLossOf } from './metrics-binary.ts'

/**
 * Rows by what they were (first index) and what they were called (second): classes × classes counts.
 *
 * @param probabilities row after row, one number a class
 */
export function confusionMatrix(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let row = 0; row < labels.length; row += 1) matrix[labels[row]!]![calledClass(probabilities, row, classes)]! += 1
  return matrix
}

/** The class with the greatest probability, the first of equals. */
export function calledClass(probabilities: ArrayLike<number>, row: number, classes: number): number {
  const start = row * classes
  let best = 0
  for (let index = 1; index < classes; index += 1) {
    if (probabilities[start + index]! > probabilities[start + best]!) best = index
  }
  return best
}

export function multiclassAccuracy(matrix: readonly (readonly number[])[]): number {
  const total = matrix.flat().reduce((sum, count) => sum + count, 0)
  return matrix.reduce((sum, row, index) => sum + row[index]!, 0) / total
}

/** Mean over the classes of F1; a class that neither occurs nor is called counts 0, as in scikit-learn. */
export function macroF1(matrix: readonly (readonly number[])[]): number {
  const scores = matrix.map((row, index) => {
    const hits = row[index]!
    const actual = row.reduce((sum, count) => sum + count, 0)
    const called = matrix.reduce((sum, other) => sum + other[index]!, 0)
    return actual + called === 0 ? 0 : (2 * hits) / (actual + called)
  })
  return scores.reduce((sum, score) => sum + score, 0) / scores.length
}

export function multiclassLogLoss(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  let sum = 0
  for (let row = 0; row < labels.length; row += 1) sum += logLossOf(probabilities[row * classes + labels[row]!]!, 1)
  return sum / labels.length
}

/** Mean over the classes of the AUC of that class against the rest; NaN when a class is absent. */
export function macroAuc(probabilities: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  let sum = 0
  for (let index = 0; index < classes; index += 1) {
    const { scores, isClass } = oneAgainstRest(probabilities, labels, classes, index)
    sum += auc(scores, isClass)
  }
  return sum / classes
}

export function oneAgainstRest(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  index: number,
): { scores: Float64Array; isClass: Uint8Array } {
  const scores = new Float64Array(labels.length)
  const isClass = new Uint8Array(labels.length)
  for (let row = 0; row < labels.length; row += 1) {
    scores[row] = probabilities[row * classes + index]!
    isClass[row] = labels[row] === index ? 1 : 0
  }
  return { scores, isClass }
}
