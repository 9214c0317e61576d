import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import {
  atLeast,
  beats,
  boostedTrees,
  canary,
  days,
  defineProject,
  drift,
  endpoint,
  hours,
  keepsItsSignature,
  model,
  quality,
  segment,
  service,
} from '../../src/sdk/index.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import {
  day,
  history,
  type Order,
  orderMaker,
  orders,
  replayFrom,
  requestOf,
  shop,
  writeHistory,
} from '../fixtures/shop-orders.ts'

/** @param auc that a version must reach. */
function projectWith(auc: number) {
  const returns = model('returns', {
    from: orders,
    predicts: orders.column('returned').atLeast(1),
    inputs: [orders.pick('kind', 'price'), history.of('shop')],
    train: boostedTrees({ trees: 30, maxLeaves: 6, stopEarly: 5 }),
    baseline: history.feature('returns_7d').of('shop'),
    segments: { kind: orders.column('kind') },
    gates: [
      beats('baseline').on('auc').by(0.02),
      atLeast('auc', auc),
      segment('kind').on('auc').within(0.5),
      keepsItsSignature(),
    ],
    split: { test: days(14), validation: days(10) },
  })
  const answers = endpoint('returns', returns, { rollout: canary([0.3, 1], { hold: hours(1), minAnswers: 60 }) })
  return defineProject('shop', {
    brief: {
      objective: 'Say at the till which orders will come back',
      owner: 'the returns desk',
      success: 'AUC of 0.65 or better',
      errors: 'A false alarm costs a question',
    },
    replayFrom: new Date(replayFrom),
    entities: [shop],
    datasets: [orders],
    features: [history],
    endpoints: [answers],
    monitors: [quality(answers), drift(answers, { every: 'day' }), service(answers)],
  }).define((file) => file)
}

export interface Orders {
  server: RunningServer
  predictor: RunningPredictor
  client: Client
  /** Asks the endpoint for that many orders. */
  ask(count: number): Promise<void>
  close(): Promise<void>
}

/**
 * A shop whose endpoint has lived: version 1 serves and answered for days, so that monitors measured; 2 was refused; 3 is being rolled out.
 */
export async function liveOrders(): Promise<Orders> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright orders '))
  const make = orderMaker(5)
  let next = 8000
  const order = (at: number): Order => {
    next += 1
    return make(next - 1, at)
  }
  await writeHistory(folder, make, 8000)
  const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  const client = createClient(server.address)
  const predictor = await startPredictor({
    home: join(folder, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: 'test',
  })
  const train = async () => {
    const { run } = await client.startRun({ body: { pipeline: 'train-returns', wait: true } })
    if (run.state !== 'succeeded') throw new Error(`the run ${run.state}: ${run.error}`)
  }
  const apply = (auc: number) => client.apply({ body: { definition: projectWith(auc), projectDir: folder } })
  const answer = async (row: Order) => {
    const response = await fetch(`${predictor.address}/v2/models/returns/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requestOf(row)),
    })
    if (!response.ok) throw new Error(await response.text())
    await response.text()
  }
  await apply(0.6)
  await client.ingest({ params: { dataset: 'orders' }, body: {} })
  await train()
  for (let index = 0; index < 3; index += 1) {
    const at = replayFrom + index * day
    const asked = Array.from({ length: 120 }, (_, place) => order(at + place * 600_000))
    await client.advanceClock({ body: { to: at + 22 * 3_600_000 } })
    for (const row of asked) await answer(row)
    await client.pushRows({ params: { dataset: 'orders' }, body: { rows: asked } })
  }
  await client.advanceClock({ body: { to: replayFrom + 7 * day } })
  await apply(0.99)
  await train()
  await apply(0.6)
  await train()
  return {
    server,
    predictor,
    client,
    ask: async (count) => {
      for (let index = 0; index < count; index += 1) await answer(order(replayFrom + 7 * day - index * 1000))
    },
    close: async () => {
      await predictor.close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
