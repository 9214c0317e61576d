import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Sqlite from 'libsql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { Script } from '../browser/script.ts'

let folder: string
let server: RunningServer
let client: Client
let script: Script
const ids = new Map<string, string>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millwright folders '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  script = new Script(server.address)
  const names = ['alone', 'team/churn/baseline', 'team/churn/trees', 'team/fraud', 'team-a/x', 'team', '/Users/ada']
  for (const name of names) ids.set(name, await script.experiment(name))
  for (const name of ['alone', 'team/churn/baseline', 'team/churn/trees', 'team/fraud'])
    await script.start(ids.get(name)!, `run of ${name}`)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const level = async (path = '') => {
  const { folders, experiments } = await client.experimentFolder({ query: { folder: path } })
  return [
    ...folders.map(({ path: at, experiments: below }) => `${at}/ ${below}`),
    ...experiments.map(({ name }) => name),
  ]
}

test('a folder shows what lies directly in it, page by page', async () => {
  expect(await level()).toEqual(['/Users/ 1', 'team-a/ 1', 'team/ 3', 'Default', 'alone', 'team'])
  expect(await level('team')).toEqual(['team/churn/ 2', 'team/fraud'])
  expect(await level('team/churn/')).toEqual(['team/churn/baseline', 'team/churn/trees'])
  expect(await level('nowhere')).toEqual([])
  const seen: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await client.experimentFolder({ query: { limit: 1, ...(after === undefined ? {} : { after }) } })
    seen.push(...page.folders.map(({ name }) => `${name}/`), ...page.experiments.map(({ name }) => name))
    if (page.next === null) break
    after = page.next
  }
  expect(seen).toEqual(['/Users/', 'Default', 'alone', 'team', 'team-a/', 'team/'])
  const { experiments } = await client.experiments({ query: { folder: 'team', text: 'tree' } })
  expect(experiments.map(({ name, runs }) => [name, runs])).toEqual([['team/churn/trees', 1]])
})

test('a folder counts the experiments and runs below it, and nothing that is deleted', async () => {
  const of = async (path: string) => (await client.experimentFolder({ query: { folder: path } })).folders
  const tree = { name: 'counted', path: 'counted' }
  const made: string[] = []
  for (const name of ['counted/a', 'counted/b/c', 'counted/b/d', 'counted-not/e', 'counted0'])
    made.push(await script.experiment(name))
  const runs: string[] = []
  for (const [place, id] of made.entries())
    for (let run = 0; run <= place; run += 1) runs.push(await script.start(id, 'r'))
  expect((await of('')).find(({ name }) => name === 'counted')).toEqual({ ...tree, experiments: 3, runs: 1 + 2 + 3 })
  expect(await of('counted')).toEqual([{ name: 'b', path: 'counted/b', experiments: 2, runs: 2 + 3 }])
  await client.changeTrackedRuns({ body: { runs: [runs[1]!], change: { kind: 'delete' } } })
  await server.plane.tracking.experiments.delete(made[2]!, 'user:ada')
  expect(await of('counted')).toEqual([{ name: 'b', path: 'counted/b', experiments: 1, runs: 1 }])
  for (const id of [0, 1, 3, 4]) await server.plane.tracking.experiments.delete(made[id]!, 'user:ada')
})

test('the command line says how many runs are below', { timeout: 30_000 }, async () => {
  const program = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))
  const args = [program, 'experiments', 'list', '--server', server.address]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, NO_COLOR: '1' } })
  const cells = stdout.split('\n').map((line) => line.trim().split(/ {2,}/))
  expect(cells).toContainEqual(['team/', '3', '3 experiments below'])
  expect(cells).toContainEqual(['team-a/', '0', '1 experiment below'])
})

