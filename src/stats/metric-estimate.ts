import { reliabilityBin } from './calibration.ts'
import { aucComponents } from './delong.ts'
import { logLossOf } from './metrics-binary.ts'
import { calledClass, oneAgainstRest } from './metrics-multiclass.ts'

/** What a model said about rows, and what was true. */
export interface ScoredRows {
  /** binary: probability of class 1; multiclass: row after row, a number a class; regression: the value. */
  readonly predictions: ArrayLike<number>
  /** binary: 0 or 1; multiclass: index of the class; regression: the value. */
  readonly target: ArrayLike<number>
  /** Number of classes; 2 when left out. */
  readonly classes?: number
  /** Probability from which a row is called positive; 0.5 when left out. */
  readonly threshold?: number
}

/**
 * A metric and each row's influence on it: by how much, times the number of rows, the metric moves with the row's
 * weight. Their mean is 0 and their variance over the number of rows is the metric's variance (the delta method, or
 * for the AUC exactly DeLong's); the variance of the differences of two models' influences is that of their paired
 * difference.
 */
export interface Estimate {
  readonly value: number
  readonly influences: Float64Array
  /** Given where the metric is a share of trials. */
  readonly share?: { readonly successes: number; readonly trials: number }
}

export type Estimator = (rows: ScoredRows) => Estimate

/** Mean over the rows of a loss. */
function meanOf(loss: (rows: ScoredRows, row: number) => number): Estimator {
  return (rows) => {
    const influences = new Float64Array(rows.target.length)
    for (let row = 0; row < influences.length; row += 1) influences[row] = loss(rows, row)
    const value = mean(influences)
    for (let row = 0; row < influences.length; row += 1) influences[row]! -= value
    return { value, influences }
  }
}

/** Σ hit / Σ case over rows, for ratios of counts: precision, recall, F1. A share where each row counts at most once. */
function ratioOf(rows: number, hit: (row: number) => number, base: (row: number) => number): Estimate {
  let hits = 0
  let bases = 0
  for (let row = 0; row < rows; row += 1) {
    hits += hit(row)
    bases += base(row)
  }
  const value = hits / bases
  const influences = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) influences[row] = ((hit(row) - value * base(row)) * rows) / bases
  return { value, influences, share: { successes: hits, trials: bases } }
}

const isCalled = ({ predictions, threshold = 0.5 }: ScoredRows, row: number) => (predictions[row]! >= threshold ? 1 : 0)
const isPositive = ({ target }: ScoredRows, row: number) => (target[row] === 1 ? 1 : 0)

export const precision: Estimator = (rows) =>
  ratioOf(
    rows.target.length,
    (row) => isCalled(rows, row) * isPositive(rows, row),
    (row) => isCalled(rows, row),
  )

export const recall: Estimator = (rows) =>
  ratioOf(
    rows.target.length,
    (row) => isCalled(rows, row) * isPositive(rows, row),
    (row) => isPositive(rows, row),
  )

export const f1: Estimator = (rows) => {
  // F1 is a ratio, but not a share of rows: a hit counts twice.
  const { value, influences } = ratioOf(
    rows.target.length,
    (row) => 2 * isCalled(rows, row) * isPositive(rows, row),
    (row) => isCalled(rows, row) + isPositive(rows, row),
  )
  return { value, influences }
}

export const accuracy: Estimator = (rows) =>
  ratioOf(
    rows.target.length,
    (row) => (isCalled(rows, row) === isPositive(rows, row) ? 1 : 0),
    () => 1,
  )

export const multiclassAccuracy: Estimator = (rows) =>
  ratioOf(
    rows.target.length,
    (row) => (calledClass(rows.predictions, row, rows.classes!) === rows.target[row] ? 1 : 0),
    () => 1,
  )

