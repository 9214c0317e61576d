import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startServer } from '../../src/server/start.ts'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

it('a control plane killed while two clients register has every version that it answered with, each number once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright killed '))
  const home = join(folder, 'home')
  const child = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', 'tsx', program, 'server', '--home', home, '--port', '0'],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  )
  const [{ ready }] = (await once(child, 'message')) as [{ ready: string }]
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${ready}/api/2.0/mlflow${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await answer.json()) as never
  }
  const { run }: { run: { info: { run_id: string } } } = await post('/runs/create', { experiment_id: '0' })
  const root = `0/${run.info.run_id}/artifacts/model`
  await fetch(`${ready}/api/2.0/mlflow-artifacts/artifacts/${root}/MLmodel`, { method: 'PUT', body: 'flavors: {}' })
  await post('/registered-models/create', { name: 'm' })
  const answered: number[] = []
  const client = async (): Promise<void> => {
    for (;;) {
      const asked = { name: 'm', source: `mlflow-artifacts:/${root}`, run_id: run.info.run_id }
      const made: { model_version: { version: string } } = await post('/model-versions/create', asked)
      answered.push(Number(made.model_version.version))
      await post('/registered-models/alias', { name: 'm', alias: 'newest', version: made.model_version.version })
    }
  }
  const clients = Promise.allSettled([client(), client()])
  while (answered.length < 40) await new Promise((resolve) => setTimeout(resolve, 5))
  child.kill('SIGKILL')
  await once(child, 'exit')
  await clients

  const server = await startServer({ home, host: '127.0.0.1', port: 0 })
  const { metadata } = server.plane.data
  const versions = await metadata.registry.newestVersions('m', { limit: 10_000 })
  const numbers = versions.map(({ note }) => note.number).reverse()
  // In a row: what was not answered is there whole, or not at all.
  expect(numbers).toEqual(numbers.map((_, place) => place + 1))
  expect(new Set(answered).size).toBe(answered.length)
  expect(numbers).toEqual(expect.arrayContaining(answered))
  expect((await metadata.registry.model('m'))?.lastNumber).toBe(numbers.length)
  const alias = await metadata.get('alias', 'm/newest')
  expect(await metadata.get('model_version', alias!.version)).toBeDefined()
  const registered = await metadata.latestEvents({ type: 'model.registered', limit: 10_000 })
  expect(registered).toHaveLength(numbers.length)
  const uri = `models/${versions[0]!.record.filesHash}/artifacts/MLmodel`
  expect(await (await fetch(`${server.address}/api/2.0/mlflow-artifacts/artifacts/${uri}`)).text()).toBe('flavors: {}')
  await server.close()
  await rm(folder, { recursive: true, force: true })
})
