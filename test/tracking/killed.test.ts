import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startServer } from '../../src/server/start.ts'
import { requestOf } from '../hostile/raw.ts'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

it('a control plane killed in the middle of an upload has nothing of it after the next start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright killed '))
  const home = join(folder, 'home')
  const child = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', 'tsx', program, 'server', '--home', home, '--port', '0'],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  )
  const [{ ready }] = (await once(child, 'message')) as [{ ready: string }]
  const made = await fetch(`${ready}/api/2.0/mlflow/runs/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"experiment_id": "0"}',
  })
  const { run: newRun } = (await made.json()) as { run: { info: { run_id: string } } }
  const run = `0/${newRun.info.run_id}/artifacts`
  const path = `/api/2.0/mlflow-artifacts/artifacts/${run}`
  expect((await fetch(`${ready}${path}/whole`, { method: 'PUT', body: 'whole' })).status).toBe(200)

  const socket = connect(Number(new URL(ready).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(requestOf('PUT', `${path}/half`, { 'content-length': 100_000_000 }))
  socket.write(Buffer.alloc(5_000_000))
  const incoming = join(home, 'blobs', 'incoming')
  const isOnItsWay = () => existsSync(incoming) && readdirSync(incoming).length > 0
  while (!isOnItsWay()) await new Promise((resolve) => setTimeout(resolve, 10))
  child.kill('SIGKILL')
  await once(child, 'exit')
  socket.destroy()

  const server = await startServer({ home, host: '127.0.0.1', port: 0 })
  const list = await fetch(`${server.address}/api/2.0/mlflow-artifacts/artifacts?path=${run}`)
  expect(await list.json()).toEqual({ files: [{ path: 'whole', is_dir: false, file_size: 5 }] })
  expect((await fetch(`${server.address}${path}/half`)).status).toBe(404)
  expect(await (await fetch(`${server.address}${path}/whole`)).text()).toBe('whole')
  // What was written of it waits aside for the next collection of garbage.
  expect(isOnItsWay()).toBe(true)
  expect(await server.plane.data.blobs.sweep(Date.now() + 1000, { dryRun: false })).toMatchObject({ count: 1 })
  await server.close()
  await rm(folder, { recursive: true, force: true })
})
