/**
 * Removing what was deleted, while others write: `npm run bench:tracking-gc [runs [points [versions]]]`. Says how long it took, how far the memory of the process
 * rose, and how long a writer waited at most, beside what it waits when nothing is removed. The same for a registered model with many versions.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlMetadata } from '../../src/backends/sql/metadata.ts'
import { openSqlite } from '../../src/backends/sqlite/dialect.ts'
import { RegisteredModels } from '../../src/domain/registry/registered-models.ts'
import { TrackedRuns } from '../../src/domain/tracking/tracked-runs.ts'
import { TrackingGarbage } from '../../src/domain/tracking/tracking-garbage.ts'

const [runs, points, versions] = [process.argv[2] ?? 1000, process.argv[3] ?? 1_000_000, process.argv[4] ?? 10_000].map(
  Number,
) as [number, number, number]
const folder = await mkdtemp(join(tmpdir(), 'millwright bench '))
const metadata = await openSqlMetadata(openSqlite(join(folder, 'metadata.db')), () => Date.now())
const tracked = new TrackedRuns(metadata)
const models = new RegisteredModels(metadata, () => [])
const idOf = (place: number): string => place.toString(16).padStart(32, '0')

for (let place = 0; place < runs; place += 1)
  await metadata.transaction(async ({ tracking, files }) => {
    const id = idOf(place)
    const about = {
      id,
      experimentId: '0',
      name: id,
      user: 'ada',
      status: 'FINISHED',
      startedAt: place,
      endedAt: 2,
    } as const
    await tracking.insertRun({ ...about, isDeleted: true, deletedAt: 1 })
    const each = Array.from({ length: points / runs }, (_, step) => ({
      metric: `metric ${step % 10}`,
      value: Math.random(),
      at: 1_700_000_000_000 + step,
      step,
    }))
    await tracking.addPoints(id, each)
    await tracking.setTags(id, [{ key: 'mlflow.runName', value: id }])
    await tracking.addParams(
      id,
      Array.from({ length: 20 }, (_, param) => ({ key: `param ${param}`, value: String(Math.random()) })),
    )
    for (let file = 0; file < 5; file += 1)
      await files.put(`0/${id}/artifacts`, { path: `model/${file}`, hash: 'a'.repeat(64), size: 1, at: 1 })
  })
await metadata.transaction(async (writer) => {
  const about = { key: 'm', name: 'm', description: null, lastNumber: versions, isDeleted: false }
  await writer.registry.insertModel({ ...about, createdAt: 1, changedAt: 1 })
  for (let number = 1; number <= versions; number += 1) {
    const id = `m@${number}`
    const record = { id, model: 'm', number, state: 'registered', runId: null, hash: id, text: 'x'.repeat(1200) }
    await writer.insert('model_version', record as never)
    await writer.registry.insertNote({ id, model: 'm', number, description: null, stage: 'None', changedAt: number })
    for (const key of ['a', 'b', 'c']) await writer.registry.setVersionTag(id, { key, value: 'v' })
  }
})

const {
  run: { id: mine },
} = await tracked.create({ experimentId: '0', name: '', user: 'ada', startedAt: 1, tags: [] }, 'user:ada')
let step = 0
/** Writes a point after the other while a work goes on. @returns how long each waited, in milliseconds, and how far the memory rose. */
async function beside(work: () => Promise<unknown>): Promise<string> {
  const waits: number[] = []
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let [highest, isOver] = [before, false]
  const begun = performance.now()
  const writing = (async () => {
    while (!isOver) {
      const asked = performance.now()
      step += 1
      await tracked.log(mine, { metrics: [{ metric: 'loss', value: 1, at: step, step }], params: [], tags: [] })
      waits.push(performance.now() - asked)
      highest = Math.max(highest, process.memoryUsage().rss)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })()
  await work()
  const took = performance.now() - begun
  isOver = true
  await writing
  waits.sort((a, b) => a - b)
  const at = (share: number): string => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]!.toFixed(1)
  return `${(took / 1000).toFixed(1)} s; ${waits.length} writes waited ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (longest); memory ${((highest - before) / 1e6).toFixed(0)} MB above ${(before / 1e6).toFixed(0)} MB`
}

console.log(`load ${loadavg()[0]!.toFixed(1)}; ${runs} runs with ${points} points, a model of ${versions} versions`)
console.log(`nothing:  ${await beside(() => new Promise((resolve) => setTimeout(resolve, 5000)))}`)
const garbage = new TrackingGarbage(metadata)
console.log(
  `runs:     ${await beside(async () => {
    await garbage.mark({ before: Date.now(), runs: [], models: [], experiments: [] }, 'user:ada')
    console.log(JSON.stringify(await garbage.sweep()))
  })}`,
)
console.log(`versions: ${await beside(() => models.delete('m', 'user:ada'))}`)
console.log(`left: ${await metadata.count('model_version')} versions`)
await metadata.close()
await rm(folder, { recursive: true, force: true })
