import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { requestOf } from '../hostile/raw.ts'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const api = '/api/2.0/mlflow'
let folder: string
let home: string
let server: RunningServer | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright lost '))
  home = join(folder, 'home')
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await rm(folder, { recursive: true, force: true })
})

const started = async () => {
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  return server
}
async function post<T>(address: string, path: string, body: string): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${address}${api}${path}`, { method: 'POST', headers, body })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as T
}
const runId = async (address: string, body: string) =>
  (await post<{ run: { info: { run_id: string } } }>(address, '/runs/create', body)).run.info.run_id

/** Sends a request, and breaks the connection while the change that it asks for is held up. */
async function breakOff({ address, plane }: RunningServer, path: string, body: string): Promise<void> {
  let letGo = () => {}
  const held = plane.data.metadata.transaction(() => new Promise<void>((resolve) => (letGo = resolve)))
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    requestOf('POST', `${api}${path}`, { 'content-type': 'application/json', 'content-length': body.length }),
  )
  socket.write(body)
  await new Promise((resolve) => setTimeout(resolve, 150))
  socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  letGo()
  await held
}

it('what was made for a client that lost the answer is what it gets when it asks again, once', async () => {
  const here = await started()
  const { address, plane } = here
  const asked = {
    '/experiments/create': { name: 'lost' },
    '/runs/create': { experiment_id: '0', start_time: 1_700_000_000_000 },
    '/logged-models': { experiment_id: '0', name: 'lost' },
    '/registered-models/create': { name: 'lost' },
    '/model-versions/create': { name: 'lost', source: 's3://models/lost' },
  }
  for (const [path, body] of Object.entries(asked)) {
    const text = JSON.stringify(body)
    await breakOff(here, path, text)
    const events = (await plane.data.metadata.latestEvents({ limit: 1000 })).length
    const answer = await post<object>(address, path, text)
    await plane.data.metadata.sealed()
    // What is there was made by the first of the two: the second tells of nothing new.
    expect((await plane.data.metadata.latestEvents({ limit: 1000 })).length - events, path).toBeLessThanOrEqual(1)
    const third = await post<object>(address, path, text).catch(String)
    // Now somebody was told: whoever says the same wants another, or hears that there is one.
    if (typeof third === 'string') expect(third, path).toContain('RESOURCE_ALREADY_EXISTS')
    else expect(third, path).not.toEqual(answer)
  }
  const runs = await post<{ runs: unknown[] }>(address, '/runs/search', '{"experiment_ids": ["0"]}')
  expect(runs.runs).toHaveLength(2)
  const versions = await (await fetch(`${address}${api}/model-versions/search`)).json()
  expect((versions as { model_versions: { version: string }[] }).model_versions.map(({ version }) => version)).toEqual([
    '2',
    '1',
  ])
})

it('who says the same at the same time gets a run of its own', async () => {
  const { address } = await started()
  const body = '{"experiment_id": "0", "start_time": 1700000000000}'
  const ids = await Promise.all(Array.from({ length: 20 }, () => runId(address, body)))
  expect(new Set(ids).size).toBe(20)
})

it('what was deleted meanwhile is not given again', async () => {
  const here = await started()
  const body = '{"experiment_id": "0", "start_time": 1700000000000}'
  await breakOff(here, '/runs/create', body)
  const found = await post<{ runs: { info: { run_id: string } }[] }>(
    here.address,
    '/runs/search',
    '{"experiment_ids": ["0"]}',
  )
  const lost = found.runs[0]!.info.run_id
  await post(here.address, '/runs/delete', JSON.stringify({ run_id: lost }))
  expect(await runId(here.address, body)).not.toBe(lost)
})

async function otherProcess() {
  const child = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', 'tsx', program, 'server', '--home', home, '--port', '0'],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  )
  const exit = once(child, 'exit')
  const [{ ready }] = (await once(child, 'message')) as [{ ready: string }]
  return { child, exit, ready }
}
interface FoundRuns {
  runs?: { info: { run_id: string; run_name: string } }[]
}
const allRuns = async (address: string) =>
  (await post<FoundRuns>(address, '/runs/search', '{"experiment_ids": ["0"], "max_results": 1000}')).runs ?? []

it('who lost the answer to a kill finds the run', async () => {
  const { child, exit, ready } = await otherProcess()
  const body = '{"experiment_id": "0", "start_time": 1700000000000}'
  const socket = connect(Number(new URL(ready).port), '127.0.0.1')
  socket.write(
    requestOf('POST', `${api}/runs/create`, { 'content-type': 'application/json', 'content-length': body.length }),
  )
  socket.end(body)
  while ((await allRuns(ready)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  child.kill('SIGKILL')
  await exit
  const { address } = await started()
  const lost = (await allRuns(address))[0]?.info.run_id
  expect(await runId(address, body)).toBe(lost)
  expect(await runId(address, body)).not.toBe(lost)
})

it('after a kill, what nobody was told of is found by who asks again', async () => {
  const { child, exit, ready } = await otherProcess()
  const bodies = Array.from(
    { length: 300 },
    (_, place) => `{"experiment_id": "0", "start_time": 1700000000000, "run_name": "run ${place}"}`,
  )
  const told = new Map<string, string>()
  let answers = 0
  const rest = [...bodies]
  // Eight at once, until the process is killed in the middle of it.
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let body = rest.shift(); body; body = rest.shift()) {
        try {
          told.set(body, await runId(ready, body))
        } catch {
          return
        }
        answers += 1
        if (answers === 100) child.kill('SIGKILL')
      }
    }),
  )
  await exit
  expect(told.size).toBeGreaterThanOrEqual(100)
  expect(told.size).toBeLessThan(300)
  const { address } = await started()
  const repeated = new Map<string, string>()
  for (const body of bodies) if (!told.has(body)) repeated.set(body, await runId(address, body))
  const runs = await allRuns(address)
  expect(runs.map(({ info }) => info.run_name).sort()).toEqual(bodies.map((_, place) => `run ${place}`).sort())
  const ids = new Set(runs.map(({ info }) => info.run_id))
  for (const id of [...told.values(), ...repeated.values()]) expect(ids.has(id)).toBe(true)
})
