import { day } from '../../base/clock.ts'
import { rowAt, type Table, textAt } from '../../base/columns.ts'
import type { GoldenRequests } from '../../contract/ci.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import { datasetNamed, planDataset } from '../../domain/data/dataset-plan.ts'
import { datasetVersion, filesOf } from '../../domain/data/dataset-reader.ts'
import type { EndpointAnswers, ReplayedGolden, ServedAnswer } from '../../domain/delivery/checks/serving.ts'
import { buildTrainingSet, readTrainingSet } from '../../domain/features/training-set.ts'
import type { StageServices } from '../../domain/lifecycle/stage-services.ts'
import { requestColumns } from '../../domain/registry/request-columns.ts'
import { Evaluator } from '../../domain/training/evaluator.ts'
import { rowsFor } from '../../domain/training/examples-frame.ts'
import { outputWidth } from '../../domain/training/model.ts'
import { readModel } from '../../domain/training/model-bytes.ts'
import type { RecordedGolden } from './golden-file.ts'
import type { SampleBench } from './sample-bench.ts'
import type { TrainedOnBench } from './trained-models.ts'

type Request = GoldenRequests[string]['requests'][number]['request']
type Answer = NonNullable<GoldenRequests[string]['requests'][number]['answer']>

const askedAtEachStop = 30
const recordedRequests = 20
const hourMs = 3_600_000

/** A row of the dataset as a request, with what the model says of its inputs as a training computes them. */
interface ExpectedRow {
  key: string
  time: number
  request: Request
  expected: number
}

/** What was found out about the endpoints while their newest rows were asked for. */
export interface Served {
  endpoints: EndpointAnswers[]
  golden: GoldenRequests
}

/** Asks every endpoint for the newest rows of its model's dataset, each while it is new, as a caller would have. */
export async function askNewestRows(bench: SampleBench, trained: readonly TrainedOnBench[]): Promise<Served> {
  const { definition, services } = bench
  const stops = await bench.stops()
  const served: Served = { endpoints: [], golden: {} }
  const plans: { endpoint: string; modelHash: string; rows: ExpectedRow[]; answers: ServedAnswer[] }[] = []
  for (const { name, model: modelName } of definition.endpoints) {
    const made = trained.find(({ model }) => model.name === modelName)
    if (!made) continue
    const rows = await expectedRows(definition, made, services, stops)
    plans.push({ endpoint: name, modelHash: made.trained.modelHash, rows, answers: [] })
    served.golden[name] = { model: made.trained.modelHash, requests: [] }
  }
  for (const [place, stop] of stops.entries()) {
    await bench.moveClock(stop)
    for (const plan of plans) {
      const before = stops[place - 1] ?? Number.NEGATIVE_INFINITY
      const since = Math.max(before, stop - hourMs)
      const due = plan.rows.filter(({ time }) => time > since && time <= stop).slice(-askedAtEachStop)
      for (const { request, expected } of due) {
        const { answer, refusal } = await askEndpoint(bench.bench.predictor, plan.endpoint, request)
        const answered = answer === null ? null : (answer.probability ?? Number(answer.prediction))
        plan.answers.push({ request, expected, answered, refusal })
        const recorded = served.golden[plan.endpoint]!.requests
        if (answer && place === stops.length - 1 && recorded.length < recordedRequests)
          recorded.push({ request, answer })
      }
    }
  }
  for (const { endpoint, answers } of plans) served.endpoints.push({ endpoint, rows: answers })
  return served
}

/** Asks what was recorded before once more. */
export async function replayGolden(
  bench: SampleBench,
  { from, file, requests: golden }: RecordedGolden,
  modelHashes: ReadonlyMap<string, string>,
): Promise<ReplayedGolden[]> {
  const replayed: ReplayedGolden[] = []
  for (const [endpoint, { model, requests }] of Object.entries(golden)) {
    const isSameModel = model === null || model === modelHashes.get(endpoint)
    for (const { request, answer: wanted } of requests) {
      const { answer, refusal } = await askEndpoint(bench.bench.predictor, endpoint, request)
      replayed.push({
        endpoint,
        from,
        file,
        request,
        binding: isSameModel,
        wanted: isSameModel ? (wanted ?? null) : null,
        answered: answer,
        refusal,
      })
    }
  }
  return replayed
}

export const inferUrl = (predictor: string, endpoint: string): string =>
  `${predictor}/v2/models/${encodeURIComponent(endpoint)}/infer`

export async function askEndpoint(
  predictor: string,
  endpoint: string,
  request: Request,
): Promise<{ answer: Answer | null; refusal: string | null }> {
  const response = await fetch(inferUrl(predictor, endpoint), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const body = (await response.json()) as { error?: string; prediction: Answer['prediction']; probability?: number }
  if (!response.ok) return { answer: null, refusal: body.error ?? `status ${response.status}` }
  return { answer: { prediction: body.prediction, probability: body.probability ?? null }, refusal: null }
}

/** The newest rows with their expected answers, ascending by time. The outcome plays no part, so rows without one are there too. */
async function expectedRows(
  definition: Definition,
  { model, bytes }: TrainedOnBench,
  { data }: StageServices,
  stops: readonly number[],
): Promise<ExpectedRow[]> {
  const dataset = datasetNamed(definition.datasets, model.dataset)
  const plan = planDataset(dataset)
  const version = await datasetVersion(data.metadata, model.dataset)
  if (plan.key === null || plan.time === null || stops.length === 0) return []
  const newest = stops.at(-1)!
  const length = (newest - stops[0]! + hourMs) / day
  const asTraining: ModelDefinition = {
    ...model,
    task: 'regression',
    target: { op: 'literal', value: 1 },
    segments: {},
    split: { testDays: length, validationDays: length, trainingDays: length, maxRows: Number.MAX_SAFE_INTEGER },
  }
  const set = await buildTrainingSet(data, definition, asTraining, { cutOff: newest })
  const examples = await readTrainingSet(data, set, 'test', 'evaluation')
  const read = readModel(bytes)
  const width = outputWidth(read)
  const scores = new Evaluator(read).predictRows(rowsFor(read.features, examples)!)
  const best = (row: number): number =>
    width === 1 ? scores[row]! : Math.max(...scores.subarray(row * width, (row + 1) * width))
  const { sent } = requestColumns(model, dataset)
  const files = await filesOf(data, version, set.parts.test)
  const table = await data.tables.read(files, {
    columns: sent.map(({ name, type }) => ({ name, type })),
    where: [{ name: plan.time, type: 'time', above: set.parts.test.from, atMost: newest }],
  })
  const requests = requestsByKey(table, plan.key, sent)
  const rows: ExpectedRow[] = []
  for (let row = 0; row < examples.rows; row += 1) {
    const key = examples.keys?.kind === 'text' ? textAt(examples.keys, row) : null
    const request = key === null ? undefined : requests.get(key)
    if (request) rows.push({ key: key!, time: examples.times[row]!, request, expected: best(row) })
  }
  return rows.sort((a, b) => a.time - b.time || (a.key < b.key ? -1 : 1))
}

function requestsByKey(
  table: Table,
  key: string,
  sent: readonly { name: string; type: string }[],
): Map<string, Request> {
  const requests = new Map<string, Request>()
  for (let row = 0; row < table.rows; row += 1) {
    const values = rowAt(table, row)
    const request: Request = {}
    for (const { name, type } of sent) {
      const value = values[name] ?? null
      request[name] = type === 'boolean' && value !== null ? value === 1 : value
    }
    requests.set(String(values[key]), request)
  }
  return requests
}
