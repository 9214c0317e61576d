import { MillwrightError } from '../base/errors.ts'
import { hashOf } from '../base/hash.ts'
import type { Dataset, FeatureView } from '../contract/definition.ts'
import type { Slot } from '../contract/serving.ts'
import type { EntityTable } from '../domain/data/entity-table.ts'
import { type FeatureLookup, ModelInputs } from '../domain/serving/model-inputs.ts'
import { Scorer } from '../domain/serving/scorer.ts'
import { PredictionLines } from './prediction-lines.ts'

/** A version that is in memory and can answer. */
export interface LoadedSlot {
  readonly slot: Slot
  readonly inputs: ModelInputs
  /** Equal for slots whose inputs are computed alike: those are computed once a row. */
  readonly inputsKey: string
  readonly scorer: Scorer
  readonly lines: PredictionLines
}

export interface SlotSurroundings {
  /** Name of the endpoint that it answers for. */
  endpoint: string
  dataset(name: string): Dataset
  featureViews: readonly FeatureView[]
  entity(name: string): EntityTable
  features: FeatureLookup
  blob(hash: string): Promise<Uint8Array>
}

/** @throws MillwrightError when the version cannot be served here, with the reason. */
export async function loadSlot(slot: Slot, around: SlotSurroundings): Promise<LoadedSlot> {
  const { version, model } = slot
  if (!model || !version.modelHash) {
    throw new MillwrightError(
      'invalid-definition',
      `version ${version.id} has no model that this prediction service can load`,
    )
  }
  const inputs = new ModelInputs(model, around.dataset(model.dataset), around.entity, around.features)
  const scorer = new Scorer(await around.blob(version.modelHash), version, inputs.names)
  const lines = new PredictionLines(around.endpoint, slot, inputs.names)
  // Two versions may state the same inputs over data that their definitions make otherwise.
  const inputsKey = hashOf([around.dataset(model.dataset), model.inputs, around.featureViews])
  return { slot, inputs, inputsKey, scorer, lines }
}
