import { messageOf } from '../base/errors.ts'
import type { Golden } from '../contract/training.ts'
import type { SlotMeasurement } from '../domain/registry/gates.ts'

/** The first requests find cold code; they are not what users will see. */
const warmUp = 20

/**
 * Tries a version on a prediction service over real HTTP, as its callers will: the golden rows with all inputs given, requests with features
 * looked up for the latency, and one request that does not fit.
 */
export async function probeSlot(
  address: string,
  endpoint: string,
  version: string,
  golden: Golden,
): Promise<SlotMeasurement> {
  const url = `${address}/v2/models/${encodeURIComponent(endpoint)}/versions/${encodeURIComponent(version)}/infer`
  const measured: SlotMeasurement = {
    latenciesMs: [],
    goldenDifference: 0,
    goldenRows: 0,
    refusesWrongType: false,
    fault: null,
  }
  const ask = async (body: unknown): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
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
    for (const [place, request] of golden.requests.entries()) {
      const begun = performance.now()
      const response = await ask(request)
      const text = await response.text()
      if (!response.ok)
        return { ...measured, fault: `the prediction service refused a row of the dataset: ${text.slice(0, 200)}` }
      if (place >= warmUp) measured.latenciesMs.push(performance.now() - begun)
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
    return { ...measured, fault: `the prediction service did not answer: ${messageOf(error)}` }
  }
}
