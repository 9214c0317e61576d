import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder, shopFiles } from '../delivery/shop.ts'

let folder: string
let home: string
let server: RunningServer
let client: Client

beforeAll(async () => {
  folder = await projectFolder(shopFiles())
  home = await mkdtemp(join(tmpdir(), 'millwright keyed '))
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  await applyFolder(client, folder)
}, 60_000)
afterAll(async () => {
  await server.close()
  for (const each of [folder, home]) await rm(each, { recursive: true, force: true })
})

it('a run is started once, however often the request comes, at once or after a restart', async () => {
  const start = () => client.startRun({ idempotencyKey: 'nightly-1', body: { pipeline: 'sums', wait: true } })
  const [one, same] = await Promise.all([start(), start()])
  expect(same.run.id).toBe(one.run.id)
  await server.close()
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  expect(await start()).toEqual(await client.run({ params: { run: one.run.id } }))
  expect((await client.runs()).total).toBe(1)
  const again = () => client.rerun({ idempotencyKey: 'again-1', params: { run: one.run.id }, body: { from: 'told' } })
  const first = await again()
  expect((await again()).run.id).toBe(first.run.id)
  expect((await client.runs()).total).toBe(2)
  await client.run({ params: { run: first.run.id }, query: { waitMs: 20_000 } })
})

it('without a key every request is a new one; a key that came with another request is refused, and one that is none', async () => {
  const { total } = await client.runs()
  for (const key of ['a', 'b']) await client.startRun({ idempotencyKey: key, body: { pipeline: 'sums', wait: true } })
  await client.startRun({ body: { pipeline: 'sums', wait: true } })
  expect((await client.runs()).total).toBe(total + 3)
  await expect(client.startRun({ idempotencyKey: 'a', body: { pipeline: 'sums', force: true } })).rejects.toMatchObject(
    {
      code: 'conflict',
      message: 'the Idempotency-Key a came with another request before',
    },
  )
  await expect(client.startRun({ idempotencyKey: 'x'.repeat(201), body: { pipeline: 'sums' } })).rejects.toMatchObject({
    code: 'invalid-request',
    field: 'idempotency-key',
  })
  // What was refused may be asked again under its key, when it holds.
  const missing = () => client.startRun({ idempotencyKey: 'c', body: { pipeline: 'nothing' } })
  await expect(missing()).rejects.toMatchObject({ code: 'not-found' })
  await expect(missing()).rejects.toMatchObject({ code: 'not-found' })
  expect((await client.runs()).total).toBe(total + 3)
})

it('a program is run once, and another one under its key is refused', async () => {
  const list = join(folder, 'ran')
  const script = (more = '') =>
    client.runScript({
      idempotencyKey: 'script-1',
      body: { command: ['sh', '-c', `echo ran >> "${list}"${more}`], folder, env: { PATH: process.env.PATH! } },
    })
  const [one, same] = await Promise.all([script(), script()])
  expect(same.run.id).toBe(one.run.id)
  const over = await client.run({ params: { run: one.run.id }, query: { waitMs: 20_000 } })
  expect(over.run.state).toBe('succeeded')
  expect(await script()).toEqual(over)
  expect(await readFile(list, 'utf8')).toBe('ran\n')
  await expect(script('; true')).rejects.toMatchObject({ code: 'conflict', field: 'idempotency-key' })
})

it('stopping and going on are not done twice, whatever became of the run meanwhile', async () => {
  const sleep = { command: ['sleep', '60'], folder, env: { PATH: process.env.PATH! } }
  const { run } = await client.runScript({ body: sleep })
  const params = { run: run.id }
  const stop = () => client.stopRun({ idempotencyKey: 'stop-1', params })
  expect((await stop()).run.state).toBe('stopped')
  expect((await stop()).run.state).toBe('stopped')
  await expect(client.stopRun({ params })).rejects.toMatchObject({ code: 'conflict' })
  const resume = () => client.resumeRun({ idempotencyKey: 'resume-1', params })
  await resume()
  // The stop that is repeated late stops nothing of what was begun since.
  expect(['queued', 'running']).toContain((await stop()).run.state)
  await client.stopRun({ params })
  expect((await resume()).run.state).toBe('stopped')
  await expect(client.resumeRun({ idempotencyKey: 'stop-1', params })).rejects.toMatchObject({
    code: 'conflict',
    field: 'idempotency-key',
  })
})

it('a deployment changes once, and a repeat answers what the first made', async () => {
  const file = await readFile(new URL('../golden/linear.onnx', import.meta.url))
  await client.addModelFile({ params: { model: 'small' }, query: { deploy: 'true' }, body: file } as never)
  const later = Buffer.from(file.toString('latin1').replaceAll('weights', 'weightz'), 'latin1')
  await client.addModelFile({ params: { model: 'small' }, query: { deploy: 'false' }, body: later } as never)
  const endpoint = { endpoint: 'small' }
  const deploy = () => client.deploy({ idempotencyKey: 'd', params: endpoint, body: { version: '2' } })
  const first = await deploy()
  expect((await deploy()).id).toBe(first.id)
  const back = () => client.rollback({ idempotencyKey: 'r', params: endpoint, body: {} })
  const { deployment, serving } = await back()
  expect(serving).toBe('small@1')
  expect(await back()).toMatchObject({ deployment: { id: deployment.id, state: 'rolled-back' }, serving: 'small@1' })
  expect((await client.endpoint({ params: endpoint })).deployments).toHaveLength(2)
})

it('a key is forgotten when nobody repeats a request any more', async () => {
  const { metadata } = server.plane.data
  const keyed = () => metadata.find('keyed_request')
  const [old, ...others] = await keyed()
  expect(others.length).toBeGreaterThan(0)
  const month = 31 * 86_400_000
  await metadata.transaction((writer) => writer.update('keyed_request', old!.id, { at: Date.now() - month }))
  const { items } = await client.collectGarbage({ body: { dryRun: true } })
  expect(items).toContainEqual(expect.objectContaining({ kind: 'keys of requests', name: '1' }))
  expect(await keyed()).toHaveLength(others.length + 1)
  await client.collectGarbage({ body: { dryRun: false } })
  expect((await keyed()).map(({ id }) => id).sort()).toEqual(others.map(({ id }) => id).sort())
})
