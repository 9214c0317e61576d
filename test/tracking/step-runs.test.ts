import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { StepRecord } from '../../src/contract/run.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'

/** A program that logs as a client of MLflow does, with what it finds in its environment, and does what it is told to. */
const program = `
const { MLFLOW_TRACKING_URI: at, MLFLOW_RUN_ID: run_id, MLFLOW_TRACKING_TOKEN: token, MLFLOW_EXPERIMENT_ID: experiment_id } = process.env
const fs = await import('node:fs')
const headers = { 'content-type': 'application/json', authorization: 'Bearer ' + token }
const send = async (method, path, body) => {
  const answer = await fetch(at + path, { method, headers, body: body && JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}
const post = (path, body) => send('POST', '/api/2.0/mlflow' + path, body)
const say = (value) => fs.writeFileSync(process.env.MILLWRIGHT_OUTPUT, JSON.stringify(value))
const params = JSON.parse(process.env.MILLWRIGHT_PARAMS)
`
const commandLine = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const scripts: Record<string, string> = {
  'log.mjs': `${program}
console.log('the token is', token)
await post('/runs/log-batch', { run_id, metrics: [{ key: 'loss', value: 0.25, timestamp: 7 }], params: [{ key: 'rate', value: '3' }], tags: [{ key: 'mine', value: 'yes' }] })
const put = await fetch(at + '/api/2.0/mlflow-artifacts/artifacts/' + experiment_id + '/' + run_id + '/artifacts/a.txt', { method: 'PUT', headers: { authorization: headers.authorization }, body: 'text' })
await post('/runs/update', { run_id, status: 'FINISHED', end_time: 9 })
say([run_id, put.status])`,
  'twice.mjs': `${program}
await post('/runs/log-parameter', { run_id, key: 'seed', value: String(Math.random()) })
if (!fs.existsSync('twice.seen')) { fs.writeFileSync('twice.seen', run_id); process.exit(3) }
say(run_id)`,
  'rights.mjs': `${program}
const nested = await post('/runs/create', { experiment_id, tags: [{ key: 'kind', value: 'nested' }] })
const child = nested.body.run.info.run_id
const model = await post('/logged-models', { experiment_id, name: 'm', source_run_id: child })
const id = model.body.model.info.model_id
const other = params.other
say({
  child, nested: nested.body.run.data.tags, token,
  writes: [
    await post('/runs/log-metric', { run_id: child, key: 'm', value: 1, timestamp: 1 }),
    await send('PATCH', '/api/2.0/mlflow/logged-models/' + id, { model_id: id, status: 'LOGGED_MODEL_READY' }),
    await send('PUT', '/api/2.0/mlflow-artifacts/artifacts/' + experiment_id + '/models/' + id + '/artifacts/a.txt', 1),
    await send('GET', '/api/2.0/mlflow/runs/get?run_id=' + other),
    await post('/runs/search', { experiment_ids: ['0'] }),
    await post('/registered-models/create', { name: 'of ' + child }),
    await post('/model-versions/create', { name: 'of ' + child, source: 'models:/' + id, run_id: child, model_id: id }),
  ].map(({ status }) => status),
  refused: [
    await post('/runs/log-metric', { run_id: other, key: 'm', value: 1, timestamp: 1 }),
    await post('/runs/log-batch', { run_id: other, tags: [{ key: 'a', value: 'b' }] }),
    await post('/runs/update', { run_id: other, status: 'FAILED' }),
    await post('/runs/delete', { run_id: other }),
    await post('/runs/delete', { run_id }),
    await post('/runs/create', { experiment_id: '0' }),
    await post('/experiments/create', { name: 'other' }),
    await post('/experiments/set-experiment-tag', { experiment_id, key: 'a', value: 'b' }),
    await post('/logged-models', { experiment_id: '0', name: 'm', source_run_id: other }),
    await send('PUT', '/api/2.0/mlflow-artifacts/artifacts/0/' + other + '/artifacts/a.txt', 1),
    await send('POST', '/api/2.0/mlflow-artifacts/mpu/create/0/' + other + '/artifacts/a.txt', { path: 'a.txt', num_parts: 1 }),
    await send('DELETE', '/api/2.0/mlflow-artifacts/artifacts/0/' + other + '/artifacts/a.txt'),
    await post('/model-versions/create', { name: 'of ' + child, source: 'runs:/' + other + '/m', run_id: other }),
    await post('/registered-models/alias', { name: 'of ' + child, alias: 'best', version: '1' }),
    await send('DELETE', '/api/2.0/mlflow/registered-models/delete', { name: 'of ' + child }),
    await send('POST', '/api/runs', { pipeline: 'p' }),
  ],
  forged: await post('/runs/set-tag', { run_id, key: 'millwright.commit', value: 'f00' }),
})`,
  'wait.mjs': `${program}
await post('/runs/log-metric', { run_id, key: 'begun', value: 1, timestamp: 1 })
if (!fs.existsSync('go')) await new Promise(() => setInterval(() => {}, 1000))
say(run_id)`,
}

