import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createToken } from './principals.ts'
import { type RunningServer, type ServerOptions, startServer } from './start.ts'

let folder: string
const running: RunningServer[] = []
const start = async (options: Partial<ServerOptions> = {}): Promise<RunningServer> => {
  const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0, ...options })
  running.push(server)
  return server
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright reset '))
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

const reset = ({ address }: RunningServer, headers = {}) =>
  fetch(`${address}/api/test-reset`, { method: 'POST', headers })
const post = async ({ address }: RunningServer, path: string, body: object) => {
  const answer = await fetch(`${address}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await answer.json()) as Record<string, string>
}
const blobsOf = async ({ plane }: RunningServer): Promise<number> => {
  let count = 0
  for await (const _ of plane.data.blobs.list()) count += 1
  return count
}

it('empties what was logged and registered, and the log of events goes on', async () => {
  const server = await start({ testReset: true })
  for (let turn = 0; turn < 2; turn += 1) {
    const { experiment_id } = await post(server, 'experiments/create', { name: 'one' })
    expect(experiment_id).toBe('1')
    const { run } = (await post(server, 'runs/create', { experiment_id })) as unknown as {
      run: { info: { run_id: string } }
    }
    const { run_id } = run.info
    const file = `${server.address}/api/2.0/mlflow-artifacts/artifacts/1/${run_id}/artifacts/model/MLmodel`
    expect((await fetch(file, { method: 'PUT', body: 'flavors: {}' })).status).toBe(200)
    await post(server, 'registered-models/create', { name: 'm' })
    const made = await post(server, 'model-versions/create', { name: 'm', source: `runs:/${run_id}/model`, run_id })
    expect(made).toMatchObject({ model_version: { version: '1' } })
    expect(await blobsOf(server)).toBeGreaterThan(0)
    expect((await reset(server)).status).toBe(200)
    expect(await blobsOf(server)).toBe(0)
    expect((await fetch(file)).status).toBe(404)
    const { metadata } = server.plane.data
    expect(await metadata.count('model_version')).toBe(0)
    expect((await post(server, 'runs/search', { experiment_ids: ['0', '1'] })).runs).toBeUndefined()
  }
  const events = await server.plane.data.metadata.latestEvents({ limit: 100 })
  expect(events.filter(({ type }) => type === 'tracking.reset')).toHaveLength(2)
  expect(events.filter(({ type }) => type === 'experiment.created')).toHaveLength(2)
  const verified = await (await fetch(`${server.address}/api/events/verify`)).json()
  expect(verified).toMatchObject({ broken: null })
})

it('is asked for at each start', async () => {
  const first = await start({ testReset: true })
  await first.close()
  running.pop()
  const second = await start()
  expect((await reset(second)).status).toBe(404)
  expect(second.routes.filter(({ url }) => url.includes('reset'))).toEqual([])
  await second.close()
  running.pop()
  expect((await reset(await start({ testReset: true }))).status).toBe(200)
})

it('is refused to a home that was ever made for anything else', async () => {
  const first = await start()
  await post(first, 'experiments/create', { name: 'kept' })
  await first.close()
  running.pop()
  await expect(start({ testReset: true })).rejects.toMatchObject({ code: 'conflict', field: 'testReset' })
  const again = await start()
  expect(await again.plane.data.metadata.tracking.experimentNamed('kept')).toBeDefined()
})

it('is refused where others reach it, where there is a project, and to those who are no admin', async () => {
  await mkdir(join(folder, 'home'))
  createToken(join(folder, 'home'), 'ada', 'admin')
  const token = createToken(join(folder, 'home'), 'bob', 'operator')
  await expect(start({ testReset: true, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'forbidden' })
  const server = await start({ testReset: true })
  expect((await reset(server)).status).toBe(401)
  expect((await reset(server, { authorization: `Bearer ${token}` })).status).toBe(403)
  expect((await reset(server, { origin: 'http://evil.example' })).status).toBe(403)

  const other = await start({ testReset: true, home: join(folder, 'other') })
  await writeFile(join(folder, 'train.sh'), 'true')
  const command = { command: ['sh', 'train.sh'], folder }
  const ran = await fetch(`${other.address}/api/scripts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(command),
  })
  const { run } = (await ran.json()) as { run: { id: string } }
  await fetch(`${other.address}/api/runs/${run.id}?waitMs=20000`)
  const refused = await reset(other)
  expect(refused.status).toBe(409)
  expect(await refused.json()).toMatchObject({ error: { code: 'conflict' } })
})
