import { MillwrightError } from '../../base/errors.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { CategoryCoder } from '../training/category-coder.ts'
import { Evaluator } from '../training/evaluator.ts'
import { readModel } from '../training/model-bytes.ts'

/** What a model says of a row. */
export interface Score {
  /** Probability of yes, or the value, or the probability of each class. */
  readonly score: number | number[]
  /** The answer: yes or no by the threshold, the value, the likeliest class. */
  readonly output: number | string | boolean
  /** Probability of the answer given (classification): of yes, or of the class named. */
  readonly probability: number | null
}

/** Turns the inputs of a row into an answer, by Millwright's own evaluator. */
export class Scorer {
  private readonly evaluator: Evaluator
  private readonly coders: (CategoryCoder | null)[]
  /** Place of each feature of the model among the inputs that are computed. */
  private readonly places: number[]
  private readonly row: Float32Array
  private readonly into: Float64Array<ArrayBuffer>
  private readonly task: string
  private readonly classes: readonly string[] | null

  /** @param inputs names in the order of the values that `score` gets. */
  constructor(
    bytes: Uint8Array,
    private readonly version: Pick<ModelVersionRecord, 'id' | 'threshold'>,
    inputs: readonly string[],
  ) {
    const model = readModel(bytes)
    this.evaluator = new Evaluator(model)
    this.task = model.task
    this.classes = model.classes
    this.coders = model.features.map((feature) => (feature.categories ? new CategoryCoder(feature.categories) : null))
    this.places = model.features.map((feature) => {
      const place = inputs.indexOf(feature.name)
      if (place < 0)
        throw new MillwrightError(
          'invalid-definition',
          `model ${version.id} reads "${feature.name}", which its definition does not compute`,
        )
      return place
    })
    this.row = new Float32Array(model.features.length)
    this.into = new Float64Array(this.evaluator.outputs)
  }

  score(values: readonly (number | string | null)[]): Score {
    for (let feature = 0; feature < this.places.length; feature += 1) {
      const value = values[this.places[feature]!]
      const coder = this.coders[feature]
      this.row[feature] = coder
        ? coder.code(value === null || value === undefined ? null : String(value))
        : value === null || value === undefined
          ? Number.NaN
          : Number(value)
    }
    const scores = this.evaluator.predict(this.row, this.into)
    if (this.task === 'multiclass') {
      let best = 0
      for (let at = 1; at < scores.length; at += 1) if (scores[at]! > scores[best]!) best = at
      return { score: [...scores], output: this.classes?.[best] ?? String(best), probability: scores[best]! }
    }
    const score = scores[0]!
    if (!Number.isFinite(score)) throw new MillwrightError('internal', `model ${this.version.id} answered ${score}`)
    return this.task === 'binary'
      ? { score, output: score >= this.version.threshold, probability: score }
      : { score, output: score, probability: null }
  }
}
