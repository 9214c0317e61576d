import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LineageGraph } from '../../src/contract/lineage.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'

const mlmodel = `flavors:
  python_function:
    loader_module: mlflow.sklearn
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}]'
  outputs: '[{"type": "double", "name": "b", "required": true}]'
`
/** Logs data and a model into the run that it is given, and into one of its own, as a client of MLflow does, and registers both. */
const fit = `
const { MLFLOW_TRACKING_URI: at, MLFLOW_RUN_ID: run_id, MLFLOW_TRACKING_TOKEN: token, MLFLOW_EXPERIMENT_ID: experiment_id } = process.env
const headers = { 'content-type': 'application/json', authorization: 'Bearer ' + token }
const post = async (path, body) => {
  const answer = await fetch(at + '/api/2.0/mlflow' + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (answer.status !== 200) throw new Error(path + ' ' + await answer.text())
  return answer.json()
}
const input = (name, digest) => ({ dataset: { name, digest, source_type: 'local', source: '{}' }, tags: [{ key: 'mlflow.data.context', value: 'training' }] })
await post('/runs/log-inputs', { run_id, datasets: [input('orders', 'pandas-1'), input('weather', 'pandas-2')] })
const { run } = await post('/runs/create', { experiment_id, run_name: 'inner' })
const register = async (name, source_run_id) => {
  const { model } = await post('/logged-models', { experiment_id, name: 'forest', source_run_id })
  await post('/registered-models/create', { name })
  await post('/model-versions/create', { name, source: 'models:/' + model.info.model_id, run_id: source_run_id, model_id: model.info.model_id })
}
await register('stepped', run_id)
await register('inner', run.info.run_id)
`

let folder: string
let server: RunningServer
let client: Client
beforeAll(async () => {
  folder = await projectFolder({
    'package.json': '{"type": "module"}',
    'fit.mjs': fit,
    'orders.csv': 'id,price\n1,3\n2,4\n',
  })
  await writeFile(
    join(folder, 'millwright.config.ts'),
    `import { command, csv, dataset, defineProject, key, number, pipeline, step } from 'millwright'
const orders = dataset('orders', { source: csv('orders.csv'), columns: { id: key(), price: number() } })
const load = step('load', [], async () => ({ dataset: 'orders', version: 1 }))
const fit = command('fit', [load], [${JSON.stringify(process.execPath)}, 'fit.mjs'])
export default defineProject('shop', { datasets: [orders], pipelines: [pipeline('train', { steps: [load, fit] })] })
`,
  )
  server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0, logLevel: 'silent' })
  client = createClient(server.address)
  await applyFolder(client, folder)
  await client.ingest({ params: { dataset: 'orders' }, body: {} })
}, 60_000)
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, of which each test looks at a part.
async function post(path: string, body: object, method = 'POST'): Promise<any> {
  const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answered = await answer.json()
  expect({ status: answer.status, answered }).toMatchObject({ status: 200 })
  return answered
}
const put = (path: string) =>
  fetch(`${server.address}/api/2.0/mlflow-artifacts/artifacts/${path}/MLmodel`, { method: 'PUT', body: mlmodel })
const datasetInput = (name: string, digest: string, context?: string) => ({
  dataset: { name, digest, source_type: 'local', source: '{}' },
  tags: context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }],
})
let made = 0
/** A run of a script in an experiment of its own, with a logged model and what a client says of its script. */
async function script(tags: Record<string, string> = {}) {
  made += 1
  const { experiment_id } = await post('/experiments/create', { name: `fraud ${made}` })
  const { run } = await post('/runs/create', {
    experiment_id,
    run_name: 'fox',
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  })
  const id: string = run.info.run_id
  const { model } = await post('/logged-models', { experiment_id, name: 'forest', source_run_id: id })
  const modelId: string = model.info.model_id
  await put(`${experiment_id}/models/${modelId}/artifacts`)
  await put(`${experiment_id}/${id}/artifacts/model`)
  await post('/runs/update', { run_id: id, status: 'FINISHED', end_time: 2 })
  return { experiment: experiment_id as string, run: id, model: modelId }
}
async function register(name: string, said: { source: string; run_id?: string; model_id?: string }) {
  await post('/registered-models/create', { name })
  await post('/model-versions/create', { name, ...said })
}
const lineage = (model: string, version = '1') => client.versionLineage({ params: { model, version } })
/** Nodes by kind and title, with what follows from each. */
function shape({ nodes, edges }: LineageGraph): Record<string, string[]> {
  const word = new Map(nodes.map(({ id, kind, title }) => [id, `${kind} ${title}`]))
  const place = new Map(nodes.map(({ id }, at) => [id, at]))
  for (const { from, to } of edges) expect(place.get(from), `${from} before ${to}`).toBeLessThan(place.get(to)!)
  return Object.fromEntries(
    nodes.map(({ id }) => [word.get(id)!, edges.filter(({ from }) => from === id).map(({ to }) => word.get(to)!)]),
  )
}
const nodeOf = ({ nodes }: LineageGraph, kind: string) => nodes.find((node) => node.kind === kind)