test('runs and experiments are found by folder, by both doors', async () => {
  const runsOf = async (experiments: string, filter = '') => {
    const { runs } = await client.trackedRuns({ query: { experiments, filter } })
    const { rows } = await client.trackedRunRows({ body: { runs } })
    return rows.map(({ run }) => run.name.slice(7)).sort()
  }
  expect(await runsOf('folder:team')).toEqual(['team/churn/baseline', 'team/churn/trees', 'team/fraud'])
  expect(await runsOf('folder:team/churn')).toEqual(['team/churn/baseline', 'team/churn/trees'])
  expect(await runsOf('folder:team', "folder != 'team/churn'")).toEqual(['team/fraud'])
  const all = [...ids.values()].join(',')
  expect(await runsOf(all, "folder = 'team/churn'")).toEqual(['team/churn/baseline', 'team/churn/trees'])
  expect(await runsOf(all, 'folder IS NULL')).toEqual(['alone'])
  const answer = await fetch(`${server.address}/api/2.0/mlflow/experiments/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ max_results: 10, filter: "folder IN ('team/churn', '/Users')", order_by: ['name ASC'] }),
  })
  const { experiments } = (await answer.json()) as { experiments: { name: string }[] }
  expect(experiments.map(({ name }) => name)).toEqual(['/Users/ada', 'team/churn/baseline', 'team/churn/trees'])
})

test('a folder moves as a whole, or not at all; each new name is told', async () => {
  const names = async () => (await client.experiments()).experiments.map(({ name }) => name).sort()
  const before = await names()
  // Into itself: what comes takes the place of what goes.
  await script.experiment('team/churn/churn/trees')
  const dry = await client.moveExperiments({ body: { folder: 'team/churn', as: 'team/churn/churn', dryRun: true } })
  expect(dry.names).toContainEqual({
    id: ids.get('team/churn/trees'),
    from: 'team/churn/trees',
    to: 'team/churn/churn/trees',
  })
  expect((await names()).length).toBe(before.length + 1)
  const moved = await client.moveExperiments({ body: { folder: 'team/churn', as: 'team/churn/churn' } })
  expect(moved.moved).toBe(3)
  expect(await level('team/churn/churn')).toEqual([
    'team/churn/churn/churn/ 1',
    'team/churn/churn/baseline',
    'team/churn/churn/trees',
  ])
  await client.moveExperiments({ body: { folder: 'team/churn/churn', as: 'team/churn' } })
  await client.moveExperiments({ body: { folder: 'team/churn', into: 'archive/2026' } })
  expect(await level('archive')).toEqual(['archive/2026/ 3'])
  await client.moveExperiments({ body: { experiments: [ids.get('team/fraud')!], into: '' } })
  expect(await level()).toContain('fraud')

  // A name that is taken: nothing moves.
  await script.experiment('archive/2026/churn/fraud')
  const two = [ids.get('alone')!, ids.get('team/fraud')!]
  await expect(
    client.moveExperiments({ body: { experiments: two, into: 'archive/2026/churn' } }),
  ).rejects.toMatchObject({
    code: 'already-exists',
  })
  expect(await names()).toContain('alone')
  for (const [body, field] of [
    [{ folder: 'nowhere', into: 'x' }, 'folder'],
    [{ experiments: ['9999'], into: 'x' }, 'experiments'],
    [{ into: 'x' }, 'folder'],
    [{ folder: 'archive' }, 'into'],
    [{ folder: '/', into: 'x' }, 'folder'],
    [{ experiments: two, as: 'x' }, 'as'],
    [{ folder: 'archive', into: 'a//b' }, 'into'],
    [{ folder: 'archive', into: 'x'.repeat(499) }, 'name'],
  ] as const)
    await expect(client.moveExperiments({ body: body as never })).rejects.toMatchObject({ field })
  const { events } = await client.events({ query: { type: 'experiment.renamed', limit: 1 } })
  expect(events[0]).toMatchObject({ message: 'the experiment team/fraud is called fraud now' })
})

test('a hundred thousand runs below are counted by index', { timeout: 120_000 }, () => {
  const file = new Sqlite(server.plane.home.metadata)
  file.exec(`with recursive place(n) as (select 0 union all select n + 1 from place where n < 9)
    insert into experiment (key, name, deleted, created_at, changed_at)
    select 900000 + n, 'wide/' || n || '/x', 0, 1, 1 from place`)
  file.exec(`with recursive place(n) as (select 0 union all select n + 1 from place where n < 99999)
    insert into tracked_run (id, experiment, name, author, status, started_at, deleted)
    select printf('%032x', n + 1), 900000 + n % 10, 'r', 'ada', 'FINISHED', n, 0 from place`)
  const counting = `explain query plan select count(*), sum((select count(*) from tracked_run
    where experiment = experiment.key and tracked_run.deleted = 0)) from experiment where deleted = 0 and name > ? and name < ?`
  const plan = file.prepare(counting).all('wide/1/', 'wide/10') as { detail: string }[]
  file.close()
  expect(plan.map(({ detail }) => detail).join('\n')).toMatch(
    /COVERING INDEX tracked_run_list \(experiment=\? AND deleted=\?\)/,
  )
  return expect(client.experimentFolder({ query: { folder: 'wide' } })).resolves.toMatchObject({
    folders: Array.from({ length: 10 }, (_, i) => ({ name: String(i), experiments: 1, runs: 10_000 })),
  })
})

test('a hundred thousand experiments are listed by index', { timeout: 120_000 }, async () => {
  const file = new Sqlite(server.plane.home.metadata)
  file.exec(`with recursive place(n) as (select 0 union all select n + 1 from place where n < 99999)
    insert into experiment (name, deleted, created_at, changed_at) select 'many/' || (n % 1000) || '/' || n, 0, 1, 1 from place`)
  file.close()
  const timed = async (path: string) => {
    const times: number[] = []
    for (let time = 0; time < 7; time += 1) {
      const begun = performance.now()
      await client.experimentFolder({ query: { folder: path } })
      times.push(performance.now() - begun)
    }
    return times.sort((a, b) => a - b)[3]!
  }
  const found = [await timed('many/7'), await timed(''), await timed('many')]
  expect(found[0]).toBeLessThan(200)
  expect(found[1]).toBeLessThan(200)
  expect(found[2]).toBeLessThan(1000)
})
