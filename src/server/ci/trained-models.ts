import { textAt } from '../../base/columns.ts'
import type { ModelFacts } from '../../contract/ci.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import type { SampleRun } from '../../domain/delivery/checks/pipeline.ts'
import type { Examples } from '../../domain/features/example-columns.ts'
import { readTrainingSet } from '../../domain/features/training-set.ts'
import { type StageOutput, type StageServices, stageOutputs } from '../../domain/lifecycle/stage-services.ts'
import { Evaluator } from '../../domain/training/evaluator.ts'
import { rowsFor, targetOf, textsIn } from '../../domain/training/examples-frame.ts'
import { outputWidth } from '../../domain/training/model.ts'
import { readModel } from '../../domain/training/model-bytes.ts'

const comparedRows = 10_000

/** A model that a run over the sample made, with what it was made from. */
export interface TrainedOnBench {
  model: ModelDefinition
  trained: StageOutput<'train'>
  evaluation: StageOutput<'evaluate'>['evaluation'] | null
  bytes: Uint8Array
  onnx: Uint8Array
  train: Examples
  validation: Examples
  /** Sealed; for the evaluation alone. */
  test: Examples
  trainSeconds: number
}

/** The models that runs over the sample made, by the stages of Millwright. */
export async function trainedModels(
  definition: Definition,
  runs: readonly SampleRun[],
  { data }: StageServices,
): Promise<TrainedOnBench[]> {
  const found: TrainedOnBench[] = []
  for (const { run, steps } of runs) {
    const pipeline = definition.pipelines.find((each) => each.name === run.pipeline)
    const stepOf = (stage: string) => {
      const name = pipeline?.steps.find((step) => step.run.kind === 'stage' && step.run.stage === stage)?.name
      return steps.find((record) => record.step === name && record.state === 'succeeded')
    }
    const training = pipeline?.steps.find((step) => step.run.kind === 'stage' && step.run.stage === 'train')
    const model = definition.models.find((each) => each.name === training?.params.model)
    const prepared = stageOutputs.prepare.safeParse(stepOf('prepare')?.output)
    const trained = stageOutputs.train.safeParse(stepOf('train')?.output)
    const evaluated = stageOutputs.evaluate.safeParse(stepOf('evaluate')?.output)
    if (!model || !prepared.success || !trained.success) continue
    const { trainingSet } = prepared.data
    const { startedAt, endedAt } = (stepOf('train') ?? {}) as { startedAt?: number | null; endedAt?: number | null }
    found.push({
      model,
      trained: trained.data,
      evaluation: evaluated.success ? evaluated.data.evaluation : null,
      bytes: await data.blobs.get(trained.data.modelHash),
      onnx: await data.blobs.get(trained.data.onnxHash),
      train: await readTrainingSet(data, trainingSet, 'train', 'training'),
      validation: await readTrainingSet(data, trainingSet, 'validation', 'training'),
      test: await readTrainingSet(data, trainingSet, 'test', 'evaluation'),
      trainSeconds: startedAt && endedAt ? (endedAt - startedAt) / 1000 : 0,
    })
  }
  return found
}

/**
 * What a report keeps of a model, for the comparison with another branch.
 *
 * @param verdicts of the gates as they are stated, on the sample.
 */
export function modelFacts(
  { model, trained, evaluation, bytes, test, trainSeconds }: TrainedOnBench,
  verdicts: ModelFacts['verdicts'],
): ModelFacts {
  const read = readModel(bytes)
  const width = outputWidth(read)
  const scores = new Evaluator(read).predictRows(rowsFor(read.features, test)!)
  const target = targetOf(model.task, test.target, read.classes)
  const segments = [...test.segments].map(([name, vector]) => [name, textsIn(vector)] as const)
  const keyOf = (row: number): string =>
    test.keys?.kind === 'text' ? (textAt(test.keys, row) ?? '') : String(test.times[row])
  const rows = Array.from({ length: test.rows }, (_, row) => ({ key: keyOf(row), row }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.row - b.row))
    .slice(0, comparedRows)
    .map(({ key, row }) => ({
      key,
      target: Number.isFinite(target[row]) ? target[row]! : null,
      score: width === 1 ? scores[row]! : [...scores.subarray(row * width, (row + 1) * width)],
      segments: Object.fromEntries(segments.map(([name, texts]) => [name, texts[row] ?? null])),
    }))
  return {
    model: model.name,
    modelHash: trained.modelHash,
    bytes: bytes.byteLength,
    inputs: model.inputs.map(({ name }) => name),
    trainedRows: trained.rows,
    metrics: evaluation?.candidate ?? {},
    baseline: evaluation?.baseline ?? null,
    verdicts,
    trainSeconds,
    threshold: model.threshold,
    rows,
  }
}
