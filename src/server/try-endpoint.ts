import { MillwrightError, messageOf } from '../base/errors.ts'
import type { Json } from '../contract/pipeline.ts'
import type { PredictionRecord } from '../contract/serving.ts'
import type { ControlPlane } from './control-plane.ts'
import { predictorHeaders } from './predictor-headers.ts'

const limitMs = 10_000
/** Prediction services bring their log every second. */
const recordWaitMs = 3000

/**
 * Asks an endpoint as an application would, and waits for the line of the log that says what the answer was made of.
 *
 * @throws `unavailable` without a prediction service, or when it fails; `invalid-request` in its own words when it refuses.
 */
export async function askEndpoint(
  { sessions, traffic }: Pick<ControlPlane, 'sessions' | 'traffic'>,
  endpoint: string,
  request: Record<string, Json>,
  version: string | null,
): Promise<{ address: string; tookMs: number; answer: Record<string, Json>; record: { id: string } | null }> {
  const [service] = sessions.connected()
  if (!service)
    throw new MillwrightError('unavailable', 'no prediction service is connected', {
      hint: 'Start one with `millwright predictor`.',
    })
  const at = version === null ? '' : `/versions/${addressPart(version, 'version')}`
  const begun = performance.now()
  const response = await fetch(`${service.address}/v2/models/${addressPart(endpoint, 'endpoint')}${at}/infer`, {
    method: 'POST',
    headers: predictorHeaders(),
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(limitMs),
  }).catch((error: unknown) => {
    throw new MillwrightError('unavailable', `${service.address} does not answer: ${messageOf(error)}`)
  })
  const tookMs = performance.now() - begun
  const answer = (await response.json()) as Record<string, Json>
  if (!response.ok)
    throw new MillwrightError(response.status < 500 ? 'invalid-request' : 'unavailable', String(answer.error), {
      field: 'request',
    })
  const id = predictionId(answer)
  const record: PredictionRecord | null = id === null ? null : await traffic.arrived(endpoint, id, recordWaitMs)
  return { address: service.address, tookMs, answer, record: record && { ...record } }
}

/** A name as one part of an address. @throws `invalid-request` for what would be none, or a part above */
function addressPart(name: string, field: string): string {
  if (name !== '' && name !== '.' && name !== '..' && !/\p{Surrogate}/u.test(name)) return encodeURIComponent(name)
  throw new MillwrightError('invalid-request', `this is no name of a ${field}`, { field })
}

/** The id of the first row in the prediction log, in either form of an answer. */
function predictionId(answer: Record<string, Json>): string | null {
  const {
    prediction_id: plain,
    predictions,
    parameters,
  } = answer as {
    prediction_id?: unknown
    predictions?: { prediction_id?: unknown }[]
    parameters?: { prediction_ids?: unknown }
  }
  const found = plain ?? predictions?.[0]?.prediction_id ?? String(parameters?.prediction_ids ?? '').split(' ')[0]
  return typeof found === 'string' && found !== '' ? found : null
}
