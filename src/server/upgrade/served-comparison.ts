import type { Definition } from '../../contract/definition.ts'
import type { UpgradeReport } from '../../contract/upgrade.ts'
import { checkLoad, type LoadMeasurement } from '../../domain/delivery/checks/load.ts'
import type { UpgradeEvidence } from '../../domain/delivery/upgrade-verdict.ts'
import { sortedQuantile } from '../../stats/intervals.ts'
import { askEndpoint, inferUrl } from '../ci/served-answers.ts'
import { loadTest } from '../load-test.ts'
import type { Side } from './side.ts'

type Served = Pick<UpgradeEvidence, 'answers' | 'load' | 'memoryMb' | 'overBudget'>

const callers = 8
const leastRounds = 5
const mostRounds = 8

/**
 * Asks both sides for what was recorded before the upgrade, then puts both under the same load in rounds that alternate, so that whatever else
 * the machine does falls on both; the quietest round of each counts.
 *
 * @param definition with the upgrade, for its budgets.
 */
export async function compareServed(
  before: Side,
  after: Side,
  definition: Definition,
  { full, signal }: { full: boolean; signal: AbortSignal },
): Promise<Served> {
  const served: Served = { answers: [], load: [], memoryMb: null, overBudget: [] }
  const [from, to] = [before.predictor, after.predictor]
  if (from === null || to === null) return served
  const measured = new Map<string, LoadMeasurement>()
  for (const [endpoint, { requests }] of Object.entries(before.report.golden)) {
    // One that is gone is a matter of the definition, which the checks know.
    if (!after.report.golden[endpoint] || requests.length === 0) continue
    const answers = { endpoint, asked: requests.length, refused: 0, differs: 0, largest: 0 }
    const bodies: unknown[] = []
    for (const { request } of requests) {
      signal.throwIfAborted()
      const [was, is] = [await askEndpoint(from, endpoint, request), await askEndpoint(to, endpoint, request)]
      if (!was.answer) continue
      if (!is.answer) {
        answers.refused += 1
        continue
      }
      bodies.push(request)
      const { isOther, by } = difference(was.answer, is.answer)
      if (isOther) answers.differs += 1
      answers.largest = Math.max(answers.largest, by)
    }
    served.answers.push(answers)
    if (bodies.length === 0) continue
    const isEnough = (load: LoadMeasurement): boolean =>
      checkLoad(definition, new Map([[endpoint, load]])).outcome === 'passed'
    const once = (predictor: string): Promise<LoadMeasurement> =>
      loadTest({
        url: inferUrl(predictor, endpoint),
        requests: bodies,
        callers,
        seconds: full ? 5 : 1,
        rounds: 1,
        isEnough,
        signal,
      })
    const pairs: { old: LoadMeasurement; now: LoadMeasurement }[] = []
    for (let round = 0; round < mostRounds; round += 1) {
      signal.throwIfAborted()
      // Who comes first changes, too.
      const isOldFirst = round % 2 === 0
      const first = await once(isOldFirst ? from : to)
      const second = await once(isOldFirst ? to : from)
      pairs.push(isOldFirst ? { old: first, now: second } : { old: second, now: first })
      if (round + 1 >= leastRounds && pairs.some(({ now }) => isEnough(now))) break
    }
    const [old, now] = [quietest(pairs.map((pair) => pair.old)), quietest(pairs.map((pair) => pair.now))]
    measured.set(endpoint, now)
    const ratio = sortedQuantile(
      pairs.map((pair) => pair.now.p50Ms / pair.old.p50Ms).sort((a, b) => a - b),
      0.5,
    )
    served.load.push({ endpoint, before: speedOf(old), after: speedOf(now), ratio })
  }
  served.overBudget = checkLoad(definition, measured).findings.map(({ place, message }) => ({
    endpoint: place.split('.')[1] ?? place,
    message,
  }))
  if (served.load.length === 0) return served
  const [was, is] = [await memoryOf(from), await memoryOf(to)]
  return { ...served, memoryMb: was !== null && is !== null ? { before: was, after: is } : null }
}

/** What else the machine does only ever adds to a latency. */
const quietest = (rounds: readonly LoadMeasurement[]): LoadMeasurement => ({
  ...rounds.reduce((best, each) => (each.p99Ms < best.p99Ms ? each : best)),
  p50Ms: Math.min(...rounds.map(({ p50Ms }) => p50Ms)),
  failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
  failure: rounds.find(({ failure }) => failure !== null)?.failure ?? null,
})

const speedOf = ({ p50Ms, p99Ms, requestsPerSecond }: LoadMeasurement): UpgradeReport['load'][number]['after'] => ({
  p50Ms,
  p99Ms,
  requestsPerSecond,
})

interface Answer {
  prediction: string | number | boolean
  probability: number | null
}

/** Whether two answers differ, and their values or probabilities by how much. */
function difference(a: Answer, b: Answer): { isOther: boolean; by: number } {
  const numberOf = ({ prediction, probability }: Answer): number | null =>
    probability ?? (typeof prediction === 'number' ? prediction : null)
  const [from, to] = [numberOf(a), numberOf(b)]
  const by = from === null || to === null ? 0 : Math.abs(from - to)
  return { isOther: by > 0 || a.prediction !== b.prediction, by }
}

/** Resident memory in MiB, as the prediction service tells Prometheus; null from one that does not. */
async function memoryOf(predictor: string): Promise<number | null> {
  const text = await fetch(`${predictor}/metrics`).then(
    (response) => response.text(),
    () => '',
  )
  const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]
  return bytes === undefined ? null : Number(bytes) / 2 ** 20
}
