import { appendFileSync, existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StorageJob } from '../../src/contract/routes/storage.ts'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { allAtOnce, atLeast, defineProject, endpoint, model, quality } from '../../src/sdk/index.ts'
import { restoreBackup } from '../../src/server/backup/restore-backup.ts'
import { verifyBackup } from '../../src/server/backup/verify-backup.ts'
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
  smallTrees,
  writeHistory,
} from '../fixtures/shop-orders.ts'

const returns = model('returns', {
  ...returnsParts,
  train: smallTrees,
  gates: [atLeast('auc', 0.5)],
})
const answers = endpoint('returns', returns, { rollout: allAtOnce() })
const project = defineProject('shop', {
  replayFrom: new Date(replayFrom),
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [quality(answers)],
})

const order = orderMaker(11)
const actor = 'user:test'
let folder: string
let server: RunningServer
let predictor: RunningPredictor
let client: Client

/** What a client was told is kept, with when it asked and when it was told. */
interface Told {
  id: string
  asked: number
  told: number
}
const pushed: (Told & { row: Order })[] = []
const predicted: Told[] = []
let next = 100_000

async function push(): Promise<void> {
  const rows = Array.from({ length: 5 }, (_, place) => order(next + place, replayFrom + (next % 5000) * 1000 + place))
  next += rows.length
  const asked = performance.now()
  expect(await client.pushRows({ params: { dataset: 'orders' }, body: { rows } })).toEqual({ accepted: 5, known: 0 })
  for (const row of rows) pushed.push({ id: row.order_id, asked, told: performance.now(), row })
}