export const macroF1: Estimator = (rows) => {
  const count = rows.target.length
  const called = Uint32Array.from({ length: count }, (_, row) => calledClass(rows.predictions, row, rows.classes!))
  return average(
    count,
    Array.from({ length: rows.classes! }, (_, index) => {
      const estimate = ratioOf(
        count,
        (row) => (called[row] === index && rows.target[row] === index ? 2 : 0),
        (row) => (called[row] === index ? 1 : 0) + (rows.target[row] === index ? 1 : 0),
      )
      // A class that neither occurs nor is called counts 0.
      return Number.isNaN(estimate.value) ? { value: 0, influences: new Float64Array(count) } : estimate
    }),
  )
}

export const aucEstimate: Estimator = ({ predictions, target }) => estimateAuc(predictions, target)

export const macroAuc: Estimator = ({ predictions, target, classes = 2 }) =>
  average(
    target.length,
    Array.from({ length: classes }, (_, index) => {
      const { scores, isClass } = oneAgainstRest(predictions, target, classes, index)
      return estimateAuc(scores, isClass)
    }),
  )

function estimateAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): Estimate {
  const { auc, positives, negatives } = aucComponents(scores, labels)
  const rows = labels.length
  // Scaled so that Σ influence² / rows² is DeLong's variance, with its n − 1.
  const positiveScale = rows / Math.sqrt(positives.length * (positives.length - 1))
  const negativeScale = rows / Math.sqrt(negatives.length * (negatives.length - 1))
  const influences = new Float64Array(rows)
  for (let row = 0, positive = 0, negative = 0; row < rows; row += 1) {
    influences[row] =
      labels[row] === 1
        ? (positives[positive++]! - auc) * positiveScale
        : (negatives[negative++]! - auc) * negativeScale
  }
  return { value: auc, influences }
}

export const logLossEstimate = meanOf(({ predictions, target }, row) => logLossOf(predictions[row]!, target[row]!))
export const brierEstimate = meanOf(({ predictions, target }, row) => (predictions[row]! - target[row]!) ** 2)

export const multiclassLogLoss = meanOf(({ predictions, target, classes = 2 }, row) =>
  logLossOf(predictions[row * classes + target[row]!]!, 1),
)

/** Expected calibration error over ten equal bins; between two signs of a bin's error its interval is rough. */
export const calibrationError: Estimator = ({ predictions, target }) => {
  const bins = 10
  const rows = target.length
  const errors = new Float64Array(bins)
  for (let row = 0; row < rows; row += 1) {
    errors[reliabilityBin(predictions[row]!, bins)]! += (target[row]! - predictions[row]!) / rows
  }
  const value = errors.reduce((sum, error) => sum + Math.abs(error), 0)
  const influences = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) {
    const sign = Math.sign(errors[reliabilityBin(predictions[row]!, bins)]!)
    influences[row] = sign * (target[row]! - predictions[row]!) - value
  }
  return { value, influences }
}

export const maeEstimate = meanOf(({ predictions, target }, row) => Math.abs(predictions[row]! - target[row]!))

const squaredErrors = meanOf(({ predictions, target }, row) => (predictions[row]! - target[row]!) ** 2)

export const rmseEstimate: Estimator = (rows) => {
  const squared = squaredErrors(rows)
  const value = Math.sqrt(squared.value)
  const influences = squared.influences.map((influence) => (value === 0 ? 0 : influence / (2 * value)))
  return { value, influences }
}

export const r2Estimate: Estimator = (rows) => {
  const targetMean = mean(rows.target)
  const squared = squaredErrors(rows)
  const spread = squaredErrors({
    predictions: new Float64Array(rows.target.length).fill(targetMean),
    target: rows.target,
  })
  const value = 1 - squared.value / spread.value
  const influences = squared.influences.map(
    (influence, row) => -(influence - (1 - value) * spread.influences[row]!) / spread.value,
  )
  return { value, influences }
}

function average(rows: number, estimates: readonly Estimate[]): Estimate {
  const influences = new Float64Array(rows)
  let value = 0
  for (const estimate of estimates) {
    value += estimate.value / estimates.length
    for (let row = 0; row < rows; row += 1) influences[row]! += estimate.influences[row]! / estimates.length
  }
  return { value, influences }
}

function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let row = 0; row < values.length; row += 1) sum += values[row]!
  return sum / values.length
}