let folder: string
let server: RunningServer
let client: Client
beforeAll(async () => {
  folder = await projectFolder({ 'package.json': '{"type": "module"}', ...scripts })
  await writeFile(
    join(folder, 'millwright.config.ts'),
    `import { command, defineProject, pipeline, step } from 'millwright'
const node = ${JSON.stringify(process.execPath)}
const load = step('load', [], async (context) => {
  await context.artifact('rows/all.csv', '1,2', 'table')
  return { dataset: 'orders', version: 4 }
})
const log = command('log', [load], [node, 'log.mjs'])
const twice = command('twice', [], [node, 'twice.mjs'], { retries: { attempts: 2 } })
const rights = command('rights', [], [node, 'rights.mjs'])
const elsewhere = command('elsewhere', [], [node, 'log.mjs'], { env: { MLFLOW_TRACKING_URI: 'http://127.0.0.1:9', MLFLOW_RUN_ID: 'x' } })
const named = command('named', [], [node, '-e', '0'], { env: { MLFLOW_EXPERIMENT_NAME: 'of the script' } })
const wait = command('wait', [], [node, 'wait.mjs'])
export default defineProject('shop', { pipelines: [
  pipeline('train', { steps: [load, log] }),
  pipeline('again', { steps: [twice] }),
  pipeline('guarded', { params: { other: '' }, steps: [rights] }),
  pipeline('away', { steps: [elsewhere, named] }),
  pipeline('slow', { steps: [wait] }),
] })
`,
  )
  server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  await applyFolder(client, folder)
}, 60_000)
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

