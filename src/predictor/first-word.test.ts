import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startPredictor } from './predictor.ts'

/** A control plane that says what is new after so long. @returns how long a prediction service that starts beside it does not answer. */
async function silenceBeside(saysAfterMs: number | 'never' | 'refuses'): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'millwright first word '))
  const nothingNew = JSON.stringify({
    clock: { mode: 'replay', now: 5 },
    plan: null,
    features: [],
    head: { seq: 0, hash: '' },
  })
  const plane = createServer((request, response) => {
    request.resume()
    if (saysAfterMs === 'never') return
    setTimeout(
      () => {
        response.writeHead(saysAfterMs === 'refuses' ? 500 : 200, { 'content-type': 'application/json' })
        response.end(saysAfterMs === 'refuses' ? '{}' : nothingNew)
      },
      saysAfterMs === 'refuses' ? 0 : saysAfterMs,
    )
  })
  await new Promise<void>((resolve) => plane.listen(0, '127.0.0.1', resolve))
  const { port } = plane.address() as { port: number }
  const server = `http://127.0.0.1:${port}`
  const predictor = await startPredictor({ home, host: '127.0.0.1', port: 0, server, version: '0' })
  try {
    const began = performance.now()
    expect((await fetch(`${predictor.address}/v2/health/live`)).status).toBe(200)
    return performance.now() - began
  } finally {
    plane.closeAllConnections()
    plane.close()
    await predictor.close()
    await rm(home, { recursive: true, force: true })
  }
}

test('after a start it answers when it knows what is new', async () => {
  expect(await silenceBeside(1200)).toBeGreaterThan(1000)
})

test('it answers at once where the control plane does not say, and after three seconds where it is silent', async () => {
  expect(await silenceBeside('refuses')).toBeLessThan(2500)
  const silence = await silenceBeside('never')
  expect(silence).toBeGreaterThan(2500)
})
