import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  csv,
  dataset,
  days,
  defineProject,
  entity,
  featureView,
  hours,
  key,
  linear,
  model,
  number,
  ref,
  time,
} from 'millwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { datasetEpochs } from '../../src/domain/data/dataset-rollback.ts'
import { planNamedView } from '../../src/domain/features/feature-view.ts'
import { OnlineStore } from '../../src/domain/features/online-store.ts'
import { decodeFeatureBatch } from '../../src/ports/feature-batch.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { projectFolder } from './shop.ts'

const project = (window = days(2000)) => {
  const shop = entity('shop', 'shop')
  const orders = dataset('orders', {
    source: csv('orders.csv'),
    columns: { id: key(), at: time(), shop: ref(shop), price: number() },
  }).happensAt('at')
  const prices = featureView('prices', {
    entity: shop,
    from: orders,
    by: 'shop',
    features: (f) => ({ mean: f.price.mean().over(window) }),
  })
  const dear = model('dear', {
    from: orders,
    predicts: orders.column('price').atLeast(3),
    inputs: [prices.of('shop')],
    train: linear(),
  })
  return defineProject('shop', { entities: [shop], datasets: [orders], features: [prices], models: [dear] }).define(
    (file) => file,
  )
}

let folder: string
let home: string
let server: RunningServer
let client: Client
const start = async (): Promise<void> => {
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
}
const apply = (definition = project()) => client.apply({ body: { definition, projectDir: folder } })
const at = Date.UTC(2026, 0, 3)

async function ingest(name: string, ...prices: number[]): Promise<number> {
  const lines = prices.map((price, place) => `${name}${place},2026-01-01 0${place}:00:00,north,${price}`)
  await writeFile(join(folder, `${name}.csv`), `id,at,shop,price\n${lines.join('\n')}\n`)
  return (await client.ingest({ params: { dataset: 'orders' }, body: { path: `${name}.csv` } })).version
}

/** What a prediction service that has read the whole log answers. */
async function online(): Promise<number> {
  const { definition } = (await client.project()).applied!
  const epochs = await datasetEpochs(server.plane.data.metadata)
  const prices = planNamedView(definition, 'prices', epochs)
  const store = new OnlineStore([prices])
  for (const { record } of await server.plane.dataStage.read(0, 1000))
    store.apply(decodeFeatureBatch(Buffer.from(record, 'base64')))
  return store.value(prices, 'mean', 'north', at)
}
const rows = async (): Promise<number | undefined> =>
  (await client.dataset({ params: { dataset: 'orders' } })).version?.rows
const back = (version: number, dryRun = false) =>
  client.rollbackDataset({
    params: { dataset: 'orders' },
    body: { version, dryRun, reason: 'a wrong file', actor: 'ada' },
  })

beforeAll(async () => {
  folder = await projectFolder({})
  home = join(folder, '.millwright')
  await start()
  await apply()
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

it('a dataset returns to an earlier version, its features with it, and the versions between stay readable', async () => {
  expect(await ingest('good', 2, 4)).toBe(1)
  expect(await ingest('wrong', 600)).toBe(2)
  expect(await online()).toBe((2 + 4 + 600) / 3)
  const plan = await back(1, true)
  expect(plan).toEqual({
    version: 'orders@3',
    removed: { batches: 1, rows: 1 },
    restored: { batches: 0, rows: 0 },
    depends: ['feature view prices begins anew with the rows that are left'],
  })
  expect(await rows()).toBe(3)
  await back(1)
  expect([await rows(), await online()]).toEqual([2, 3])
  // The same wrong file is known, and does not come in again; another one does.
  expect(await ingest('wrong', 600)).toBe(3)
  expect(await ingest('right', 6)).toBe(4)
  expect([await rows(), await online()]).toEqual([3, 4])
  const { versions } = await client.datasetVersions({ params: { dataset: 'orders' } })
  expect(versions.map(({ number, rows: count }) => [number, count])).toEqual([
    [4, 3],
    [3, 2],
    [2, 3],
    [1, 2],
  ])
  expect(versions[1]).toMatchObject({ reason: 'back to orders@1: a wrong file' })
  const { events } = await client.events({ query: { type: 'dataset.rolled-back' } })
  expect(events).toEqual([expect.objectContaining({ actor: 'user:ada', subject: 'dataset:orders' })])
})

it('what went comes back when it is asked for, and all of it holds after a restart', async () => {
  expect(await back(2)).toMatchObject({ version: 'orders@5', removed: { rows: 1 }, restored: { batches: 1, rows: 1 } })
  expect([await rows(), await online()]).toEqual([3, 202])
  await server.close()
  await start()
  expect([await rows(), await online()]).toEqual([3, 202])
  await expect(back(5)).rejects.toMatchObject({ code: 'conflict' })
  await expect(back(9)).rejects.toMatchObject({ code: 'not-found' })
  await back(1)
  expect(await online()).toBe(3)
})

it('a rollback of a dataset that is asked for again under its key makes no other version', async () => {
  const call = (version: number) => ({
    idempotencyKey: 'back-1',
    params: { dataset: 'orders' },
    body: { version, reason: 'a wrong file', actor: 'ada' },
  })
  const versions = async () => (await client.datasetVersions({ params: { dataset: 'orders' } })).versions.length
  const before = await versions()
  const [one, same] = await Promise.all([client.rollbackDataset(call(2)), client.rollbackDataset(call(2))])
  expect(one).toMatchObject({ version: `orders@${before + 1}`, removed: { rows: 0 }, restored: { rows: 1 } })
  expect(same).toEqual(one)
  await server.close()
  await start()
  expect(await client.rollbackDataset(call(2))).toEqual(one)
  expect(await versions()).toBe(before + 1)
  await expect(client.rollbackDataset(call(1))).rejects.toMatchObject({ code: 'conflict', field: 'idempotency-key' })
  expect(await versions()).toBe(before + 1)
  await back(1)
  expect(await online()).toBe(3)
})

it('a feature view returns to what it was, after saying what reads it', async () => {
  await apply(project(hours(1)))
  expect(await online()).toBeNaN()
  const call = { params: { view: 'prices' } }
  const { depends, changes } = await client.rollbackFeatureView({ ...call, body: { dryRun: true } })
  expect(depends).toEqual(['model dear reads prices: it is to be trained again with the view as it will be'])
  expect(changes).toEqual([expect.objectContaining({ action: 'change', what: 'featureViews.prices' })])
  expect(await online()).toBeNaN()
  const keyed = { ...call, idempotencyKey: 'view-1' }
  const went = await client.rollbackFeatureView({ ...keyed, body: { actor: 'ada' } })
  // Without its key the second one would go to what the first went away from.
  expect(await client.rollbackFeatureView({ ...keyed, body: { actor: 'ada' } })).toEqual(went)
  await expect(client.rollbackFeatureView({ ...keyed, body: { actor: 'eve' } })).rejects.toMatchObject({
    code: 'conflict',
    field: 'idempotency-key',
  })
  const { events } = await client.events({ query: { type: 'feature-view.rolled-back' } })
  expect(events).toEqual([expect.objectContaining({ actor: 'user:ada' })])
  expect(await online()).toBe(3)
  expect((await client.project()).applied!.definition).toEqual(project())
  const { drift } = await client.delivery({ query: { others: 'false' } })
  expect(drift).toEqual([])
  await expect(client.rollbackFeatureView({ params: { view: 'none' }, body: {} })).rejects.toMatchObject({
    code: 'not-found',
  })
})
