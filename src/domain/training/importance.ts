import { seededRandom } from '../../base/random.ts'
import type { Metric } from '../../stats/metrics.ts'
import { Evaluator } from './evaluator.ts'
import { rowMajor, type TrainingFrame } from './frame.ts'
import type { TrainedModel } from './model.ts'

export interface FeatureImportance {
  readonly name: string
  /** Share of the total that the feature has: of gain (trees) or of weight in standard deviations (linear). */
  readonly share: number
  /** Splits on the feature; 0 for a linear model. */
  readonly splits: number
}

/** What the model itself says of its features, the most important first. */
export function featureImportance(model: TrainedModel): FeatureImportance[] {
  const amounts = new Float64Array(model.features.length)
  const splits = new Uint32Array(model.features.length)
  if (model.predictor.kind === 'linear') {
    const { weights, offsets } = model.predictor
    model.features.forEach((_, feature) => {
      const own = weights.subarray(offsets[feature]!, offsets[feature + 1] ?? weights.length)
      // For a category the spread of its values' weights, which is what it can change.
      amounts[feature] =
        own.length === 0 ? 0 : Math.sqrt(own.reduce((sum, weight) => sum + weight ** 2, 0) / own.length)
    })
  } else {
    const { feature, gain } = model.predictor
    for (let node = 0; node < feature.length; node += 1) {
      if (feature[node]! < 0) continue
      amounts[feature[node]!]! += gain[node]!
      splits[feature[node]!]! += 1
    }
  }
  const total = amounts.reduce((sum, amount) => sum + amount, 0)
  return model.features
    .map(({ name }, feature) => ({
      name,
      share: total === 0 ? 0 : amounts[feature]! / total,
      splits: splits[feature]!,
    }))
    .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1))
}

export interface PermutationImportance {
  readonly name: string
  /** By how much the metric gets worse when the feature's values are shuffled among the rows. */
  readonly loss: number
}

/**
 * What each feature is worth on rows that the model did not learn from (Breiman 2001): the mean over `repeats`
 * seeded shuffles of how much worse the metric gets.
 */
export function permutationImportance(
  model: TrainedModel,
  frame: TrainingFrame,
  metric: Metric,
  { seed, repeats = 3 }: { seed: number; repeats?: number },
): PermutationImportance[] {
  const evaluator = new Evaluator(model)
  const rows = rowMajor(frame)
  const width = frame.columns.length
  const random = seededRandom(seed)
  const value = () =>
    metric.estimate({
      predictions: evaluator.predictRows(rows, frame.rows),
      target: frame.target,
      classes: frame.classes?.length,
    }).value
  const whole = value()
  const worse = metric.direction === 'higher' ? 1 : -1
  return frame.names
    .map((name, feature) => {
      const column = frame.columns[feature]!
      let loss = 0
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        const shuffled = shuffle(column, random)
        for (let row = 0; row < frame.rows; row += 1) rows[row * width + feature] = shuffled[row]!
        loss += (worse * (whole - value())) / repeats
      }
      for (let row = 0; row < frame.rows; row += 1) rows[row * width + feature] = column[row]!
      return { name, loss }
    })
    .sort((a, b) => b.loss - a.loss || (a.name < b.name ? -1 : 1))
}

function shuffle(values: Float32Array, random: () => number): Float32Array {
  const shuffled = values.slice()
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    const value = shuffled[index]!
    shuffled[index] = shuffled[other]!
    shuffled[other] = value
  }
  return shuffled
}