interface Got {
  info: { run_id: string; run_name: string; status: string; experiment_id: string; end_time?: number }
  data: { metrics?: { key: string; value: number }[]; params?: unknown[]; tags: { key: string; value: string }[] }
}
const ask = async <T>(path: string, body?: object): Promise<T> => {
  const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
    ...(body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}
const tracked = async (id: string): Promise<Got & { tags: Record<string, string> }> => {
  const { run } = await ask<{ run: Got }>(`/runs/get?run_id=${id}`)
  return { ...run, tags: Object.fromEntries(run.data.tags.map(({ key, value }) => [key, value])) }
}
const experimentNamed = async (name: string): Promise<string> =>
  (
    await ask<{ experiment: { experiment_id: string } }>(
      `/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`,
    )
  ).experiment.experiment_id
const ran = async (pipeline: string, params = {}) => {
  const { run, steps } = await client.startRun({ body: { pipeline, params, wait: true } })
  return { run, steps: Object.fromEntries(steps.map((step) => [step.step, step])) as Record<string, StepRecord> }
}

it('the program of a step logs into the run of its own step, which says where it comes from', {
  timeout: 60_000,
}, async () => {
  const { run, steps } = await ran('train')
  expect(run.error).toBeNull()
  const { log } = steps
  const id = log!.trackedRun!
  expect(log!.output).toEqual([id, 200])
  const { info, data, tags } = await tracked(id)
  expect(info).toMatchObject({
    run_name: 'log',
    status: 'FINISHED',
    end_time: 9,
    experiment_id: await experimentNamed('train'),
  })
  expect(data.metrics).toMatchObject([{ key: 'loss', value: 0.25 }])
  expect(data.params).toEqual([{ key: 'rate', value: '3' }])
  expect(tags).toMatchObject({
    mine: 'yes',
    'mlflow.parentRunId': run.id,
    'millwright.pipeline': 'train',
    'millwright.run': run.id,
    'millwright.step': 'log',
    'millwright.attempt': '1',
    'millwright.definition': run.definitionHash,
    'millwright.package': run.packageHash!,
    'millwright.data.orders': '4',
    'millwright.exit_code': '0',
  })
  const list = await ask<{ files: unknown[] }>(`/artifacts/list?run_id=${id}`)
  expect(list.files).toEqual([{ path: 'a.txt', is_dir: false, file_size: 4 }])
  const found = await ask<{ runs: Got[] }>('/runs/search', {
    experiment_ids: [info.experiment_id],
    filter: "tags.`millwright.data.orders` = '4' AND metrics.loss < 1",
  })
  expect(found.runs.map((each) => each.info.run_id)).toEqual([id])
  const { text } = await server.plane.engine().readLog(log!.id)
  expect(text).toContain('the token is [MLFLOW_TRACKING_TOKEN]')

  // Another address, token and run are no reason to run it again; what it logged is found by the execution that is reused.
  await server.close()
  server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  const again = await ran('train')
  expect(again.steps.log).toMatchObject({ state: 'reused', key: log!.key, reusedFrom: log!.id, trackedRun: id })
})

it('runs of pipelines and steps without a program are seen as runs, found and paged with the others, and only read', async () => {
  const experiment = await experimentNamed('train')
  const list = await ask<{ experiments: { name: string }[] }>('/experiments/search', { max_results: 100 })
  expect(list.experiments.map(({ name }) => name)).toEqual(expect.arrayContaining(['train', 'Default']))
  const search = (asked: object) =>
    ask<{ runs?: Got[]; next_page_token?: string }>('/runs/search', { experiment_ids: [experiment], ...asked })
  const { runs: records } = await client.runs({ query: { pipeline: 'train' } })
  const [newest, oldest] = records.map(({ id }) => ({ id })) as [{ id: string }, { id: string }]
  const named = ({ runs = [] }: { runs?: Got[] }) => runs.map(({ info }) => info.run_name.replace(/ \S{6}$/, ''))
  expect(
    named(await search({ filter: `tags.\`mlflow.parentRunId\` = '${oldest.id}'`, order_by: ['run_name'] })),
  ).toEqual(['load', 'log'])
  // The run of a program is its tracked run, unless the step was not run again: then it says which one that was.
  const reused = (await search({ filter: `tags.\`mlflow.parentRunId\` = '${newest.id}' AND run_name = 'log'` })).runs!
  expect(reused[0]!.data.tags).toContainEqual({
    key: 'millwright.reused_run',
    value: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  const load = await tracked(`${oldest.id}-load`)
  expect(load).toMatchObject({
    info: { run_name: 'load', status: 'FINISHED', experiment_id: experiment },
    data: { metrics: [{ key: 'version', value: 4 }] },
    tags: { 'mlflow.parentRunId': oldest.id, 'millwright.state': 'succeeded' },
  })
  expect(await tracked(oldest.id)).toMatchObject({
    info: { status: 'FINISHED' },
    tags: { 'millwright.pipeline': 'train' },
  })
  const all: string[] = []
  for (let page_token: string | undefined = ''; page_token !== undefined; ) {
    const page: Awaited<ReturnType<typeof search>> = await search({
      max_results: 2,
      page_token,
      order_by: ['run_name DESC'],
    })
    all.push(...named(page))
    page_token = page.next_page_token
  }
  expect(all).toEqual(['train', 'train', 'log', 'log', 'load', 'load'])
  expect((await search({ run_view_type: 'DELETED_ONLY' })).runs).toBeUndefined()

  const history = await ask<{ metrics: unknown[] }>(`/metrics/get-history?run_id=${oldest.id}-load&metric_key=version`)
  expect(history.metrics).toMatchObject([{ key: 'version', value: 4, step: 0 }])
  const artifacts = await ask<{ root_uri: string; files: unknown[] }>(`/artifacts/list?run_id=${oldest.id}-load`)
  expect(artifacts.files).toEqual([{ path: 'rows', is_dir: true }])
  const file = `${artifacts.root_uri.replace('mlflow-artifacts:/', '/api/2.0/mlflow-artifacts/artifacts/')}/rows/all.csv`
  expect(await (await fetch(server.address + file)).text()).toBe('1,2')

  const refused = async (path: string, body: object) => {
    const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: answer.status, ...((await answer.json()) as { message: string }) }
  }
  for (const path of ['/runs/set-tag', '/runs/delete', '/runs/update'])
    expect(await refused(path, { run_id: oldest.id, key: 'a', value: 'b' })).toMatchObject({
      status: 400,
      message: expect.stringContaining('is of a pipeline, and only read here'),
    })
  const put = await fetch(server.address + file, { method: 'PUT', body: 'x' })
  expect(put.status).toBe(400)
  expect(await refused('/experiments/delete', { experiment_id: experiment })).toMatchObject({
    status: 409,
    message: expect.stringContaining('shows the runs of the pipeline train'),
  })
}, 60_000)

it('each attempt has a run of its own', { timeout: 60_000 }, async () => {
  const { steps } = await ran('again')
  const last = steps.twice!
  expect(last).toMatchObject({ state: 'succeeded', attempt: 2, output: last.trackedRun })
  const first = await readFile(join(folder, 'twice.seen'), 'utf8')
  expect(first).not.toBe(last.trackedRun)
  expect(await tracked(first)).toMatchObject({
    info: { status: 'FAILED', run_name: 'twice' },
    tags: { 'millwright.exit_code': '3', 'millwright.attempt': '1' },
  })
  expect(await tracked(last.trackedRun!)).toMatchObject({
    info: { status: 'FINISHED', run_name: 'twice, attempt 2' },
    tags: { 'millwright.exit_code': '0', 'millwright.attempt': '2' },
  })
})

it('the token of a step writes what is of the step, reads all, and is nothing when the step is over', {
  timeout: 60_000,
}, async () => {
  const { run: other } = await ask<{ run: Got }>('/runs/create', { experiment_id: '0' })
  const { run, steps } = await ran('guarded', { other: other.info.run_id })
  // Its output held the token: it was not kept.
  expect(run.error).toContain('holds the value of a secret')
  await writeFile(join(folder, 'rights.mjs'), scripts['rights.mjs']!.replace('tags, token,', 'tags,'))
  const { output, trackedRun } = (await ran('guarded', { other: other.info.run_id })).steps.rights!
  const { child, nested, writes, refused, forged } = output as unknown as {
    child: string
    nested: { key: string; value: string }[]
    writes: number[]
    refused: { status: number; body: { error_code?: string; message?: string } }[]
    forged: { status: number; body: { message: string } }
  }
  expect(writes).toEqual([200, 200, 200, 200, 200, 200, 200])
  expect(nested).toContainEqual({ key: 'mlflow.parentRunId', value: trackedRun })
  expect(nested).toContainEqual({ key: 'millwright.step_run', value: trackedRun })
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403))
  for (const { body } of refused.slice(0, -1)) expect(body.error_code).toBe('PERMISSION_DENIED')
  expect(forged).toMatchObject({ status: 400, body: { message: expect.stringContaining('set by Millwright alone') } })
  expect((await tracked(child)).data.metrics).toMatchObject([{ key: 'm', value: 1 }])
  expect(steps.rights!.trackedRun).not.toBe(trackedRun)
  const gone = server.plane.stepTracking.tokens.issue('run_x/y', other.info.run_id)
  const asGone = (path: string) =>
    fetch(`${server.address}${path}`, { headers: { authorization: `Bearer ${gone}` } }).then(({ status }) => status)
  expect(await asGone('/api/2.0/mlflow/experiments/get?experiment_id=0')).toBe(200)
  server.plane.stepTracking.tokens.end(other.info.run_id)
  expect(await asGone('/api/2.0/mlflow/experiments/get?experiment_id=0')).toBe(401)
  expect(await asGone('/api/runs')).toBe(401)
})

