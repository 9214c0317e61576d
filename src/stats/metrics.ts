import { type Difference, type Interval, normalDifference, normalInterval, wilsonInterval } from './intervals.ts'
import {
  accuracy,
  aucEstimate,
  brierEstimate,
  calibrationError,
  type Estimate,
  type Estimator,
  f1,
  logLossEstimate,
  macroAuc,
  macroF1,
  maeEstimate,
  multiclassAccuracy,
  multiclassLogLoss,
  precision,
  r2Estimate,
  recall,
  rmseEstimate,
  type ScoredRows,
} from './metric-estimate.ts'
import type { Task } from './task.ts'

export interface Metric {
  readonly name: string
  readonly direction: 'higher' | 'lower'
  readonly estimate: Estimator
  /** What the metric can be, for clipping intervals. */
  readonly least: number
  readonly greatest: number
}

const metric = (
  name: string,
  direction: Metric['direction'],
  estimate: Estimator,
  least = 0,
  greatest = 1,
): Metric => ({
  name,
  direction,
  estimate,
  least,
  greatest,
})
const endless = Number.POSITIVE_INFINITY

const registry = {
  binary: [
    metric('auc', 'higher', aucEstimate),
    metric('log_loss', 'lower', logLossEstimate, 0, endless),
    metric('brier', 'lower', brierEstimate),
    metric('ece', 'lower', calibrationError),
    metric('accuracy', 'higher', accuracy),
    metric('precision', 'higher', precision),
    metric('recall', 'higher', recall),
    metric('f1', 'higher', f1),
  ],
  multiclass: [
    metric('log_loss', 'lower', multiclassLogLoss, 0, endless),
    metric('accuracy', 'higher', multiclassAccuracy),
    metric('macro_f1', 'higher', macroF1),
    metric('macro_auc', 'higher', macroAuc),
  ],
  regression: [
    metric('rmse', 'lower', rmseEstimate, 0, endless),
    metric('mae', 'lower', maeEstimate, 0, endless),
    metric('r2', 'higher', r2Estimate, -endless, 1),
  ],
} as const satisfies Record<Task, readonly Metric[]>

/** The metrics of a task, the one to judge by first. */
export function metricsFor(task: Task): readonly Metric[] {
  return registry[task]
}

/** undefined when the task has no such metric. */
export function metricNamed(task: Task, name: string): Metric | undefined {
  return metricsFor(task).find((candidate) => candidate.name === name)
}

/** Value and interval: Wilson's for a share of rows, else normal; NaN bounds where there are too few rows to tell. */
export function measure(of: Metric, rows: ScoredRows, level = 0.95): Interval {
  const estimate = of.estimate(rows)
  if (estimate.share !== undefined) return wilsonInterval(estimate.share.successes, estimate.share.trials, level)
  const interval = normalInterval(estimate.value, standardError(estimate.influences), level)
  return { value: interval.value, low: Math.max(of.least, interval.low), high: Math.min(of.greatest, interval.high) }
}

/** A comparison of two models on the same rows, in the metric's own unit. */
export interface Comparison extends Difference {
  /** Whether the first is worse by more than noise explains: the whole interval lies on the worse side of 0. */
  readonly isWorse: boolean
  readonly isBetter: boolean
}

/**
 * The first model's metric minus the second's, paired row by row.
 *
 * @param predictions of the second model on the same rows
 */
export function compare(of: Metric, rows: ScoredRows, predictions: ArrayLike<number>, level = 0.95): Comparison {
  const first = of.estimate(rows)
  const second: Estimate = of.estimate({ ...rows, predictions })
  const error = standardError(first.influences.map((influence, row) => influence - second.influences[row]!))
  const difference = normalDifference(first.value - second.value, error, level)
  const isAbove = difference.low > 0
  const isBelow = difference.high < 0
  return {
    ...difference,
    isWorse: of.direction === 'higher' ? isBelow : isAbove,
    isBetter: of.direction === 'higher' ? isAbove : isBelow,
  }
}

function standardError(influences: Float64Array): number {
  if (influences.length < 2) return Number.NaN
  return Math.sqrt(influences.reduce((sum, influence) => sum + influence * influence, 0)) / influences.length
}
