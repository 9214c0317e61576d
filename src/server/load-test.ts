import { Agent, request as send } from 'node:http'
import type { LoadMeasurement } from '../domain/delivery/checks/load.ts'

export interface LoadTest {
  url: string
  /** Bodies, asked for in turn. */
  requests: readonly unknown[]
  /** Callers that each ask again as soon as they were answered. */
  callers: number
  seconds: number
  signal?: AbortSignal
}

const warmUp = 100

/** Asks an endpoint from several callers at once, over connections that stay open. */
export async function loadTest({ url, requests, callers, seconds, signal }: LoadTest): Promise<LoadMeasurement> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const bodies = requests.map((request) => Buffer.from(JSON.stringify(request)))
  let next = 0
  let failed = 0
  let failure: string | null = null
  const latencies: number[] = []
  const once = async (isMeasured: boolean): Promise<void> => {
    const body = bodies[next % bodies.length]!
    next += 1
    const begun = performance.now()
    const fault = await ask(url, body, agent)
    if (fault !== null) {
      failed += 1
      failure ??= fault
    }
    if (isMeasured) latencies.push(performance.now() - begun)
  }
  try {
    for (let i = 0; i < warmUp && failed === 0; i += 1) await once(false)
    const begun = performance.now()
    const until = begun + seconds * 1000
    const caller = async (): Promise<void> => {
      while (performance.now() < until && !signal?.aborted) await once(true)
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
  } finally {
    agent.destroy()
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
