import { seededRandom } from '../../../base/random.ts'
import type { StepContext } from '../../../contract/step.ts'
import type { Reference } from '../../../contract/training.ts'
import { readTrainingSet } from '../../features/training-set.ts'
import { Evaluator } from '../../training/evaluator.ts'
import { rowsFor, textsIn, trainingFrames } from '../../training/examples-frame.ts'
import { checkExportParity } from '../../training/export-parity.ts'
import type { TrainingFrame } from '../../training/frame.ts'
import { featureImportance } from '../../training/importance.ts'
import { writeModel } from '../../training/model-bytes.ts'
import { exportOnnx } from '../../training/onnx-export.ts'
import { categoricalReference, numericReference } from '../../training/reference.ts'
import { TrainingThread } from '../../training/train-worker.ts'
import { modelOf, outputOf, type StageOutput, type StageServices } from '../stage-services.ts'

const parityRows = 2000

/** Learns a model, exports it to ONNX, and checks that both answer alike. */
export default async function train(
  context: StepContext,
  { data, models }: StageServices,
): Promise<StageOutput<'train'>> {
  const { trainingSet } = outputOf(context, 'prepare')
  const { model } = await modelOf(data.metadata, outputOf(context, 'extract'))
  const { task, training, seed } = model
  context.progress(0, 'reading the examples')
  const thread = new TrainingThread()
  const examples = await readTrainingSet(data, trainingSet, 'train', 'training')
  const held = await readTrainingSet(data, trainingSet, 'validation', 'training')
  const { target, ...frames } = trainingFrames(model, examples, held)
  let { frame, validation } = frames
  if (context.params.drill === 'shuffle-labels') {
    context.log('DRILL: the labels are shuffled, so that the model learns nothing true. The gates must refuse it.')
    frame = shuffled(frame, seed)
    validation = shuffled(validation, seed + 1)
  }
  const meanTarget =
    task === 'multiclass' ? null : target.reduce((sum, value) => sum + value, 0) / Math.max(1, target.length)
  const total = training.kind === 'boosted-trees' ? training.trees : 100

  const trained = await thread.train(training, frame, validation, {
    seed,
    signal: context.signal,
    onProgress: (progress) =>
      context.progress(Math.min(0.95, progress.iteration / total), `tree ${progress.iteration} of at most ${total}`),
  })
  const trees = trained.predictor.kind === 'boosted-trees' ? trained.predictor.roots.length : null
  context.log(`trained on ${frame.rows.toLocaleString('en')} rows${trees === null ? '' : `, ${trees} trees`}`)

  const bytes = writeModel(trained)
  const onnx = exportOnnx(trained)
  const rows = rowsFor(trained.features, held)!
  const parity = await checkExportParity(
    trained,
    onnx,
    rows.subarray(0, Math.min(parityRows, held.rows) * trained.features.length),
    models,
  )
  context.log(`ONNX export differs by ${parity.toExponential(1)} at most`)
  const modelFile = await context.artifact('model.mwm', bytes, 'model')
  const onnxFile = await context.artifact('model.onnx', onnx, 'model')

  const scores = new Evaluator(trained).predictRows(rows)
  const reference: Reference = {
    rows: examples.rows,
    columns: [
      ...model.inputs.map(({ name, kind }) => {
        const vector = examples.inputs.get(name)!
        return kind === 'numeric' && vector.kind === 'number'
          ? numericReference(name, vector.values)
          : categoricalReference(name, textsIn(vector))
      }),
      ...(task === 'multiclass' ? [] : [numericReference('score', scores)]),
    ],
  }
  const referenceFile = await context.artifact('reference.json', { json: reference }, 'report')
  return {
    modelHash: modelFile.hash,
    onnxHash: onnxFile.hash,
    referenceHash: referenceFile.hash,
    rows: frame.rows,
    trees,
    parity,
    importance: featureImportance(trained).map(({ name, share }) => ({ input: name, gain: share })),
    meanTarget,
  }
}

/** The frame with its labels dealt out anew (Fisher–Yates). */
function shuffled(frame: TrainingFrame, seed: number): TrainingFrame {
  const target = Float64Array.from(frame.target)
  const random = seededRandom(seed)
  for (let at = target.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1))
    ;[target[at], target[other]] = [target[other]!, target[at]!]
  }
  return { ...frame, target }
}
