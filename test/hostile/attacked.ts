import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { goodClients, type Told } from './good-client.ts'
import { type BothProcesses, bothProcesses, type Running } from './processes.ts'
import { pause } from './raw.ts'

export const patienceMs = 2000
export const mostConnections = 300
/** Whoever behaves waits no longer than this, on a machine that does the attacking, and other things, too: it tells slow from stuck. */
const mostWaitMs = 10_000

export interface Attacked {
  readonly both: BothProcesses
  /** Where each process takes a body of JSON. */
  taking(): [Running, string, string][]
}

/** Both processes for the tests of a file; beside every attack somebody goes on who has nothing to do with it, and is not disturbed. */
export function attacked(): Attacked {
  let both: BothProcesses
  let endGood: () => Promise<Record<'server' | 'predictor', Told>>
  beforeAll(async () => {
    both = await bothProcesses({
      MILLWRIGHT_HTTP_PATIENCE: String(patienceMs / 1000),
      MILLWRIGHT_HTTP_CONNECTIONS: String(mostConnections),
    })
  }, 120_000)
  afterAll(async () => {
    await both?.close()
  })
  beforeEach(() => {
    endGood = goodClients(both)
  })
  afterEach(async (context) => {
    await pause(100)
    for (const [process, { asked, failures, worstMs }] of Object.entries(await endGood())) {
      expect({ process, failures }).toEqual({ process, failures: [] })
      expect(asked).toBeGreaterThan(1)
      expect(worstMs, `${context.task.name}: the worst wait at the ${process}`).toBeLessThan(mostWaitMs)
    }
    expect(both.server.isUp() && both.predictor.isUp()).toBe(true)
  })
  return {
    get both() {
      return both
    },
    taking: () => [
      [both.server, 'control plane', '/api/plan'],
      [both.predictor, 'prediction service', '/v2/models/small/infer'],
    ],
  }
}

export const json = { 'content-type': 'application/json' }

export async function until(holds: () => boolean): Promise<void> {
  for (const begun = performance.now(); !holds(); await pause(50))
    if (performance.now() - begun > 20_000) throw new Error('waited for 20 s')
}
