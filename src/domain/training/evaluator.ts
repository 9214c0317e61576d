import { linearEvaluator } from './linear-evaluator.ts'
import { outputWidth, type TrainedModel } from './model.ts'
import { treeEvaluator } from './tree-evaluator.ts'

/** Raw scores (log odds; the value for a regression) of rows of float32 features, NaN = missing. */
export interface ScoreEvaluator {
  /** Scores of one row into `into`. Values are rounded to float32 first, as onnxruntime gets them. */
  scoreRow(row: ArrayLike<number>, into: Float64Array): void
  /** Scores of `count` rows that lie one after the other in `rows`; `outputs` numbers a row into `into`. */
  scoreRows(rows: Float32Array, count: number, into: Float64Array): void
}

/**
 * Answers from a model. A binary model gives one number a row, the probability of the second class; a multiclass
 * model one probability a class; a regression the value.
 */
export class Evaluator {
  readonly features: number
  readonly outputs: number
  private readonly scores: ScoreEvaluator

  constructor(private readonly model: TrainedModel) {
    this.features = model.features.length
    this.outputs = outputWidth(model)
    this.scores =
      model.predictor.kind === 'linear'
        ? linearEvaluator(model.predictor, model.features, this.outputs)
        : treeEvaluator(model.predictor, this.features, this.outputs)
  }

  /** @param into where the outputs go; give the same array again and again to allocate nothing. */
  predict(row: ArrayLike<number>, into = new Float64Array(this.outputs)): Float64Array {
    this.scores.scoreRow(row, into)
    this.toOutputs(into)
    return into
  }

  /**
   * @param rows `count` rows of `features` numbers, one after the other
   * @returns `count` × `outputs` numbers, row after row
   */
  predictRows(rows: Float32Array, count = rows.length / this.features): Float64Array {
    const into = new Float64Array(count * this.outputs)
    this.scores.scoreRows(rows, count, into)
    this.toOutputs(into)
    return into
  }

  private toOutputs(scores: Float64Array): void {
    if (this.model.task === 'regression') return
    if (this.model.task === 'binary') {
      for (let at = 0; at < scores.length; at += 1) scores[at] = 1 / (1 + Math.exp(-scores[at]!))
      return
    }
    for (let at = 0; at < scores.length; at += this.outputs) softmax(scores, at, this.outputs)
  }
}

function softmax(values: Float64Array, start: number, count: number): void {
  let greatest = Number.NEGATIVE_INFINITY
  for (let at = start; at < start + count; at += 1) greatest = Math.max(greatest, values[at]!)
  let sum = 0
  for (let at = start; at < start + count; at += 1) {
    values[at] = Math.exp(values[at]! - greatest)
    sum += values[at]!
  }
  for (let at = start; at < start + count; at += 1) values[at]! /= sum
}
