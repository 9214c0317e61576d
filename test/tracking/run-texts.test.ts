import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'

let folder: string
let server: RunningServer
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright texts '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

interface Run {
  info: { run_id: string; lifecycle_stage: string }
  data: { metrics?: { key: string; value: number }[] }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of the protocol, each looked into in one place.
async function ask(method: 'GET' | 'POST', path: string, body?: object): Promise<any> {
  const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}
const post = (path: string, body: object) => ask('POST', path, body)
const newRun = async (): Promise<string> =>
  (await post('/runs/create', { experiment_id: '0', start_time: 1 })).run.info.run_id
const listed = async (more: object = {}): Promise<Run[]> =>
  (await post('/runs/search', { experiment_ids: ['0'], run_view_type: 'ALL', ...more })).runs ?? []

const dataset = { name: 'orders', digest: 'd', source_type: 'local', source: '{}' }
const model = 'm-0123456789abcdef0123456789abcdef'
const modelJson = { run_id: '', artifact_path: 'model', flavors: {}, utc_time_created: '2026-01-01 00:00:00.0' }
/** Every way to change what a list says of a run. */
const changes: [path: string, body: object][] = [
  ['/runs/log-metric', { key: 'm', value: 1, timestamp: 1, step: 0 }],
  ['/runs/log-metric', { key: 'm', value: 2, timestamp: 2, step: 1 }],
  ['/runs/log-parameter', { key: 'p', value: 'q' }],
  ['/runs/log-batch', { metrics: [], params: [{ key: 'r', value: 's' }], tags: [{ key: 'a', value: 'b' }] }],
  ['/runs/set-tag', { key: 't', value: 'u' }],
  ['/runs/set-tag', { key: 't', value: 'v' }],
  ['/runs/delete-tag', { key: 't' }],
  ['/runs/log-inputs', { datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }] }],
  ['/runs/outputs', { models: [{ model_id: model, step: 1 }] }],
  ['/runs/log-model', { model_json: JSON.stringify(modelJson) }],
  ['/runs/update', { run_name: 'renamed' }],
  ['/runs/update', { status: 'FINISHED', end_time: 9 }],
  ['/runs/delete', {}],
  ['/runs/restore', {}],
]

it('a list says what each run is now, after every change, whatever was listed before', async () => {
  const [changed, other] = [await newRun(), await newRun()]
  let before = await listed()
  expect(before).toHaveLength(2)
  for (const [path, body] of changes) {
    await post(path, { run_id: changed, ...body })
    const now = await listed()
    const one = now.find(({ info }) => info.run_id === changed)
    expect(one, path).toEqual((await ask('GET', `/runs/get?run_id=${changed}`)).run)
    expect(one, path).not.toEqual(before.find(({ info }) => info.run_id === changed))
    expect(
      now.find(({ info }) => info.run_id === other),
      path,
    ).toEqual(before.find(({ info }) => info.run_id === other))
    before = now
  }
})

it('a list says what becomes of runs with their experiment', async () => {
  const { experiment_id: id } = await post('/experiments/create', { name: 'other' })
  await post('/runs/create', { experiment_id: id, start_time: 1 })
  const states = async () => (await listed({ experiment_ids: [id] })).map(({ info }) => info.lifecycle_stage)
  expect(await states()).toEqual(['active'])
  await post('/experiments/delete', { experiment_id: id })
  expect(await states()).toEqual(['deleted'])
  await post('/experiments/restore', { experiment_id: id })
  expect(await states()).toEqual(['active'])
})

it('while runs are written by several and listed by several, what was acknowledged before a list was asked is in it', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, newRun))
  const acknowledged = new Map(ids.map((id) => [id, -1]))
  let isWriting = true
  const writers = ids.map(async (run_id) => {
    for (let step = 0; step < 60; step += 1) {
      await post('/runs/log-metric', { run_id, key: 'm', value: step, timestamp: step, step })
      acknowledged.set(run_id, step)
    }
  })
  let lists = 0
  const readers = Array.from({ length: 3 }, async () => {
    while (isWriting) {
      const known = new Map(acknowledged)
      for (const { info, data } of await listed())
        expect(data.metrics?.[0]?.value ?? -1).toBeGreaterThanOrEqual(known.get(info.run_id)!)
      lists += 1
    }
  })
  await Promise.all(writers).finally(() => {
    isWriting = false
  })
  await Promise.all(readers)
  expect(lists).toBeGreaterThan(10)
  for (const { data } of await listed()) expect(data.metrics?.[0]?.value).toBe(59)
})
