import { MillwrightError } from '../../base/errors.ts'
import type { Task } from '../../stats/task.ts'

export type FeatureKind = 'numeric' | 'categorical'

/**
 * Columns that a model reads. Every value is a float32, because that is what onnxruntime gets and what answers in
 * production are computed from; a categorical column holds codes (an index into its `categories`); NaN is missing.
 */
export interface Frame {
  readonly names: readonly string[]
  readonly kinds: readonly FeatureKind[]
  readonly columns: readonly Float32Array[]
  /** For a categorical column its values in the order of their codes, else null. */
  readonly categories: readonly (readonly string[] | null)[]
  readonly rows: number
}

/** A frame with what is to be learnt from it. */
export interface TrainingFrame extends Frame {
  readonly task: Task
  /** binary: 0 or 1; multiclass: an index into `classes`; regression: the number itself. */
  readonly target: Float64Array
  /** Names of the classes in the order of their indices; null for a regression. */
  readonly classes: readonly string[] | null
  /** Positive weight of each row; left out = 1. */
  readonly weights?: Float64Array
}

/** How many scores a model of this frame has: one for each class of a multiclass task, else one. */
export function scoreWidth(frame: Pick<TrainingFrame, 'task' | 'classes'>): number {
  return frame.task === 'multiclass' ? frame.classes!.length : 1
}

/**
 * @throws MillwrightError `training-frame-invalid` when lengths disagree, a target is not of its task, a weight is
 * not positive, or there is nothing to learn.
 */
export function checkTrainingFrame(frame: TrainingFrame): void {
  checkShape(frame)
  if (frame.task !== 'regression' && frame.target.every((value) => value === frame.target[0])) {
    fail('every row of the target has the same class', 'target', 'train on a range that holds more than one class')
  }
}

/**
 * @throws MillwrightError `training-frame-invalid` when the frame is wrong in itself or does not have the columns and
 * the task of the frame that is trained on.
 */
export function checkValidationFrame(frame: TrainingFrame, training: TrainingFrame): void {
  checkShape(frame)
  const describe = ({ task, classes, names, kinds }: TrainingFrame) => JSON.stringify([task, classes, names, kinds])
  if (describe(frame) === describe(training)) return
  fail('the validation frame has other columns or another task than the training frame', 'validation')
}

function checkShape(frame: TrainingFrame): void {
  const width = frame.columns.length
  if (width === 0) fail('the training frame has no columns', 'columns')
  if (frame.names.length !== width || frame.kinds.length !== width || frame.categories.length !== width) {
    fail(`the training frame has ${width} columns but ${frame.names.length} names`, 'names')
  }
  if (frame.rows === 0) fail('the training frame has no rows', 'rows', 'widen the time range of the training split')
  frame.columns.forEach((column, index) => {
    if (column.length === frame.rows) return
    fail(`column ${frame.names[index]} has ${column.length} values for ${frame.rows} rows`, `columns.${index}`)
  })
  if (frame.target.length !== frame.rows) {
    fail(`the target has ${frame.target.length} values for ${frame.rows} rows`, 'target')
  }
  if (frame.weights !== undefined) checkWeights(frame.weights, frame.rows)
  checkTarget(frame)
}

function fail(message: string, field: string, hint?: string): never {
  throw new MillwrightError('training-frame-invalid', message, { field, hint })
}

function checkWeights(weights: Float64Array, rows: number): void {
  if (weights.length !== rows) fail(`there are ${weights.length} weights for ${rows} rows`, 'weights')
  const bad = weights.findIndex((weight) => !(weight > 0 && weight < Number.POSITIVE_INFINITY))
  if (bad >= 0) fail(`the weight of row ${bad} is ${weights[bad]}, not a positive number`, 'weights')
}

function checkTarget(frame: TrainingFrame): void {
  const classCount = frame.task === 'regression' ? 0 : (frame.classes?.length ?? 0)
  if (frame.task === 'binary' && classCount !== 2) fail(`a binary task has 2 classes, not ${classCount}`, 'classes')
  if (frame.task === 'multiclass' && classCount < 2) fail('a multiclass task needs at least 2 classes', 'classes')
  for (let row = 0; row < frame.rows; row += 1) {
    const value = frame.target[row]!
    const valid =
      classCount === 0 ? Number.isFinite(value) : Number.isInteger(value) && value >= 0 && value < classCount
    if (!valid) {
      fail(`the target of row ${row} is ${value}`, 'target', 'leave out rows whose label is missing or unknown')
    }
  }
}

/** The row as the numbers a model reads, in the order of the columns. */
export function frameRow(frame: Frame, row: number, into = new Float32Array(frame.columns.length)): Float32Array {
  for (let column = 0; column < frame.columns.length; column += 1) into[column] = frame.columns[column]![row]!
  return into
}

/** All rows, row after row: the layout of an ONNX tensor [rows, columns]. */
export function rowMajor(frame: Frame): Float32Array {
  const width = frame.columns.length
  const values = new Float32Array(frame.rows * width)
  for (let column = 0; column < width; column += 1) {
    const source = frame.columns[column]!
    for (let row = 0; row < frame.rows; row += 1) values[row * width + column] = source[row]!
  }
  return values
}