async function predict(): Promise<void> {
  next += 1
  const asked = performance.now()
  const answer = await fetch(`${predictor.address}/v2/models/returns/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(requestOf(order(next, replayFrom + (next % 5000) * 1000))),
  })
  const { prediction_id } = (await answer.json()) as { prediction_id: string }
  predicted.push({ id: prediction_id, asked, told: performance.now() })
}

const start = (home: string) => startServer({ home, host: '127.0.0.1', port: 0 })
const startPredictorOf = (home: string, address: string) =>
  startPredictor({ home, host: '127.0.0.1', port: 0, server: address, version: 'test' })

async function ended(of: Client, { job }: { job: StorageJob }): Promise<StorageJob> {
  for (;;) {
    const { job: now } = await of.storageJob()
    expect(now?.id).toBe(job.id)
    if (now!.endedAt !== null) return now!
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
async function backUp(dir: string, keep?: number) {
  const { error, backup } = await ended(client, await client.makeBackup({ body: { dir, ...(keep ? { keep } : {}) } }))
  expect(error).toBeNull()
  return backup!
}

/** Every id that a home's own copy of the prediction logs has, shipped or not. */
async function idsOfPredictions(home: string): Promise<Set<string>> {
  const ids = new Set<string>()
  for (const within of ['predictions', 'predictor/predictions']) {
    if (!existsSync(join(home, within))) continue
    for (const entry of await readdir(join(home, within), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ndjson')) continue
      const segment = entry.name.slice(0, -'.ndjson'.length)
      const text = await readFile(join(entry.parentPath, entry.name), 'utf8')
      const lines = text.split('\n').slice(0, -1)
      for (const place of lines.keys()) ids.add(`${segment}.${place}`)
    }
  }
  return ids
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright backup '))
  await writeHistory(folder, order, 2500)
  server = await start(join(folder, 'home'))
  client = createClient(server.address)
  predictor = await startPredictorOf(join(folder, 'home/predictor'), server.address)
  await client.apply({ body: { definition: project.define((file) => file), projectDir: folder } })
  await client.ingest({ params: { dataset: 'orders' }, body: {} })
  const { run } = await client.startRun({ body: { pipeline: 'train-returns', wait: true } })
  expect(run.error).toBeNull()
  await client.advanceClock({ body: { to: replayFrom + day / 2 } })
}, 120_000)
afterAll(async () => {
  await predictor?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

test('backups made while everything goes on hold all that was acknowledged before, nothing of what came after, and nothing twice', async () => {
  let isOver = false
  const goOn = async (work: () => Promise<void>): Promise<void> => {
    while (!isOver) await work()
  }
  const traffic = [goOn(push), goOn(predict), goOn(predict)]
  const training = client.startRun({ body: { pipeline: 'train-returns', force: true, wait: true } })
  const made: { id: string; begun: number; ended: number }[] = []
  try {
    for (let turn = 0; turn < 4; turn += 1) {
      const [rows, answered] = [pushed.length, predicted.length]
      await expect.poll(() => pushed.length > rows && predicted.length > answered, { timeout: 30_000 }).toBe(true)
      const begun = performance.now()
      const { id, damaged } = await backUp(join(folder, 'backups'))
      expect(damaged).toEqual([])
      made.push({ id, begun, ended: performance.now() })
      // A day that is over is closed: rows move from the log of pushes into a batch.
      await client.advanceClock({ body: { to: replayFrom + (turn + 2) * day } })
    }
  } finally {
    isOver = true
    await Promise.all([...traffic, training])
  }

  for (const [turn, { id, begun, ended: end }] of made.entries()) {
    expect((await verifyBackup(join(folder, 'backups'), id)).faults).toEqual([])
    const home = join(folder, `restored ${turn}`)
    await restoreBackup(join(folder, 'backups'), home, { id, actor })
    const shipped = await idsOfPredictions(home)
    const surely = predicted.filter(({ told }) => told < begun)
    expect(surely.length).toBeGreaterThan(0)
    expect(surely.filter((each) => !shipped.has(each.id))).toEqual([])
    const after = new Set(predicted.filter(({ asked }) => asked > end).map((each) => each.id))
    expect([...shipped].filter((each) => after.has(each))).toEqual([])

    const again = await start(home)
    const restored = createClient(again.address)
    try {
      expect(await restored.verifyEvents()).toMatchObject({ broken: null })
      const { events } = await restored.events({ query: { limit: 5, type: 'backup.restored' } })
      expect(events).toMatchObject([{ actor, data: { backup: id } }])
      // A row that is there is known; one that is not is taken. Each is asked for again, as a client would that heard no answer.
      const before = pushed.filter(({ told }) => told < begun).map(({ row }) => row)
      const later = pushed.filter(({ asked }) => asked > end).map(({ row }) => row)
      expect(before.length).toBeGreaterThan(0)
      const { accepted } = await restored.pushRows({ params: { dataset: 'orders' }, body: { rows: before } })
      expect([turn, accepted]).toEqual([turn, 0])
      if (later.length > 0)
        expect(await restored.pushRows({ params: { dataset: 'orders' }, body: { rows: later } })).toEqual({
          accepted: later.length,
          known: 0,
        })
      // What was running is taken up, and its end is an end.
      await expect
        .poll(async () => (await restored.runs()).runs.map(({ state }) => state), { timeout: 60_000 })
        .not.toContain('running')
      expect((await restored.runs()).runs.every(({ state }) => state === 'succeeded')).toBe(true)
    } finally {
      await again.close()
    }
  }
}, 240_000)

test('a backup of a home at rest gives the same home: every file, every answer', async () => {
  const dir = join(folder, 'backups')
  const { version } = await client.modelVersion({ params: { model: 'returns', version: 'production' } })
  const asked = requestOf(order(7, replayFrom + 5 * day))
  const ask = async (of: RunningPredictor): Promise<unknown> => {
    const answer = await fetch(`${of.address}/v2/models/returns/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    })
    const { prediction_id: _, id: __, ...rest } = (await answer.json()) as Record<string, unknown>
    return rest
  }
  const before = await ask(predictor)
  const measured = (of: Client) =>
    of.quality({ query: { endpoint: 'returns', from: replayFrom, to: replayFrom + 6 * day } })
  const shipped = async () => (await measured(client)).groups.find(({ group }) => group === 'served')?.predictions
  await expect.poll(shipped, { timeout: 30_000 }).toBe(predicted.length + 1)
  const { id } = await backUp(dir)
  const home = join(folder, 'the same')
  const manifest = await restoreBackup(dir, home, { id, actor })
  const left: string[] = []
  for (const { path, size } of manifest.files) {
    if (path === 'metadata.db') continue
    const [one, other] = [await readFile(join(folder, 'home', path)), await readFile(join(home, path))]
    if (!one.subarray(0, size).equals(other)) left.push(path)
  }
  expect(left).toEqual([])
  const again = await start(home)
  const service = await startPredictorOf(join(home, 'predictor'), again.address)
  try {
    const restored = createClient(again.address)
    const all = async (of: Client) => ({
      datasets: await of.datasets(),
      versions: await of.datasetVersions({ params: { dataset: 'orders' } }),
      models: await of.modelVersions({ params: { model: 'returns' } }),
      endpoint: (await of.endpoint({ params: { endpoint: 'returns' } })).endpoint,
      runs: await of.runs(),
      quality: await measured(of),
      project: await of.project(),
    })
    expect(await all(restored)).toEqual(await all(client))
    expect(await ask(service)).toEqual(before)
    expect(version.state).toBe('registered')
  } finally {
    await service.close()
    await again.close()
  }
}, 120_000)

