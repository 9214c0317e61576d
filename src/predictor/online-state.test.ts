import { mkdtemp, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { textVector } from '../base/columns.ts'
import { datasetSchema, type Feature, featureViewSchema } from '../contract/definition.ts'
import type { ServingPlan } from '../contract/serving.ts'
import { planFeatureView } from '../domain/features/feature-view.ts'
import { encodeFeatureBatch } from '../ports/feature-batch.ts'
import { OnlineState, type SentFeatures } from './online-state.ts'
import { startPredictor } from './predictor.ts'

const hour = 3_600_000
const start = Date.UTC(2001, 0, 1)
const dataset = datasetSchema.parse({
  name: 'orders',
  time: 'at',
  columns: [
    { name: 'at', type: 'time' },
    { name: 'shop', type: 'ref', entity: 'shop' },
    { name: 'price', type: 'number' },
  ],
})
const price = (name: string, aggregate: Feature['aggregate'], windowMs: number | null): Feature => ({
  name,
  aggregate,
  of: { op: 'column', column: 'price' },
  windowMs,
  ttlMs: null,
})
const view = featureViewSchema.parse({
  name: 'prices',
  entity: 'shop',
  dataset: 'orders',
  by: 'shop',
  knownAt: 'at',
  features: [price('mean_24h', 'mean', 24 * hour), price('latest', 'last', null)],
})
const { hash, reach } = planFeatureView(view, dataset)
const plan: ServingPlan = {
  revision: 'r',
  endpoints: [],
  entities: [],
  definitions: [{ hash: 'd', datasets: [dataset], featureViews: [view] }],
}

/** An hour's events of two thousand shops, of which half come and go. */
function hourOf(seq: number, events = 5000): SentFeatures {
  const shop = (i: number) => (i % 2 === 0 ? `shop ${i % 1000}` : `stall ${(i % 1000) + 100 * (seq % 40)}`)
  const record = encodeFeatureBatch({
    seq,
    view: 'prices',
    viewHash: hash,
    reach,
    through: { version: null, pushed: seq },
    entities: textVector(Array.from({ length: events }, (_, i) => shop(i))),
    times: Float64Array.from({ length: events }, (_, i) => start + (seq + i / events) * hour),
    values: [Float64Array.from({ length: events }, (_, i) => (i * seq) % 97)],
  })
  return { seq, record: Buffer.from(record).toString('base64') }
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return bytes
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
function inUse(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('memory and disk stay flat over six weeks, and the values right', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright online '))
  const state = await OnlineState.open(folder)
  await state.followViews(plan)
  const before = inUse()
  const used: number[] = []
  const kept: number[] = []
  const hours = 42 * 24
  for (let seq = 1; seq <= hours; seq += 1) {
    await state.take([hourOf(seq)])
    await state.trim(start + seq * hour)
    if (seq % (7 * 24) === 0) {
      used.push(inUse() - before)
      kept.push(await sizeOf(folder))
    }
  }
  // Measured: 6 to 18 MB, and 4 to 6 MB of the 110 MB that came.
  expect(Math.max(...used)).toBeLessThan(40 << 20)
  expect(Math.max(...kept)).toBeLessThan(12 << 20)
  const now = start + (hours + 1) * hour
  const restarted = await OnlineState.open(folder)
  await restarted.followViews(plan)
  for (const shop of ['shop 0', 'shop 998', 'stall 1501', 'stall 4801']) {
    for (const feature of ['mean_24h', 'latest']) {
      expect(restarted.lookup('d').value('prices', feature, shop, now)).toBe(
        state.lookup('d').value('prices', feature, shop, now),
      )
    }
  }
  expect(state.lookup('d').value('prices', 'mean_24h', 'shop 0', now)).toBeGreaterThan(0)
  expect(state.lookup('d').value('prices', 'latest', 'stall 4801', now)).not.toBeNaN()
  await restarted.close()
  await state.close()
}, 180_000)

test('a prediction service forgets as its clock moves on', async () => {
  const hours = 120
  const plane = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = JSON.parse(Buffer.concat(parts).toString()) as { featureSeq: number; revision: string }
    const seq = Math.min(hours, body.featureSeq + 1)
    // Nothing new: an answer is held.
    if (seq === body.featureSeq) await wait(200)
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        clock: { mode: 'replay', now: start + seq * hour },
        plan: body.revision === plan.revision ? null : plan,
        features: seq > body.featureSeq ? [hourOf(seq, 20_000)] : [],
        head: { seq: 0, hash: '' },
      }),
    )
  })
  await new Promise<void>((resolve) => plane.listen(0, '127.0.0.1', resolve))
  const { port } = plane.address() as { port: number }
  const home = await mkdtemp(join(tmpdir(), 'millwright predictor '))
  const predictor = await startPredictor({
    home,
    host: '127.0.0.1',
    port: 0,
    server: `http://127.0.0.1:${port}`,
    version: '0.0.0',
  })
  try {
    const all = hours * Buffer.from(hourOf(1, 20_000).record, 'base64').length
    const isThere = async () => {
      const text = await (await fetch(`${predictor.address}/metrics`)).text()
      return text.includes(`millwright_feature_log_position ${hours}`)
    }
    while (!(await isThere())) await wait(100)
    await wait(300)
    expect(all).toBeGreaterThan(30 << 20)
    expect(await sizeOf(join(home, 'features'))).toBeLessThan(16 << 20)
  } finally {
    await predictor.close()
    plane.closeAllConnections()
    plane.close()
  }
}, 60_000)