it('a step whose environment names another server has no run here; one that names an experiment has it there', async () => {
  const { steps } = await ran('away')
  expect(steps.elsewhere!.trackedRun).toBeUndefined()
  expect((await tracked(steps.named!.trackedRun!)).info.experiment_id).toBe(await experimentNamed('of the script'))
}, 60_000)

it('a stopped step was killed for its run; so was one whose control plane died, and its next attempt has another', {
  timeout: 120_000,
}, async () => {
  const { run } = await client.startRun({ body: { pipeline: 'slow' } })
  const stepOf = async (id: string) => (await client.run({ params: { run: id } })).steps[0]!
  const begun = async (id: string, not?: string): Promise<string> => {
    let found: string | undefined
    await expect
      .poll(
        async () => {
          found = (await stepOf(id)).trackedRun
          return found && found !== not ? (await tracked(found)).data.metrics?.length : 0
        },
        { timeout: 30_000 },
      )
      .toBe(1)
    return found!
  }
  const first = await begun(run.id)
  await client.stopRun({ params: { run: run.id } })
  expect((await tracked(first)).info.status).toBe('KILLED')

  await server.close()
  const home = join(folder, '.millwright')
  const doomed = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', 'tsx', commandLine, 'server', '--home', home, '--port', '0'],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  )
  const [{ ready }] = (await once(doomed, 'message')) as [{ ready: string }]
  client = createClient(ready)
  server = { ...server, address: ready }
  const { run: lost } = await client.startRun({ body: { pipeline: 'slow' } })
  const before = await begun(lost.id)
  const killed = once(doomed, 'exit')
  doomed.kill('SIGKILL')
  await killed
  await writeFile(join(folder, 'go'), '')
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  const { steps } = await client.run({ params: { run: lost.id }, query: { waitMs: 30_000 } })
  expect(steps[0]).toMatchObject({ state: 'succeeded', attempt: 2 })
  expect(steps[0]!.trackedRun).not.toBe(before)
  expect((await tracked(before)).info.status).toBe('KILLED')
  expect((await tracked(steps[0]!.trackedRun!)).info.status).toBe('FINISHED')
})

it('where everybody needs a token, the program of a step has one', { timeout: 60_000 }, async () => {
  createToken(join(folder, '.millwright'), 'ada', 'developer')
  await writeFile(join(folder, 'log.mjs'), `${scripts['log.mjs']}\n// again`)
  const token = createToken(join(folder, '.millwright'), 'bob', 'developer')
  client = createClient(server.address, { token })
  const { run, steps } = await ran('train')
  expect(run.error).toBeNull()
  expect(steps.log!.output).toEqual([steps.log!.trackedRun, 200])
  // The reads of this machine are free.
  expect((await tracked(steps.log!.trackedRun!)).data.params).toEqual([{ key: 'rate', value: '3' }])
})
