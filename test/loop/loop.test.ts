import { mkdtemp, readdir, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  allAtOnce,
  beats,
  boostedTrees,
  days,
  defineProject,
  drift,
  endpoint,
  keepsItsSignature,
  model,
  newData,
  notWorse,
  quality,
  retrain,
} from 'millwright'
import { createClient } from 'millwright/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import {
  day,
  history,
  type Order,
  orderMaker,
  orders,
  replayFrom,
  requestOf,
  returnsParts,
  shop,
  writeHistory,
} from '../fixtures/shop-orders.ts'

const returns = model('returns', {
  ...returnsParts,
  train: boostedTrees({ trees: 40, maxLeaves: 6, stopEarly: 5 }),
  gates: [
    beats('baseline').on('auc').by(0.02),
    notWorse('production').on('log_loss').within(0.01),
    keepsItsSignature(),
  ],
})
const answers = endpoint('returns', returns, { rollout: allAtOnce() })
const watched = quality(answers)
const project = defineProject('shop', {
  replayFrom: new Date(replayFrom),
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [watched, drift(answers, { every: 'week' })],
  triggers: [retrain(returns).on(newData(orders, days(10)))],
})

const order = orderMaker(3)

let server: RunningServer
let predictor: RunningPredictor
let home: string
const client = () => createClient(server.address)

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright loop '))
  await writeHistory(folder, order, 4000)
  home = join(folder, 'home')
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  predictor = await startPredictor({
    home: join(folder, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: 'test',
  })
  const definition = project.define((file) => file)
  await client().apply({ body: { definition, projectDir: folder } })
  expect((await client().apply({ body: { definition, projectDir: folder } })).changes).toEqual([])
}, 60_000)

afterAll(async () => {
  await predictor.close()
  await server.close()
})

async function ask(
  row: Order,
): Promise<{ prediction: boolean; probability: number; version: string; prediction_id: string }> {
  const answer = await fetch(`${predictor.address}/v2/models/returns/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(requestOf(row)),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as never
}

test('the loop turns: data, training, gates, answers, labels, a retrain by itself, a rollback with the same answers', async () => {
  const api = client()
  const { batches } = await api.ingest({ params: { dataset: 'orders' }, body: {} })
  expect(batches.map((batch) => batch.state)).toEqual(['accepted'])
  const first = await api.startRun({ body: { pipeline: 'train-returns', wait: true } })
  expect(first.steps.map((step) => `${step.step} ${step.state}`).sort()).toContain('register succeeded')
  const { version } = await api.modelVersion({ params: { model: 'returns', version: 'production' } })
  expect(version.id).toBe('returns@1')
  expect(version.verdicts.every((verdict) => verdict.passed)).toBe(true)

  // A request that does not fit names the column, and the answer of one that fits is found again, with all that made it.
  const wrong = await fetch(`${predictor.address}/v2/models/returns/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"order_id":"x"}',
  })
  expect([wrong.status, await wrong.json()]).toEqual([400, { error: expect.stringContaining('ordered_at') }])

  const asked: { row: Order; probability: number }[] = []
  for (let hour = 0; hour < 14 * 24; hour += 6) {
    const at = replayFrom + hour * 3_600_000
    const rows = Array.from({ length: 12 }, (_, place) => order(10_000 + hour * 12 + place, at + place * 60_000))
    await api.advanceClock({ body: { to: at + 3_600_000 } })
    for (const row of rows) asked.push({ row, probability: (await ask(row)).probability })
    const pushed = await api.pushRows({ params: { dataset: 'orders' }, body: { rows } })
    expect(pushed).toEqual({ accepted: 12, known: 0 })
    if (hour === 0)
      expect(await api.pushRows({ params: { dataset: 'orders' }, body: { rows } })).toEqual({ accepted: 0, known: 12 })
  }
  await api.advanceClock({ body: { to: replayFrom + 17 * day } })

  const { groups } = await api.quality({ query: { endpoint: 'returns', from: replayFrom, to: replayFrom + 14 * day } })
  const served = groups.find((group) => group.group === 'served')!
  expect(served.predictions).toBe(asked.length)
  expect(served.labelled).toBe(asked.length)
  expect(served.figures.auc!.value).toBeGreaterThan(0.6)

  const { runs } = await api.runs()
  const retrained = runs.filter((run) => run.startedBy.startsWith('trigger:'))
  expect(retrained.length).toBeGreaterThan(0)
  expect(retrained[0]!.reason).toContain('new data')

  // Found again, with its lineage; the value computed online is the value that training computes.
  const { predictions } = await api.predictions({ query: { endpoint: 'returns', key: asked[0]!.row.order_id } })
  expect(predictions[0]).toMatchObject({ score: asked[0]!.probability, version: 'returns@1' })
  const lineage = await api.lineage({ params: { id: predictions[0]!.id }, query: { endpoint: 'returns' } })
  expect(lineage.steps.map((step) => step.what)).toEqual([
    'prediction',
    'model version',
    'rollout',
    'run',
    'code',
    'data',
  ])

  const { endpoint: state } = await api.endpoint({ params: { endpoint: 'returns' } })
  if (state.serving !== 'returns@1') {
    const back = await api.rollback({ params: { endpoint: 'returns' }, body: {} })
    expect(back.tookMs).toBeLessThan(2000)
    expect((await ask(asked[0]!.row)).version).toBe(back.serving.split('@')[1])
  }
  expect(await api.verifyEvents()).toMatchObject({ broken: null })
}, 120_000)

test('garbage: a dry run changes nothing; then what nothing refers to goes, and what is in use stays', async () => {
  const api = client()
  const { hash } = await server.plane.data.blobs.put(new TextEncoder().encode('nobody refers to this'))
  const old = new Date(Date.now() - 2 * 3_600_000)
  for (const folder of await readdir(join(home, 'blobs'))) {
    if (folder === 'incoming') continue
    for (const name of await readdir(join(home, 'blobs', folder)))
      await utimes(join(home, 'blobs', folder, name), old, old)
  }
  const dry = await api.collectGarbage({ body: {} })
  expect(dry.items).toContainEqual({ kind: 'blob', name: hash, bytes: 21, why: 'nothing refers to it' })
  expect(await server.plane.data.blobs.has(hash)).toBe(true)
  const done = await api.collectGarbage({ body: { dryRun: false } })
  expect(done.blobs).toEqual(dry.blobs)
  expect(await server.plane.data.blobs.has(hash)).toBe(false)
  const { version } = await api.modelVersion({ params: { model: 'returns', version: 'production' } })
  for (const kept of [
    version.modelHash,
    version.onnxHash,
    version.referenceHash,
    version.goldenHash,
    version.cardHash,
  ]) {
    expect(await server.plane.data.blobs.has(kept!)).toBe(true)
  }
  const rerun = await api.startRun({ body: { pipeline: 'train-returns', wait: true } })
  expect(rerun.run.state).toBe('succeeded')
})
