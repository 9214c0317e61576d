import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { Script } from '../browser/script.ts'

let folder: string
let server: RunningServer
let client: Client
let script: Script
let experiment: string
const runs: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millwright views '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  script = new Script(server.address)
  experiment = await script.experiment('flights')
  for (const [place, loss] of [0.3, 0.1, 0.2].entries()) {
    const run = await script.start(experiment, `run-${place}`, 1000 + place)
    await script.log(run, {
      params: { rate: String(place) },
      metrics: [{ key: 'loss', value: loss, step: place, timestamp: 2000 }],
    })
    runs.push(run)
  }
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const found = async (query: { filter?: string; order?: string; lifecycle?: 'active' | 'deleted' | 'all' }) =>
  (await client.trackedRuns({ query: { experiments: experiment, ...query } })).runs.map((id) => runs.indexOf(id))

test('runs are found in the order that is asked for; a wrong filter says where it is wrong', async () => {
  expect(await found({})).toEqual([2, 1, 0])
  expect(await found({ order: 'metrics.loss ASC' })).toEqual([1, 2, 0])
  expect(await found({ filter: 'metrics.loss > 0.15', order: 'run_name ASC' })).toEqual([0, 2])
  await expect(found({ filter: 'metrics.loss >' })).rejects.toMatchObject({
    code: 'invalid-request',
    message: expect.stringContaining('filter, character 15'),
  })
  await expect(found({ order: 'losses' })).rejects.toMatchObject({ field: 'order_by' })
})

test('experiments are counted, by a part of their name or by their ids', async () => {
  const { experiments } = await client.experiments({ query: { text: 'LIGHT' } })
  expect(experiments).toMatchObject([{ id: experiment, name: 'flights', runs: 3, running: 3, lastAt: 1002 }])
  const named = await client.experiments({ query: { ids: `${experiment},999,0,x` } })
  expect(named.experiments.map(({ name }) => name)).toEqual(['flights', 'Default'])
  const [first] = (await client.experiments({ query: { limit: 1 } })).experiments
  expect(first!.name).toBe('flights')
  expect((await client.experiments({ query: { before: first!.id } })).experiments.map(({ id }) => id)).toEqual(['0'])
})

test('one run has all it logged, and an unknown one is not found', async () => {
  const { run, metrics, params } = await client.trackedRun({ params: { run: runs[1]! } })
  expect(run).toMatchObject({ name: 'run-1', status: 'RUNNING', experimentId: experiment })
  expect(metrics).toEqual([{ name: 'loss', value: 0.1, step: 1, at: 2000 }])
  expect(params).toEqual([{ key: 'rate', value: '1' }])
  await expect(client.trackedRun({ params: { run: 'none' } })).rejects.toMatchObject({ code: 'not-found' })
})

test('a course over time since the beginning counts from the beginning of each run', async () => {
  const { width, courses } = await client.metricCourses({ body: { runs, metric: 'loss', axis: 'relative' } })
  expect(width).toBeNull()
  expect(courses.map(({ xs }) => xs)).toEqual([[1000], [999], [998]])
  expect((await client.metricCourses({ body: { runs, metric: 'none', axis: 'step' } })).courses).toEqual([])
})

test('many runs are changed together or not at all, the same again changes nothing, and the log says why', async () => {
  const change = { kind: 'delete' } as const
  await expect(client.changeTrackedRuns({ body: { runs: [...runs, 'none'], change } })).rejects.toMatchObject({
    code: 'not-found',
  })
  expect(await found({})).toHaveLength(3)
  const [first, second] = runs as [string, string]
  const body = { runs: [first, second, first], change, reason: 'too old' }
  expect(await client.changeTrackedRuns({ body })).toEqual({ changed: 2 })
  expect(await client.changeTrackedRuns({ body })).toEqual({ changed: 0 })
  expect(await found({})).toEqual([2])
  expect(await found({ lifecycle: 'deleted', order: 'run_name ASC' })).toEqual([0, 1])
  const { events } = await client.events({ query: { limit: 10 } })
  expect(events.filter(({ type }) => type === 'tracked-run.deleted').map(({ message }) => message)).toEqual(
    expect.arrayContaining(['the run run-0 was deleted: too old', 'the run run-1 was deleted: too old']),
  )
  const tag = { kind: 'tag', key: 'owner', value: 'ada' } as const
  // A deleted run takes no tag, and then none of them does.
  await expect(client.changeTrackedRuns({ body: { runs: [runs[2]!, first], change: tag } })).rejects.toMatchObject({
    code: 'invalid-request',
  })
  expect((await client.trackedRun({ params: { run: runs[2]! } })).tags.some(({ key }) => key === 'owner')).toBe(false)
  await client.changeTrackedRuns({ body: { runs: [first, second], change: { kind: 'restore' } } })
  expect(await client.changeTrackedRuns({ body: { runs, change: tag } })).toEqual({ changed: 3 })
  expect(await found({ filter: "tags.owner = 'ada'" })).toHaveLength(3)
})

test('files are listed in pages and looked at; paths that lead out of a run are refused', async () => {
  const [run] = runs as [string]
  for (let place = 0; place < 510; place += 1)
    await script.file(experiment, run, `many/${String(place).padStart(3, '0')}`, 'x')
  await script.file(experiment, run, 'a note.txt', 'hello')
  const top = await client.trackedFiles({ query: { run } })
  expect(top).toMatchObject({ root: `${experiment}/${run}/artifacts`, isWhole: true })
  expect(top.entries).toEqual([
    { name: 'a note.txt', isFolder: false, size: 5 },
    { name: 'many', isFolder: true, size: null },
  ])
  const page = await client.trackedFiles({ query: { run, path: 'many' } })
  expect([page.entries.length, page.isWhole]).toEqual([500, false])
  const rest = await client.trackedFiles({ query: { run, path: 'many', after: page.entries.at(-1)!.name } })
  expect([rest.entries.length, rest.isWhole]).toEqual([10, true])
  expect((await client.trackedFiles({ query: { run, after: 'many/' } })).entries).toEqual([])
  expect(await client.trackedFilePreview({ query: { run, path: 'a note.txt' } })).toMatchObject({
    kind: 'text',
    text: 'hello',
  })
  for (const path of ['../metadata.db', '%2e%2e/metadata.db', '/etc/passwd', 'a\\..\\b'])
    await expect(client.trackedFilePreview({ query: { run, path } })).rejects.toMatchObject({ code: 'invalid-request' })
  await expect(client.trackedFiles({ query: {} })).rejects.toMatchObject({ code: 'invalid-request' })
  await expect(client.trackedFiles({ query: { model: 'm-none' } })).rejects.toMatchObject({ code: 'not-found' })
}, 60_000)

test('the search finds an experiment by its name, and a run by its name or id', async () => {
  const kinds = async (text: string) =>
    (await client.search({ query: { text } })).found.map(({ kind, id }) => [kind, id])
  expect(await kinds('LIGH')).toEqual([['experiment', experiment]])
  expect(await kinds('run-2')).toEqual([['tracked-run', runs[2]]])
  expect(await kinds(runs[0]!)).toEqual([['tracked-run', runs[0]]])
})
