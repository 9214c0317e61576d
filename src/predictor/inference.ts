import { MillwrightError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { PredictionRecord } from '../contract/serving.ts'
import { inferenceAnswer } from '../domain/serving/inference-answer.ts'
import { type InferenceRequest, readInferenceRequest } from '../domain/serving/inference-request.ts'
import type { ComputedInputs } from '../domain/serving/model-inputs.ts'
import type { Score } from '../domain/serving/scorer.ts'
import { chooseSlot, placeOf } from '../domain/serving/traffic.ts'
import type { LoadedEndpoint } from './endpoints.ts'
import type { LoadedSlot } from './loaded-slot.ts'
import type { PredictorMetrics } from './metrics.ts'
import type { PredictionLog } from './prediction-log.ts'

export interface Inference {
  now(): number
  log: PredictionLog
  metrics: PredictorMetrics
}

/** Lines that may wait for the disk under `best-effort` before further ones are dropped and counted. */
const inputsAsLogged = (names: readonly string[], { values }: ComputedInputs): PredictionRecord['inputs'] => {
  const inputs: PredictionRecord['inputs'] = {}
  for (let at = 0; at < names.length; at += 1) {
    const value = values[at]!
    inputs[names[at]!] = typeof value === 'number' && Number.isNaN(value) ? null : value
  }
  return inputs
}

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

/**
 * Answers a request: reads it, computes the inputs as of each row's time, scores them, logs every row, and only then answers.
 *
 * @param wanted a version by number or id; null lets the traffic's shares decide.
 */
export async function infer(
  endpoint: LoadedEndpoint,
  wanted: string | null,
  body: unknown,
  around: Inference,
): Promise<unknown> {
  const started = process.hrtime.bigint()
  const reference = endpoint.slots.find(({ slot }) => slot.role === 'primary') ?? endpoint.slots[0]
  if (!reference) throw new MillwrightError('unavailable', `no version of "${endpoint.name}" is loaded yet`)
  const request = readInferenceRequest(body, reference.slot.version.signature)
  const id = request.id ?? newId('req')
  const answering = chosen(endpoint, request, id, wanted)
  const isProbe = answering.slot.role === 'candidate'
  // Shadows answer the same rows for comparison; nobody sees it. A probe concerns its candidate alone.
  const shadows =
    isProbe || wanted !== null
      ? []
      : endpoint.slots.filter((loaded) => loaded.slot.role === 'shadow' && loaded !== answering)
  const now = around.now()

  const computed = new Map<string, ComputedInputs[]>()
  const inputsOf = (loaded: LoadedSlot): ComputedInputs[] => {
    const known = computed.get(loaded.inputsKey)
    if (known) return known
    const fresh = request.rows.map((row, index) => loaded.inputs.compute(row, now, request.given?.[index] ?? null))
    computed.set(loaded.inputsKey, fresh)
    return fresh
  }

  const inputs = inputsOf(answering)
  const scores = inputs.map(({ values }) => answering.scorer.score(values))
  const written: Promise<void>[] = []
  const ids: string[] = []
  if (!isProbe) {
    const latencyUs = Number((process.hrtime.bigint() - started) / 1000n)
    const write = (
      loaded: LoadedSlot,
      row: number,
      computedRow: ComputedInputs,
      score: Score | null,
      error: string | null,
    ) => {
      const line = around.log.append((lineId) =>
        JSON.stringify(recordOf(lineId, loaded, row, computedRow, score, error)),
      )
      written.push(line.written)
      return line.id
    }
    const recordOf = (
      lineId: string,
      loaded: LoadedSlot,
      row: number,
      computedRow: ComputedInputs,
      score: Score | null,
      error: string | null,
    ): PredictionRecord => {
      const sent = request.rows[row]!
      const { keyColumn, timeColumn, names } = loaded.inputs
      const key = keyColumn ? sent[keyColumn] : null
      const time = timeColumn ? sent[timeColumn] : null
      return {
        id: lineId,
        requestId: id,
        endpoint: endpoint.name,
        version: loaded.slot.version.id,
        role: loaded.slot.role,
        key: typeof key === 'string' ? key : null,
        time: now,
        eventTime: typeof time === 'number' ? time : now,
        request: sent,
        inputs: inputsAsLogged(names, computedRow),
        featureAgeMs: computedRow.featureAgeMs,
        score: score?.score ?? null,
        output: score?.output ?? null,
        error,
        latencyUs,
      }
    }
    for (let row = 0; row < scores.length; row += 1) ids.push(write(answering, row, inputs[row]!, scores[row]!, null))
    for (const shadow of shadows) {
      const shadowInputs = inputsOf(shadow)
      for (let row = 0; row < shadowInputs.length; row += 1) {
        let score: Score | null = null
        let error: string | null = null
        try {
          score = shadow.scorer.score(shadowInputs[row]!.values)
        } catch (cause) {
          error = messageOf(cause)
        }
        write(shadow, row, shadowInputs[row]!, score, error)
      }
    }
    const all = Promise.all(written)
    if (endpoint.logging === 'required') await all
    else all.catch(() => around.metrics.dropped(endpoint.name, written.length))
  }
  around.metrics.answered(
    endpoint.name,
    answering.slot.version.id,
    scores.length,
    Number(process.hrtime.bigint() - started) / 1e9,
  )
  const ages = inputs.flatMap(({ featureAgeMs }) => (featureAgeMs === null ? [] : [featureAgeMs]))
  return inferenceAnswer(request, scores, answering.slot.version.signature, {
    model: endpoint.name,
    version: String(answering.slot.version.number),
    id,
    predictionIds: ids,
    featureAgeMs: ages.length > 0 ? Math.max(...ages) : null,
  })
}
