import { MillwrightError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { inferenceAnswer } from '../domain/serving/inference-answer.ts'
import { type InferenceRequest, readInferenceRequest } from '../domain/serving/inference-request.ts'
import type { ComputedInputs } from '../domain/serving/model-inputs.ts'
import type { Score } from '../domain/serving/scorer.ts'
import { chooseSlot, placeOf } from '../domain/serving/traffic.ts'
import type { LoadedEndpoint } from './endpoints.ts'
import type { LoadedSlot } from './loaded-slot.ts'
import type { PredictorMetrics } from './metrics.ts'
import type { LineFacts } from './prediction-lines.ts'
import type { PredictionLog } from './prediction-log.ts'

export interface Inference {
  now(): number
  log: PredictionLog
  metrics: PredictorMetrics
}

const nothing: ComputedInputs = { values: [], featureAgeMs: null }

function chosen(endpoint: LoadedEndpoint, request: InferenceRequest, id: string, wanted: string | null): LoadedSlot {
  if (wanted !== null) {
    const slot = endpoint.slots.find(
      ({ slot: { version } }) => String(version.number) === wanted || version.id === wanted,
    )
    if (!slot) throw new MillwrightError('not-found', `version ${wanted} of "${endpoint.name}" is not loaded here`)
    return slot
  }
  const keyColumn = endpoint.slots[0]?.inputs.keyColumn
  const key = keyColumn ? request.rows[0]?.[keyColumn] : null
  const place = placeOf(typeof key === 'string' ? key : id, endpoint.name)
  const picked = chooseSlot(
    endpoint.slots.map((loaded) => ({ role: loaded.slot.role, share: loaded.slot.share, loaded })),
    place,
  )
  if (!picked)
    throw new MillwrightError('unavailable', `no version of "${endpoint.name}" is loaded yet`, {
      hint: 'Deploy one, or wait for the prediction service to fetch it.',
    })
  return picked.loaded
}

/** What one version says of the rows of a request; of a version that fails, the error. */
interface Said {
  inputs: readonly ComputedInputs[]
  scores: readonly Score[]
  fault: unknown
}

function say({ inputs: compute, scorer }: LoadedSlot, request: InferenceRequest, now: number, known?: Said): Said {
  const inputs: ComputedInputs[] = []
  const scores: Score[] = []
  try {
    for (let row = 0; row < request.rows.length; row += 1) {
      const computed = known?.inputs[row] ?? compute.compute(request.rows[row]!, now, request.given?.[row] ?? null)
      inputs.push(computed)
      scores.push(scorer.score(computed.values))
    }
    return { inputs, scores, fault: null }
  } catch (fault) {
    return { inputs, scores: [], fault }
  }
}

/** What was asked, and how long it took to know the answer. */
interface Asked {
  request: InferenceRequest
  id: string
  now: number
  latencyUs: number
}

/**
 * Logs every row of an answer. Of a version that failed every row failed, for none was answered.
 *
 * @returns the ids, and promises that resolve when the lines are written; one for all lines of one write.
 */
function logged(
  { inputs: { keyColumn, timeColumn }, lines }: LoadedSlot,
  { inputs, scores, fault }: Said,
  { request, id, now, latencyUs }: Asked,
  log: PredictionLog,
): { ids: string[]; written: Promise<void>[] } {
  const ids: string[] = []
  const written: Promise<void>[] = []
  const error = fault === null ? null : messageOf(fault)
  for (let row = 0; row < request.rows.length; row += 1) {
    const sent = request.rows[row]!
    const { values, featureAgeMs } = inputs[row] ?? nothing
    const score = scores[row]
    const key = keyColumn ? sent[keyColumn] : null
    const time = timeColumn ? sent[timeColumn] : null
    const facts: LineFacts = {
      requestId: id,
      key: typeof key === 'string' ? key : null,
      time: now,
      eventTime: typeof time === 'number' ? time : now,
      request: sent,
      inputs: values,
      featureAgeMs,
      score: score?.score ?? null,
      output: score?.output ?? null,
      error,
      latencyUs,
    }
    const line = log.append((lineId) => lines.line(lineId, facts))
    ids.push(line.id)
    if (line.written !== written.at(-1)) written.push(line.written)
  }
  return { ids, written }
}

/**
 * Answers a request: reads it, computes the inputs as of each row's time, scores them, logs every row, and only then answers. A version that fails is
 * logged too: a rollout goes back by it.
 *
 * @param wanted a version by number or id; null lets the traffic's shares decide.
 */
export async function infer(
  endpoint: LoadedEndpoint,
  wanted: string | null,
  body: unknown,
  around: Inference,
): Promise<string> {
  const started = performance.now()
  const reference = endpoint.slots.find(({ slot }) => slot.role === 'primary') ?? endpoint.slots[0]
  if (!reference) throw new MillwrightError('unavailable', `no version of "${endpoint.name}" is loaded yet`)
  const request = readInferenceRequest(body, reference.slot.version.signature)
  const id = request.id ?? newId('req')
  const answering = chosen(endpoint, request, id, wanted)
  const { version, role } = answering.slot
  const now = around.now()
  const answer = say(answering, request, now)
  let ids: string[] = []
  let written: Promise<void>[] = []
  if (role !== 'candidate') {
    const asked: Asked = { request, id, now, latencyUs: Math.round((performance.now() - started) * 1000) }
    const own = logged(answering, answer, asked, around.log)
    ids = own.ids
    written = own.written
    // Shadows answer the same rows for comparison; nobody sees it.
    if (wanted === null) {
      for (const shadow of endpoint.slots) {
        if (shadow.slot.role !== 'shadow' || shadow === answering) continue
        const said = say(shadow, request, now, shadow.inputsKey === answering.inputsKey ? answer : undefined)
        for (const each of logged(shadow, said, asked, around.log).written)
          if (each !== written.at(-1)) written.push(each)
      }
    }
  }
  // Written down while the log is: once that is done, all answers of a turn leave one after the other.
  const text = answer.fault === null ? answerText(endpoint, answering, answer, request, id, ids) : ''
  if (written.length > 0) {
    const all = written.length === 1 ? written[0]! : Promise.all(written)
    if (endpoint.logging === 'required') await all
    else all.catch(() => around.metrics.dropped(endpoint.name, request.rows.length))
  }
  if (answer.fault !== null) throw answer.fault
  around.metrics.answered(endpoint.name, version.id, request.rows.length, (performance.now() - started) / 1000)
  return text
}

function answerText(
  endpoint: LoadedEndpoint,
  { slot: { version } }: LoadedSlot,
  { inputs, scores }: Said,
  request: InferenceRequest,
  id: string,
  predictionIds: string[],
): string {
  let featureAgeMs: number | null = null
  for (const { featureAgeMs: age } of inputs)
    if (age !== null && (featureAgeMs === null || age > featureAgeMs)) featureAgeMs = age
  return JSON.stringify(
    inferenceAnswer(request, scores, version.signature, {
      model: endpoint.name,
      version: String(version.number),
      id,
      predictionIds,
      featureAgeMs,
    }),
  )
}