describe('what goes wrong is named, and nothing is made worse', () => {
  const damage = async (path: string): Promise<void> => {
    await chmod(path, 0o600)
    const bytes = await readFile(path)
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    await writeFile(path, bytes)
  }

  test('a second backup writes what is new alone, and old ones go with the bytes that only they had', async () => {
    const dir = join(folder, 'incremental')
    const first = await backUp(dir)
    const sizes = await folderBytes(dir)
    const second = await backUp(dir)
    // The records are one file, which is new with every event.
    const { manifest } = await verifyBackup(dir)
    const records = manifest.files.find(({ path }) => path === 'metadata.db')!
    expect(first.newBytes).toBeGreaterThan(records.size)
    expect(second.newBytes).toBe(records.size)
    await push()
    const third = await backUp(dir, 1)
    expect(third.dropped).toBe(2)
    expect((await verifyBackup(dir)).faults).toEqual([])
    expect(await folderBytes(dir)).toBeLessThan(sizes * 1.2)
  })

  test('a damaged or missing part of a backup is named; it is not restored, and no half of a home stays', async () => {
    const dir = join(folder, 'damaged')
    await backUp(dir)
    const { manifest } = await verifyBackup(dir)
    const model = manifest.files.find(({ path }) => path.startsWith('blobs/'))!
    const object = join(dir, 'objects', model.hash.slice(0, 2), model.hash)
    const good = await readFile(object)
    const home = join(folder, 'none')
    await damage(object)
    expect((await verifyBackup(dir)).faults).toEqual([`${model.path} no longer matches its hash`])
    await expect(restoreBackup(dir, home, { actor })).rejects.toMatchObject({ code: 'corrupt-blob' })
    await rm(object)
    expect((await verifyBackup(dir)).faults).toEqual([`${model.path} is missing`])
    await expect(restoreBackup(dir, home, { actor })).rejects.toThrow(`${model.hash} in ${dir} is missing`)
    expect([existsSync(home), existsSync(`${home}.restoring`)]).toEqual([false, false])
    await writeFile(object, good)
    const records = manifest.files.find(({ path }) => path === 'metadata.db')!
    await truncate(join(dir, 'objects', records.hash.slice(0, 2), records.hash), records.size - 4096)
    expect((await verifyBackup(dir)).faults).toEqual(['metadata.db no longer matches its hash'])
    appendFileSync(join(dir, 'backups', `${manifest.id}.json`), ' ')
    const text = await readFile(join(dir, 'backups', `${manifest.id}.json`), 'utf8')
    await writeFile(join(dir, 'backups', `${manifest.id}.json`), text.replace('"project":"shop"', '"project":"shed"'))
    await expect(verifyBackup(dir)).rejects.toThrow('no longer matches its hash')
  })

  test('a manifest whose paths lead elsewhere is refused', async () => {
    const dir = join(folder, 'hostile')
    await backUp(dir)
    const { hashOf } = await import('../../src/base/hash.ts')
    const { manifest } = await verifyBackup(dir)
    for (const path of ['../outside', '/tmp/outside', 'a/../../b', 'a//b', 'a\\b']) {
      const hostile = { ...manifest, files: [{ ...manifest.files[0]!, path }] }
      const text = JSON.stringify({ hash: hashOf(hostile), manifest: hostile })
      await writeFile(join(dir, 'backups', `${manifest.id}.json`), text)
      await expect(restoreBackup(dir, join(folder, 'hostile home'), { actor })).rejects.toThrow(
        'a path within the home',
      )
    }
  })

  test('folders that are something else, the home itself, and homes that are there are refused', async () => {
    const refusal = async (dir: string) => {
      const { error } = await ended(client, await client.makeBackup({ body: { dir } }))
      return error
    }
    expect(await refusal(folder)).toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('is no folder'),
    })
    expect(await refusal(join(folder, 'home/x'))).toMatchObject({ message: expect.stringContaining('within the home') })
    expect(existsSync(join(folder, 'home/x'))).toBe(false)
    await expect(client.makeBackup({ body: { dir: 'relative' } })).rejects.toMatchObject({ field: 'dir' })
    await expect(restoreBackup(join(folder, 'incremental'), join(folder, 'home'), { actor })).rejects.toMatchObject({
      code: 'already-exists',
    })
    await expect(restoreBackup(folder, join(folder, 'none'), { actor })).rejects.toMatchObject({ field: 'dir' })
    expect((await stat(join(folder, 'incremental/objects'))).mode & 0o077).toBe(0)
  })

  test('a damaged blob is found, named with what needs it, and taken from a backup', async () => {
    const dir = join(folder, 'repair')
    await backUp(dir)
    const { version } = await client.modelVersion({ params: { model: 'returns', version: 'production' } })
    const hash = version.modelHash!
    const path = join(folder, 'home/blobs', hash.slice(0, 2), hash)
    const good = await readFile(path)
    const verify = async (repairFrom: string | null) =>
      (await ended(client, await client.verifyStorage({ body: { repairFrom } }))).verified!.faults
    await damage(path)
    expect(await verify(null)).toEqual([
      { hash, fault: 'corrupt', by: expect.stringMatching(/^(model version|step)/), repaired: false },
    ])
    const { events } = await client.events({ query: { limit: 1, type: 'storage.damaged' } })
    expect(events[0]).toMatchObject({ level: 'bad', actor: 'user:user' })
    // A backup into a new folder has not got it either, and says so; one into the old folder has the good bytes.
    expect((await backUp(join(folder, 'too late'))).damaged).toEqual([hash])
    expect((await verifyBackup(join(folder, 'too late'))).faults).toEqual([
      expect.stringContaining(`the blob ${hash} of`),
    ])
    expect((await backUp(dir)).damaged).toEqual([])
    expect(await verify(dir)).toEqual([expect.objectContaining({ hash, repaired: true })])
    expect((await readFile(path)).equals(good)).toBe(true)
    await rm(path)
    expect(await verify(dir)).toEqual([expect.objectContaining({ hash, fault: 'missing', repaired: true })])
    expect(await verify(null)).toEqual([])
  })

  test('the garbage collection waits for a backup', async () => {
    const { job } = await client.makeBackup({ body: { dir: join(folder, 'while') } })
    const refused = client.collectGarbage({ body: { dryRun: false } })
    await expect(refused).rejects.toMatchObject({ code: 'conflict' })
    await ended(client, { job })
    await client.collectGarbage({ body: { dryRun: false } })
  })
})

async function folderBytes(path: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  return bytes
}
