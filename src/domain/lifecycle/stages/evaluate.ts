import { rowAt } from '../../../base/columns.ts'
import type { ModelDefinition } from '../../../contract/definition.ts'
import type { StepContext } from '../../../contract/step.ts'
import type { Golden } from '../../../contract/training.ts'
import { datasetNamed } from '../../data/dataset-plan.ts'
import { datasetVersion, filesOf } from '../../data/dataset-reader.ts'
import type { Examples } from '../../features/example-columns.ts'
import { readTrainingSet } from '../../features/training-set.ts'
import { requestColumns } from '../../registry/request-columns.ts'
import { evaluate as contest } from '../../training/evaluation.ts'
import { Evaluator } from '../../training/evaluator.ts'
import { rowsFor, targetOf, textsIn } from '../../training/examples-frame.ts'
import { readModel } from '../../training/model-bytes.ts'
import { modelOf, outputOf, type StageOutput, type StageServices } from '../stage-services.ts'

const goldenRows = 64
const sampleRequests = 200

/** Measures the candidate on the sealed test rows, beside the baseline and the model in production. */
export default async function evaluate(
  context: StepContext,
  services: StageServices,
): Promise<StageOutput<'evaluate'>> {
  const { data } = services
  const extracted = outputOf(context, 'extract')
  const { trainingSet } = outputOf(context, 'prepare')
  const trained = outputOf(context, 'train')
  const { model } = await modelOf(data.metadata, extracted)
  const examples = await readTrainingSet(data, trainingSet, 'test', 'evaluation')
  const candidate = readModel(await data.blobs.get(trained.modelHash))
  const target = targetOf(model.task, examples.target, candidate.classes)
  const rows = rowsFor(candidate.features, examples)!
  const predictions = new Evaluator(candidate).predictRows(rows)

  const evaluation = contest({
    task: model.task,
    classes: candidate.classes?.length ?? 1,
    threshold: model.threshold,
    target,
    candidate: predictions,
    baseline: baselineOf(model, examples, trained.meanTarget),
    production: await productionOf(services, extracted.production, examples, context),
    segments: Object.fromEntries([...examples.segments].map(([name, vector]) => [name, textsIn(vector)])),
    from: trainingSet.parts.test.from,
    to: trainingSet.parts.test.to,
  })
  for (const [metric, { value }] of Object.entries(evaluation.candidate)) {
    const [baseline, production] = [evaluation.baseline?.[metric]?.value, evaluation.production?.scores[metric]?.value]
    context.log(
      `${metric} ${value.toFixed(4)}${baseline === undefined ? '' : `, baseline ${baseline.toFixed(4)}`}${production === undefined ? '' : `, production ${production.toFixed(4)}`}`,
    )
  }
  await context.artifact('evaluation.json', { json: JSON.parse(JSON.stringify(evaluation)) }, 'report')

  const width = model.task === 'multiclass' ? (candidate.classes?.length ?? 1) : 1
  const inputs = candidate.features.map((feature) => feature.name)
  const table = { rows: examples.rows, columns: examples.inputs }
  const golden: Golden = {
    inputs,
    rows: Array.from({ length: Math.min(goldenRows, examples.rows) }, (_, row) => {
      const values = rowAt(table, row)
      return inputs.map((name) => values[name] ?? null)
    }),
    scores: Array.from({ length: Math.min(goldenRows, examples.rows) }, (_, row) =>
      width === 1 ? predictions[row]! : [...predictions.subarray(row * width, (row + 1) * width)],
    ),
    requests: await requestsLike(services, extracted, model),
  }
  const file = await context.artifact('golden.json', { json: golden }, 'report')
  return { evaluation, goldenHash: file.hash }
}

/** The baseline's scores: an input as it is, or for want of it the mean of the training set. */
function baselineOf(model: ModelDefinition, examples: Examples, mean: number | null): Float64Array | null {
  if (mean === null) return null
  const vector = model.baseline === null ? null : examples.inputs.get(model.baseline)
  const scores = new Float64Array(examples.rows).fill(mean)
  if (vector?.kind === 'number') {
    for (let row = 0; row < examples.rows; row += 1) {
      const value = vector.values[row]!
      if (!Number.isNaN(value)) scores[row] = model.task === 'binary' ? Math.min(1, Math.max(0, value)) : value
    }
  }
  return scores
}

async function productionOf(
  { data }: StageServices,
  id: string | null,
  examples: Examples,
  context: StepContext,
): Promise<{ version: string; predictions: Float64Array } | null> {
  const version = id === null ? undefined : await data.metadata.get('model_version', id)
  if (!version?.modelHash) return null
  const model = readModel(await data.blobs.get(version.modelHash))
  const rows = rowsFor(model.features, examples)
  if (!rows) {
    context.log(`${version.id} reads inputs that the definition no longer has, so it cannot be compared on these rows`)
    return null
  }
  return { version: version.id, predictions: new Evaluator(model).predictRows(rows) }
}

/** Requests as somebody would have sent them for the newest rows. */
async function requestsLike(
  { data }: StageServices,
  extracted: StageOutput<'extract'>,
  model: ModelDefinition,
): Promise<Golden['requests']> {
  const { definition } = await modelOf(data.metadata, extracted)
  const dataset = datasetNamed(definition.datasets, model.dataset)
  const { sent } = requestColumns(model, dataset)
  const version = await datasetVersion(data.metadata, model.dataset, extracted.version)
  const newest = version.batches.toSorted((a, b) => (b.to ?? 0) - (a.to ?? 0)).slice(0, 1)
  const files = await filesOf(data, { ...version, batches: newest })
  const columns = sent.map(({ name, type }) => ({ name, type }))
  const requests: Golden['requests'] = []
  for await (const chunk of data.tables.scan(files, { columns })) {
    for (let row = 0; row < chunk.rows && requests.length < sampleRequests; row += 1) {
      const values = rowAt(chunk, row)
      for (const { name, type } of sent)
        if (type === 'boolean' && values[name] !== null) (values as Record<string, unknown>)[name] = values[name] === 1
      requests.push(values)
    }
    if (requests.length >= sampleRequests) break
  }
  return requests
}
