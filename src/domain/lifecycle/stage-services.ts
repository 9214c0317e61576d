import * as z from 'zod'
import { MillwrightError } from '../../base/errors.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import { evaluationSchema, verdictSchema } from '../../contract/model.ts'
import type { StepContext } from '../../contract/step.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import type { ModelRunner } from '../../ports/model-runner.ts'
import type { DataServices } from '../data/data-services.ts'
import { trainingSetSchema } from '../features/training-set.ts'

/** What the stages of the loop are given, in a process of their own or in the control plane. */
export interface StageServices {
  data: DataServices
  models: ModelRunner
}

/** What each stage hands on. */
export const stageOutputs = {
  extract: z.object({
    model: z.string(),
    definitionHash: z.string(),
    dataset: z.string(),
    version: z.number().int(),
    versionHash: z.string(),
    /** Every dataset that the examples are made of, at the version that is read. */
    reads: z.record(z.string(), z.object({ version: z.number().int(), hash: z.string() })).default({}),
    cutOff: z.number(),
    production: z.string().nullable(),
  }),
  prepare: z.object({ trainingSet: trainingSetSchema }),
  train: z.object({
    modelHash: z.string(),
    onnxHash: z.string(),
    referenceHash: z.string(),
    rows: z.number().int(),
    trees: z.number().int().nullable(),
    parity: z.number(),
    importance: z.array(z.object({ input: z.string(), gain: z.number() })),
    /** Mean target: the answer of somebody who knows nothing. */
    meanTarget: z.number().nullable(),
  }),
  evaluate: z.object({ evaluation: evaluationSchema, goldenHash: z.string() }),
  gate: z.object({ passed: z.boolean(), verdicts: z.array(verdictSchema) }),
  register: z.object({ version: z.string(), registered: z.boolean() }),
}
export type StageOutput<S extends keyof typeof stageOutputs> = z.infer<(typeof stageOutputs)[S]>

/** What an earlier stage of the run handed on. */
export function outputOf<S extends keyof typeof stageOutputs>(context: StepContext, stage: S): StageOutput<S> {
  return stageOutputs[stage].parse(context.inputs[stage]?.output) as StageOutput<S>
}

/** The model of the run, under the definition that the run was started with. */
export async function modelOf(
  records: RecordReader,
  extracted: Pick<StageOutput<'extract'>, 'model' | 'definitionHash'>,
): Promise<{ definition: Definition; model: ModelDefinition }> {
  const record = await records.get('definition', extracted.definitionHash)
  const model = record?.definition.models.find((each) => each.name === extracted.model)
  if (!record || !model)
    throw new MillwrightError(
      'not-found',
      `definition ${extracted.definitionHash.slice(0, 12)} has no model "${extracted.model}"`,
    )
  return { definition: record.definition, model }
}
