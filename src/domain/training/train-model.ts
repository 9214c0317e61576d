import { boostTrees, type TrainingOptions } from './boosted-trees.ts'
import { checkTrainingFrame, checkValidationFrame, type TrainingFrame } from './frame.ts'
import { fitLinear } from './linear.ts'
import type { TrainedModel } from './model.ts'
import { type ModelSpecInput, resolveSpec } from './model-spec.ts'

/**
 * Trains in this thread; see `TrainingThread` for one that leaves the event loop free. The same inputs give the same
 * model, byte for byte.
 *
 * @param validation rows that early stopping watches; without them every tree is kept
 * @throws MillwrightError `model-spec-invalid`, `training-frame-invalid`, `training-aborted`, `training-too-large`
 */
export function trainModel(
  input: ModelSpecInput,
  frame: TrainingFrame,
  validation: TrainingFrame | null,
  options: TrainingOptions,
): TrainedModel {
  const spec = resolveSpec(input)
  checkTrainingFrame(frame)
  if (validation !== null) checkValidationFrame(validation, frame)
  const facts = {
    task: frame.task,
    classes: frame.classes,
    features: frame.names.map((name, index) => ({
      name,
      kind: frame.kinds[index]!,
      categories: frame.categories[index] ?? null,
    })),
    spec,
    seed: options.seed,
    trainingRows: frame.rows,
  }
  if (spec.kind === 'linear') {
    return { ...facts, validationLosses: new Float64Array(0), predictor: fitLinear(spec, frame, options) }
  }
  const { ensemble, validationLosses } = boostTrees(spec, frame, validation, options)
  return { ...facts, validationLosses, predictor: ensemble }
}
