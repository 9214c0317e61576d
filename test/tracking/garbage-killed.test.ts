import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openSqlMetadata } from '../../src/backends/sql/metadata.ts'
import { openSqlite } from '../../src/backends/sqlite/dialect.ts'
import { takeHome } from '../../src/server/home.ts'
import { startServer } from '../../src/server/start.ts'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const [runs, pointsOfRun, versions] = [60, 2000, 400]
const idOf = (place: number): string => place.toString(16).padStart(32, '0')

/** Every other run is deleted; a model has many versions. */
async function seed(homePath: string): Promise<void> {
  const home = await takeHome(homePath, undefined)
  const metadata = await openSqlMetadata(openSqlite(home.metadata), () => Date.now())
  for (let place = 0; place < runs; place += 1)
    await metadata.transaction(async ({ tracking, files }) => {
      const [id, isDeleted] = [idOf(place), place % 2 === 0]
      await tracking.insertRun({
        ...{ id, experimentId: '0', name: id, user: 'ada', status: 'FINISHED', startedAt: place + 1, endedAt: 2 },
        ...{ isDeleted, deletedAt: isDeleted ? 1 : null },
      })
      const points = Array.from({ length: pointsOfRun }, (_, step) => ({ metric: 'm', value: step, at: step, step }))
      await tracking.addPoints(id, points)
      await files.put(`0/${id}/artifacts`, { path: 'a', hash: 'a'.repeat(64), size: 1, at: 1 })
    })
  await metadata.transaction(async (writer) => {
    const model = { key: 'm', name: 'm', description: null, lastNumber: versions, isDeleted: false }
    await writer.registry.insertModel({ ...model, createdAt: 1, changedAt: 1 })
    for (let number = 1; number <= versions; number += 1) {
      const id = `m@${number}`
      await writer.insert('model_version', { id, model: 'm', number, state: 'registered' } as never)
      await writer.registry.insertNote({ id, model: 'm', number, description: null, stage: 'None', changedAt: 1 })
    }
  })
  await metadata.close()
  home.release()
}

it('a control plane killed while it removes goes on where it was, and what stays is whole', {
  timeout: 180_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright killed '))
  let halfway = 0
  for (const afterMs of [5, 40, 120]) {
    const home = join(folder, `home ${afterMs}`)
    await seed(home)
    const child = spawn(
      process.execPath,
      ['--conditions=millwright-source', '--import', 'tsx', program, 'server', '--home', home, '--port', '0'],
      { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
    )
    const [{ ready }] = (await once(child, 'message')) as [{ ready: string }]
    const ask = (method: string, path: string, body: object) =>
      fetch(ready + path, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then(
        async (answer) => expect([answer.status, answer.ok || (await answer.text())]).toEqual([200, true]),
        () => {},
      )
    const asked = Promise.all([
      ask('POST', '/api/gc', { dryRun: false }),
      ask('DELETE', '/api/2.0/mlflow/registered-models/delete', { name: 'm' }),
    ])
    const isBegun = async (): Promise<boolean> => {
      const answer = await fetch(`${ready}/api/2.0/mlflow/runs/get?run_id=${idOf(0)}`)
      return answer.status === 404
    }
    while (!(await isBegun())) await new Promise((resolve) => setTimeout(resolve, 1))
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await asked

    const metadata = await openSqlMetadata(openSqlite(join(home, 'metadata.db')), () => Date.now())
    if ((await metadata.tracking.garbage.marked('run', 1)).length > 0) halfway += 1
    // What went was hidden first: a version is there with its number, or not at all.
    const seen = await metadata.registry.newestVersions('m', { limit: 1000 })
    expect([0, versions]).toContain(seen.length)
    await metadata.close()

    const server = await startServer({ home, host: '127.0.0.1', port: 0 })
    const { data, tracking, registered } = server.plane
    await tracking.garbage.sweep()
    await registered.models.removeHidden()
    const reader = data.metadata.tracking
    expect(await reader.garbage.marked('run', 1)).toEqual([])
    const everything = { filter: undefined, order: [], limit: 1000, after: undefined }
    const left = await reader.searchRuns({ ...everything, experiments: ['0'], lifecycle: 'all' })
    for (const run of left.runs) {
      expect((await reader.points(run.id, 'm', { limit: 10_000 })).length).toBe(pointsOfRun)
      expect(await data.metadata.files.sizeOf(`0/${run.id}/artifacts`)).toEqual({ files: 1, bytes: 1 })
    }
    expect(left.runs.filter(({ isDeleted }) => !isDeleted)).toHaveLength(runs / 2)
    if (seen.length === 0 && (await data.metadata.registry.model('m'))?.isDeleted)
      expect(await data.metadata.count('model_version')).toBe(0)
    await server.close()
  }
  expect(halfway).toBeGreaterThan(0)
  await rm(folder, { recursive: true, force: true })
})
