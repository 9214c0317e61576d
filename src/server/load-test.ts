import { Agent, request as send } from 'node:http'
import type { LoadMeasurement } from '../domain/delivery/checks/load.ts'

export interface LoadTest {
  url: string
  /** Bodies, asked for in turn. */
  requests: readonly unknown[]
  /** Callers that each ask again as soon as they were answered. */
  callers: number
  /** Of each round. */
  seconds: number
  /** What else the machine does only ever adds to a latency, so the quietest of several rounds is what counts. */
  rounds: number
  /** No further round is asked for when one is good enough. */
  isEnough(measured: LoadMeasurement): boolean
  signal?: AbortSignal
}

const warmUp = 100

/** Asks an endpoint from several callers at once, over connections that stay open. */
export async function loadTest({
  url,
  requests,
  callers,
  seconds,
  rounds,
  isEnough,
  signal,
}: LoadTest): Promise<LoadMeasurement> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const bodies = requests.map((request) => Buffer.from(JSON.stringify(request)))
  let next = 0
  const once = (): Promise<string | null> => {
    next += 1
    return ask(url, bodies[next % bodies.length]!, agent)
  }
  try {
    for (let i = 0; i < warmUp; i += 1) if ((await once()) !== null) break
    let quietest: LoadMeasurement | null = null
    let [failed, failure] = [0, null as string | null]
    for (let round = 0; round < rounds && !signal?.aborted; round += 1) {
      const measured = await oneRound(once, { callers, seconds })
      failed += measured.failed
      failure ??= measured.failure
      if (quietest === null || measured.p99Ms < quietest.p99Ms) quietest = measured
      if (isEnough(measured)) break
    }
    return { ...quietest!, failed, failure }
  } finally {
    agent.destroy()
  }
}

async function oneRound(
  once: () => Promise<string | null>,
  { callers, seconds }: Pick<LoadTest, 'callers' | 'seconds'>,
): Promise<LoadMeasurement> {
  let failed = 0
  let failure: string | null = null
  const latencies: number[] = []
  const begun = performance.now()
  const until = begun + seconds * 1000
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const asked = performance.now()
      const fault = await once()
      latencies.push(performance.now() - asked)
      if (fault === null) continue
      failed += 1
      failure ??= fault
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const took = (performance.now() - begun) / 1000
  latencies.sort((a, b) => a - b)
  const quantile = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return {
    requests: latencies.length,
    failed,
    failure,
    seconds: took,
    callers,
    requestsPerSecond: latencies.length / took,
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
  }
}

/** @returns why it failed, or null. */
function ask(url: string, body: Buffer, agent: Agent): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const call = send(url, { method: 'POST', agent, headers, timeout: 10_000 }, (answer) => {
      const isGood = answer.statusCode === 200
      let said = ''
      answer.on('data', (bytes: Buffer) => {
        if (!isGood) said += bytes
      })
      answer.on('end', () => resolve(isGood ? null : `${answer.statusCode}: ${said.slice(0, 200)}`))
      answer.on('error', (error) => resolve(error.message))
    })
    call.on('timeout', () => call.destroy(new Error('no answer within 10 s')))
    call.on('error', (error) => resolve(error.message))
    call.end(body)
  })
}
