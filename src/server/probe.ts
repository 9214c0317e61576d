import { messageOf } from '../base/errors.ts'
import type { Golden } from '../contract/training.ts'
import type { SlotMeasurement } from '../domain/registry/gates.ts'
import { predictorHeaders } from './predictor-headers.ts'

/** The first requests find cold code; they are not what users will see. */
const warmUp = 20
const mostRounds = 8
/** Callers at once, as there are in production. */
const callers = 4

const p99 = (latencies: readonly number[]): number =>
  [...latencies].sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0

/** Every request once, from several callers. */
async function underLoad(
  requests: readonly unknown[],
  ask: (body: unknown) => Promise<Response>,
): Promise<{ latencies: number[]; fault: string | null }> {
  const latencies: number[] = []
  let fault: string | null = null
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < requests.length && fault === null) {
      const request = requests[next]
      next += 1
      const begun = performance.now()
      const response = await ask(request)
      const text = await response.text()
      if (!response.ok) fault = `the prediction service refused a row of the dataset: ${text.slice(0, 200)}`
      latencies.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { latencies, fault }
}

/**
 * Tries a version on a prediction service over real HTTP, as its callers will: the golden rows with all inputs given, requests with features
 * looked up for the latency, and one request that does not fit.
 *
 * @returns what was measured, and whether the connection was cut off.
 * @param p99Ms of the latency, from several callers at once: when it is met, no further round is asked for.
 */
export async function probeSlot(
  address: string,
  endpoint: string,
  version: string,
  golden: Golden,
  p99Ms = Number.POSITIVE_INFINITY,
): Promise<SlotMeasurement & { wasCutOff: boolean }> {
  const url = `${address}/v2/models/${encodeURIComponent(endpoint)}/versions/${encodeURIComponent(version)}/infer`
  const measured: SlotMeasurement & { wasCutOff: boolean } = {
    wasCutOff: false,
    latenciesMs: [],
    goldenDifference: 0,
    goldenRows: 0,
    refusesWrongType: false,
    fault: null,
  }
  const ask = async (body: unknown): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: predictorHeaders(),
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
  try {
    const count = golden.rows.length
    const answer = await ask({
      inputs: golden.inputs.map((name, place) => {
        const data = golden.rows.map((row) => row[place] ?? null)
        return {
          name,
          shape: [count],
          datatype: data.some((value) => typeof value === 'string') ? 'BYTES' : 'FP64',
          data,
        }
      }),
    })
    const body = (await answer.json()) as { error?: string; outputs?: { name: string; data: unknown[] }[] }
    if (!answer.ok) return { ...measured, fault: `the prediction service refused the golden rows: ${body.error}` }
    const scores =
      body.outputs?.find((output) => output.name === 'probability') ??
      body.outputs?.find((output) => output.name === 'prediction')
    measured.goldenRows = count
    golden.scores.forEach((expected, row) => {
      const best = Array.isArray(expected) ? Math.max(...expected) : expected
      const difference = Math.abs(Number(scores?.data[row]) - best)
      measured.goldenDifference = Math.max(
        measured.goldenDifference,
        Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY,
      )
    })
    for (const request of golden.requests.slice(0, warmUp)) {
      const response = await ask(request)
      const text = await response.text()
      if (!response.ok)
        return { ...measured, fault: `the prediction service refused a row of the dataset: ${text.slice(0, 200)}` }
    }
    // What else the machine does only ever adds to a latency, so the quietest of several rounds is what counts.
    for (let round = 0; round < mostRounds; round += 1) {
      const { latencies, fault } = await underLoad(golden.requests, ask)
      if (fault) return { ...measured, fault }
      const isQuieter = round === 0 || p99(latencies) < p99(measured.latenciesMs)
      if (isQuieter) measured.latenciesMs = latencies
      if (p99(measured.latenciesMs) <= p99Ms) break
    }
    const [first] = golden.requests
    if (first) {
      const [column] = Object.keys(first)
      const wrong = await ask({ ...first, [column!]: { not: 'a value' } })
      await wrong.arrayBuffer()
      measured.refusesWrongType = wrong.status === 400
    }
    return measured
  } catch (error) {
    // What fetch throws when a connection is refused or ends.
    const wasCutOff = error instanceof TypeError
    return { ...measured, wasCutOff, fault: `the prediction service did not answer: ${messageOf(error)}` }
  }
}