it('a logged model leads back to its run, the commit and the data, a dataset version of ours among it', async () => {
  const { hash } = (await client.datasetVersions({ params: { dataset: 'orders' } })).versions[0]!
  const { experiment, run, model } = await script({
    'mlflow.source.git.commit': 'c0ffee0123456789',
    'mlflow.source.name': 'train.py',
    'mlflow.user': 'ada',
  })
  await post('/runs/log-inputs', {
    run_id: run,
    datasets: [
      datasetInput('orders', hash.slice(0, 12), 'training'),
      datasetInput('customers / "all"', 'ab12'),
      datasetInput('orders', '00000000'),
      datasetInput('orders', 'orders@1'),
      datasetInput('orders', 'orders@2'),
    ],
  })
  await register('logged', { source: `models:/${model}`, run_id: run, model_id: model })
  await client.deploy({ params: { endpoint: 'logged' }, body: { version: '1', actor: 'user:ben' } })
  const graph = await lineage('logged')
  expect(shape(graph)).toEqual({
    'dataset version orders@1': ['logged dataset orders', 'logged dataset orders'],
    'logged dataset orders': ['tracked run fox'],
    'logged dataset customers / "all"': ['tracked run fox'],
    'code commit c0ffee012345': ['tracked run fox'],
    'tracked run fox': ['logged model forest'],
    'logged model forest': ['model version logged@1'],
    'model version logged@1': ['endpoint logged'],
    'endpoint logged': [],
  })
  expect(graph.nodes.filter(({ kind }) => kind === 'logged dataset').map(({ detail }) => detail)).toEqual(
    expect.arrayContaining([`${hash.slice(0, 12)}, training`, 'ab12', '00000000']),
  )
  expect(nodeOf(graph, 'tracked run')).toMatchObject({
    detail: `finished, in fraud ${made}`,
    subject: `tracked-run:${run}`,
    state: 'good',
  })
  expect(nodeOf(graph, 'code')).toMatchObject({ detail: 'train.py' })
  expect(nodeOf(graph, 'logged model')).toMatchObject({ subject: `logged-model:${run}/${model}`, detail: model })
  // Only those whose digests name it.
  expect(graph.edges.filter(({ from }) => from === 'dataset-version:orders@1')).toEqual([
    { from: 'dataset-version:orders@1', to: `logged-dataset:${hash.slice(0, 12)} orders` },
    { from: 'dataset-version:orders@1', to: 'logged-dataset:orders@1 orders' },
  ])
  const { subject } = graph.nodes.find(({ title }) => title.startsWith('customers'))!
  expect(subject).toBe(`logged-dataset:${experiment}/customers%20%2F%20%22all%22/ab12`)
})

it('a folder of a run leads to the run, and says nothing that nobody said', async () => {
  const { run } = await script()
  await register('folder', { source: `runs:/${run}/model`, run_id: run })
  expect(shape(await lineage('folder'))).toEqual({
    'tracked run fox': ['model version folder@1'],
    'model version folder@1': [],
  })
  await register('elsewhere', { source: 's3://bucket/model' })
  expect(shape(await lineage('elsewhere'))).toEqual({ 'model version elsewhere@1': [] })
  // A run of another server.
  await register('foreign', { source: 's3://bucket/model', run_id: 'f'.repeat(32) })
  expect(nodeOf(await lineage('foreign'), 'tracked run')).toMatchObject({
    title: 'f'.repeat(32),
    detail: 'not known here',
    subject: null,
  })
})

