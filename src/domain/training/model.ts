import type { Task } from '../../stats/task.ts'
import type { FeatureKind } from './frame.ts'
import type { ModelSpec } from './model-spec.ts'

/** One input of a model, in the order in which a row gives them. */
export interface ModelFeature {
  readonly name: string
  readonly kind: FeatureKind
  /** The known values of a categorical feature in the order of their codes; null for a number. */
  readonly categories: readonly string[] | null
}

/**
 * All trees in flat arrays, one entry a node. A tree is laid out in pre-order: the left child of node n is n + 1.
 * Tree t adds to output t mod outputs. Thresholds and values are float32, as onnxruntime holds them.
 */
export interface TreeEnsemble {
  readonly kind: 'boosted-trees'
  readonly baseScores: Float64Array
  /** Node at which each tree begins. */
  readonly roots: Uint32Array
  /** The feature compared; −1 marks a leaf. */
  readonly feature: Int32Array
  /** x ≤ threshold goes left; in a leaf: the value added to the score. */
  readonly threshold: Float32Array
  readonly right: Uint32Array
  /** 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array
  /** Gain of each split (0 in a leaf). */
  readonly gain: Float32Array
  /** Training rows that reached the node. */
  readonly cover: Float32Array
}

/**
 * score[k] = intercepts[k] + Σ over numeric features of w·(x − mean)/scale + Σ over categorical features of the
 * weight of the value; a missing number counts as the mean, a missing category adds nothing.
 */
export interface LinearCoefficients {
  readonly kind: 'linear'
  readonly intercepts: Float64Array
  /** For each feature; 0 and 1 for a categorical one. Float32 values. */
  readonly means: Float64Array
  readonly scales: Float64Array
  /** Where a feature's weights begin: one for a number, one a category, each as `outputs` numbers in a row. */
  readonly offsets: Uint32Array
  readonly weights: Float64Array
}

export interface TrainedModel {
  readonly task: Task
  /** Class names in the order of their indices; null for a regression. A binary score is that of the second. */
  readonly classes: readonly string[] | null
  readonly features: readonly ModelFeature[]
  readonly spec: ModelSpec
  readonly seed: number
  readonly trainingRows: number
  /** Loss on the validation frame after each iteration (trees); empty without one. */
  readonly validationLosses: Float64Array
  readonly predictor: TreeEnsemble | LinearCoefficients
}

/** Numbers that the model gives for a row: a probability for each class (binary: of the second only) or the value. */
export function outputWidth(model: Pick<TrainedModel, 'task' | 'classes'>): number {
  return model.task === 'multiclass' ? model.classes!.length : 1
}