it('a model that the run read stands before it, and a copy after what it is a copy of', async () => {
  const { run: first, model: base } = await script()
  const { run, model } = await script()
  // Also one that it made itself, and reads again to try it.
  await post(`/runs/outputs`, { run_id: run, models: [{ model_id: model, step: 0 }] })
  await post('/runs/log-inputs', { run_id: run, models: [{ model_id: base }, { model_id: model }] })
  await register('tuned', { source: `models:/${model}`, run_id: run, model_id: model })
  const graph = await lineage('tuned')
  expect(nodeOf(graph, 'logged model')).toMatchObject({ subject: `logged-model:${first}/${base}` })
  expect(graph.nodes.map(({ kind }) => kind)).toEqual(['logged model', 'tracked run', 'logged model', 'model version'])
  expect(graph.edges).toHaveLength(3)
  await register('copy', { source: 'models:/tuned/1' })
  expect(shape(await lineage('copy'))).toMatchObject({ 'model version tuned@1': ['model version copy@1'] })
})

it('of much data a graph shows some, and where the rest is', async () => {
  const { run, model } = await script()
  const datasets = Array.from({ length: 25 }, (_, at) => datasetInput(`part ${at}`, '1'))
  await post('/runs/log-inputs', { run_id: run, datasets })
  await register('much', { source: `models:/${model}`, run_id: run, model_id: model })
  const inputs = (await lineage('much')).nodes.filter(({ kind }) => kind === 'logged dataset')
  expect(inputs).toHaveLength(11)
  expect(inputs.at(-1)).toMatchObject({ title: '15 more', subject: `tracked-run:${run}` })
})

it('the run of a step leads to the step, its code and the data that the steps before read', async () => {
  const { run, steps } = await client.startRun({ body: { pipeline: 'train', params: {}, wait: true } })
  expect(run.error).toBeNull()
  const graph = await lineage('stepped')
  const code = run.source.commit === null ? 'code of no repository' : `code commit ${run.source.commit.slice(0, 12)}`
  const step = 'step fit of train'
  const around = {
    [code]: [step],
    [`definition ${run.definitionHash.slice(0, 12)}`]: [step],
    'tracked run fit': ['logged model forest'],
    'logged model forest': ['model version stepped@1'],
  }
  expect(shape(graph)).toMatchObject({
    'dataset version orders@1': ['logged dataset orders'],
    'logged dataset orders': ['tracked run fit'],
    'logged dataset weather': ['tracked run fit'],
    [step]: ['tracked run fit'],
    ...around,
  })
  expect(nodeOf(graph, 'step')).toMatchObject({ subject: `step:${run.id}/fit`, state: 'good' })
  expect(nodeOf(graph, 'dataset version')).toMatchObject({ detail: '2 rows', subject: 'dataset:orders' })
  expect(steps.find((each) => each.step === 'fit')!.trackedRun).toBe(
    nodeOf(graph, 'tracked run')!.id.replace('tracked-run:', ''),
  )
  // What it started besides is of the same step, and read what that read.
  expect(shape(await lineage('inner'))).toMatchObject({
    'dataset version orders@1': [step],
    [step]: ['tracked run inner'],
    'tracked run inner': ['logged model forest'],
  })
})

it('a run that is deleted says so, and one that was removed leaves its id, and no way there', async () => {
  const { run, model } = await script()
  await post('/runs/log-inputs', { run_id: run, datasets: [datasetInput('customers', 'ab12')] })
  await register('left', { source: `models:/${model}`, run_id: run, model_id: model })
  await post('/runs/delete', { run_id: run })
  await post(`/logged-models/${model}`, {}, 'DELETE')
  const deleted = await lineage('left')
  expect(nodeOf(deleted, 'tracked run')).toMatchObject({
    title: 'fox',
    detail: `deleted, in fraud ${made}`,
    subject: `tracked-run:${run}`,
    state: 'idle',
  })
  expect(nodeOf(deleted, 'logged model')).toMatchObject({ title: 'forest', subject: null, state: 'idle' })
  expect(shape(deleted)).toMatchObject({ 'logged dataset customers': ['tracked run fox'] })
  await client.collectGarbage({ body: { dryRun: false, trackedRuns: [run], loggedModels: [model], actor: 'user:ada' } })
  const removed = await lineage('left')
  expect(shape(removed)).toEqual({
    [`tracked run ${run}`]: [`logged model ${model}`],
    [`logged model ${model}`]: ['model version left@1'],
    'model version left@1': [],
  })
  for (const kind of ['tracked run', 'logged model'])
    expect(nodeOf(removed, kind)).toMatchObject({ detail: 'removed for good', subject: null, state: 'idle' })
})
