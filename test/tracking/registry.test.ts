import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { endpointSchema } from '../../src/contract/definition.ts'
import { collectGarbage } from '../../src/domain/lifecycle/garbage.ts'
import { keepVersion } from '../../src/domain/registry/enter-version.ts'
import type { OwnVersion } from '../../src/domain/registry/model-versions.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'

let home: string
let server: RunningServer
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millwright registry '))
  server = await startServer({ home, host: '127.0.0.1', port: 0, logLevel: 'silent' })
})
afterAll(async () => {
  await server.close()
  await rm(home, { recursive: true, force: true })
})

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, of which each test looks at a part.
type Answer = { status: number; body: any }
async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.address}${path}`, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() } as Answer
}
const api = '/api/2.0/mlflow'
const post = (path: string, body: unknown, headers = {}) => send('POST', `${api}${path}`, body, headers)
const get = (path: string, asked: Record<string, string> = {}, headers = {}) =>
  send('GET', `${api}${path}?${new URLSearchParams(asked)}`, undefined, headers)
const remove = (path: string, body: unknown) => send('DELETE', `${api}${path}`, body)
const artifact = (path: string) => `${server.address}/api/2.0/mlflow-artifacts/artifacts/${path}`

const mlmodel = `flavors:
  python_function:
    loader_module: mlflow.sklearn
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
`
/** A run with the folder of a model. */
async function loggedFolder(texts: Record<string, string> = { MLmodel: mlmodel, 'data/model.pkl': 'weights' }) {
  const { body } = await post('/runs/create', { experiment_id: '0' })
  const run: string = body.run.info.run_id
  for (const [path, text] of Object.entries(texts))
    await fetch(artifact(`0/${run}/artifacts/model/${path}`), { method: 'PUT', body: text })
  return { run, source: `mlflow-artifacts:/0/${run}/artifacts/model` }
}
async function register(name: string, said?: { run: string; source: string }) {
  await post('/registered-models/create', { name })
  const { run, source } = said ?? (await loggedFolder())
  const { status, body } = await post('/model-versions/create', { name, source, run_id: run })
  expect({ status, body }).toMatchObject({ status: 200 })
  return body.model_version.version as string
}
const uriOf = async (name: string, version: string) =>
  (await get('/model-versions/get-download-uri', { name, version })).body.artifact_uri as string
const fileOf = async (name: string, version: string, path: string) => {
  const uri = await uriOf(name, version)
  return fetch(artifact(`${uri.slice('mlflow-artifacts:/'.length)}/${path}`))
}
const gc = () => {
  const { data, predictions, tracking } = server.plane
  // What was made here would be past its time, and is not what this is about.
  const retention = { runsDays: 1, modelsDays: 1e-9, predictionsDays: 1 }
  const projects = { current: { definition: { retention } } } as never
  const deleted = { before: 0, runs: [], models: [], experiments: [] }
  return collectGarbage(
    { ...data, projects, predictions, tracking: tracking.garbage, served: [] },
    { dryRun: false, deleted, actor: 'user:ada' },
  )
}
const ownVersion = (model: string, more: Partial<OwnVersion> = {}): OwnVersion => ({
  model,
  task: 'binary',
  modelHash: null,
  onnxHash: null,
  signature: { request: [], inputs: [], outputs: [] },
  definitionHash: null,
  runId: null,
  datasetVersion: null,
  trainedUntil: null,
  trainedRows: null,
  previous: null,
  evaluation: null,
  verdicts: [],
  importance: [],
  referenceHash: null,
  goldenHash: null,
  cardHash: null,
  brief: null,
  threshold: 0.5,
  madeBy: 'run:run_1',
  ...more,
})

it('the files of a version stay as they were, whatever becomes of the run', async () => {
  const said = await loggedFolder()
  const version = await register('kept', said)
  const path = `0/${said.run}/artifacts/model/data/model.pkl`
  await fetch(artifact(path), { method: 'PUT', body: 'others' })
  await fetch(artifact(`0/${said.run}/artifacts`), { method: 'DELETE' })
  await post('/runs/delete', { run_id: said.run })
  const { blobs, metadata } = server.plane.data
  const old = Date.now() - 2 * 60 * 60 * 1000
  const { utimes } = await import('node:fs/promises')
  for await (const { hash } of blobs.list()) await utimes(await blobs.pathOf(hash), old / 1000, old / 1000)
  await gc()
  expect(await (await fileOf('kept', version, 'data/model.pkl')).text()).toBe('weights')
  expect((await fileOf('kept', version, 'MLmodel')).headers.get('content-disposition')).toMatch(/^attachment/)
  const listed = await fetch(artifact('').replace(/\/$/, `?path=${(await uriOf('kept', version)).slice(18)}`))
  expect(await listed.json()).toEqual({
    files: [
      { path: 'MLmodel', is_dir: false, file_size: mlmodel.length },
      { path: 'data', is_dir: true },
    ],
  })
  const got = `${server.address}/model-versions/get-artifact?name=kept&version=${version}&path=`
  expect(await (await fetch(`${got}data/model.pkl`)).text()).toBe('weights')
  expect((await fetch(`${got}nothing`)).status).toBe(404)
  const record = await metadata.get('model_version', 'kept@1')
  expect(record?.signature).toEqual({
    request: [{ name: 'a', datatype: 'FP64', optional: false }],
    inputs: [{ name: 'a', kind: 'numeric' }],
    outputs: [{ name: 'output', datatype: 'INT64', optional: false }],
  })

  // Nobody writes there, and with the last version of these files they go.
  const root = (await uriOf('kept', version)).slice('mlflow-artifacts:/'.length)
  expect((await fetch(artifact(`${root}/MLmodel`), { method: 'PUT', body: 'x' })).status).toBe(409)
  expect((await fetch(artifact(root), { method: 'DELETE' })).status).toBe(409)
  await post('/registered-models/create', { name: 'copy' })
  expect((await post('/model-versions/create', { name: 'copy', source: 'models:/kept/1' })).status).toBe(200)
  await remove('/registered-models/delete', { name: 'kept' })
  expect(await (await fileOf('copy', '1', 'data/model.pkl')).text()).toBe('weights')
  await remove('/model-versions/delete', { name: 'copy', version: '1' })
  expect((await fetch(artifact(`${root}/MLmodel`))).status).toBe(404)
})

it('a name changes, and ids do not; numbers never come again', async () => {
  await register('first')
  await register('first')
  await post('/registered-models/alias', { name: 'first', alias: 'best', version: '2' })
  expect((await post('/registered-models/rename', { name: 'first', new_name: 'second' })).body).toMatchObject({
    registered_model: { name: 'second', aliases: [{ alias: 'best', version: '2' }] },
  })
  const { body } = await send('GET', '/api/models')
  expect(body.models).toContainEqual(
    expect.objectContaining({ model: 'first', name: 'second', versions: 2, isDefined: false }),
  )
  expect((await send('GET', '/api/models/first/versions/best')).body.version).toMatchObject({ id: 'first@2' })
  expect((await send('GET', '/api/models/first/versions/best/lineage')).status).toBe(200)
  await remove('/model-versions/delete', { name: 'second', version: '2' })
  expect(await server.plane.data.metadata.find('alias', { where: { model: 'first' } })).toEqual([])
  expect(await register('second')).toBe('3')

  // The name is free, and gets ids of its own; those of the model that was deleted go on.
  expect(await register('first')).toBe('1')
  expect(await server.plane.data.metadata.get('model_version', 'first~2@1')).toBeDefined()
  await remove('/registered-models/delete', { name: 'first' })
  await remove('/registered-models/delete', { name: 'second' })
  expect(await register('first')).toBe('4')
  expect(await server.plane.data.metadata.get('model_version', 'first@4')).toBeDefined()
})

it('what was made here is seen: what it showed as tags, why it was refused, and its ONNX file as a folder', async () => {
  const { registry, data } = server.plane
  const { hash: onnxHash } = await data.blobs.put(new TextEncoder().encode('onnx'))
  const figure = { value: 0.75, low: 0.7, high: 0.8, rows: 10 }
  const evaluation = {
    rows: 10,
    from: 0,
    to: 1,
    candidate: { auc: figure },
    baseline: null,
    production: null,
    differences: {},
    segments: {},
    calibration: null,
  }
  const verdict = { gate: 'auc', segment: null, measured: 0.75, bound: 0.7, message: 'auc is 0.75, above 0.7' }
  const verdicts = [{ ...verdict, passed: true }]
  await registry.add(ownVersion('own', { onnxHash, evaluation, verdicts }), 'registered', 'is registered')
  const failed = [{ ...verdict, passed: false, message: 'auc is 0.6, below 0.7' }]
  await registry.add(ownVersion('own', { verdicts: failed }), 'refused', 'was refused')
  expect((await get('/model-versions/get', { name: 'own', version: '1' })).body.model_version).toMatchObject({
    status: 'READY',
    tags: [
      { key: 'millwright.state', value: 'registered' },
      { key: 'millwright.task', value: 'binary' },
      { key: 'millwright.metric.auc', value: '0.75' },
      { key: 'millwright.gate.auc', value: 'passed' },
    ],
  })
  expect((await get('/model-versions/get', { name: 'own', version: '2' })).body.model_version).toMatchObject({
    status: 'FAILED_REGISTRATION',
    status_message: 'auc: auc is 0.6, below 0.7',
  })
  const found = await get('/model-versions/search', { filter: "name = 'own' AND tags.`millwright.state` = 'refused'" })
  expect(found.body.model_versions).toMatchObject([{ version: '2' }])
  expect(await (await fileOf('own', '1', 'model.onnx')).text()).toBe('onnx')
  expect(await (await fileOf('own', '1', 'MLmodel')).text()).toContain('loader_module: mlflow.onnx')
  expect((await fileOf('own', '1', 'nothing')).status).toBe(404)
  expect((await get('/model-versions/get-download-uri', { name: 'own', version: '2' })).status).toBe(404)
  const tag = { name: 'own', version: '1', key: 'millwright.state', value: 'refused' }
  expect((await post('/model-versions/set-tag', tag)).status).toBe(400)
})

it('a model that an endpoint answers with keeps its name; a version that is deployed stays', async () => {
  const { data, deployments, registry } = server.plane
  const { hash: onnxHash } = await data.blobs.put(new TextEncoder().encode('served'))
  await registry.add(ownVersion('served', { onnxHash }), 'registered', 'is registered')
  const endpoint = endpointSchema.parse({ name: 'door', model: 'served' })
  await data.metadata.transaction(async (writer) => {
    await deployments.define(writer, endpoint, 'user:ada')
    await writer.update('endpoint', 'door', { serving: 'served@1' })
  })
  for (const [answer, why] of [
    [await post('/registered-models/rename', { name: 'served', new_name: 'other' }), /endpoint door/],
    [await remove('/registered-models/delete', { name: 'served' }), /endpoint door/],
    [await remove('/model-versions/delete', { name: 'served', version: '1' }), /serves it/],
  ] as const)
    expect(answer).toMatchObject({
      status: 409,
      body: { error_code: 'RESOURCE_CONFLICT', message: expect.stringMatching(why) },
    })
  const version = await register('served', await loggedFolder({ MLmodel: 'flavors: {}\n' }))
  expect(version).toBe('2')
  const deployed = await send('POST', '/api/endpoints/door/deploy', { version: '2' })
  expect(deployed).toMatchObject({ status: 409, body: { error: { code: 'rollout-refused' } } })
  expect(deployed.body.error.message).toContain('does not say what it takes')
})

it('a version that another control plane recorded keeps its number, and those that follow come after it', async () => {
  const { data, registry } = server.plane
  const first = await registry.add(ownVersion('taken over'), 'registered', 'is registered')
  const recorded = { ...first, id: 'taken over@7', number: 7, hash: 'other' }
  await data.metadata.transaction((writer) => keepVersion(writer, recorded))
  expect((await get('/model-versions/get', { name: 'taken over', version: '7' })).status).toBe(200)
  const next = await registry.add(ownVersion('taken over', { threshold: 0.25 }), 'registered', 'is registered')
  expect(next.id).toBe('taken over@8')
})

it('many register at once: every number once, and none is lost', async () => {
  const said = await loggedFolder()
  await post('/registered-models/create', { name: 'contended' })
  const answers = await Promise.all(
    Array.from({ length: 60 }, () =>
      post('/model-versions/create', { name: 'contended', source: said.source, run_id: said.run }),
    ),
  )
  const numbers = answers.map(({ body }) => Number(body.model_version.version)).sort((a, b) => a - b)
  expect(numbers).toEqual(Array.from({ length: 60 }, (_, place) => place + 1))
  const made = await Promise.all(Array.from({ length: 8 }, () => post('/registered-models/create', { name: 'once' })))
  expect(made.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(400)])
})

it('every move of an alias is told with who did it, by either door, and its removal', async () => {
  await register('moves')
  await register('moves')
  const { metadata } = server.plane.data
  const before = (await metadata.eventHead()).seq
  const alias = { name: 'moves', alias: 'best' }
  await post('/registered-models/alias', { ...alias, version: '1' })
  await post('/registered-models/alias', { ...alias, version: '1' })
  await send('PUT', '/api/models/moves/aliases/best', { version: '2', actor: 'user:ada' })
  expect(await send('DELETE', '/api/models/moves/aliases/best', { actor: 'user:ada' })).toMatchObject({
    status: 200,
    body: { removed: true },
  })
  expect((await remove('/registered-models/alias', alias)).status).toBe(200)
  expect((await send('DELETE', '/api/models/moves/aliases/best', {})).body).toEqual({ removed: false })
  await metadata.sealed()
  expect(
    (await metadata.eventsAfter(before, 100)).map(({ type, actor, data }) => [type, actor, data.from, data.to]),
  ).toEqual([
    ['model.alias-moved', 'user:user', null, 'moves@1'],
    ['model.alias-moved', 'user:ada', 'moves@1', 'moves@2'],
    ['model.alias-removed', 'user:ada', 'moves@2', null],
  ])
})

it('names of any kind go through every route and screen, also with @', async () => {
  for (const name of ['a@1', 'mail@example.test', 'ü 模型 #?%+&', 'x'.repeat(256), '~', '__proto__']) {
    expect(await register(name)).toBe('1')
    expect((await get('/registered-models/get', { name })).body.registered_model.name).toBe(name)
    const model = encodeURIComponent(name)
    expect((await send('GET', `/api/models/${model}/versions`)).body.versions).toHaveLength(1)
    expect((await send('GET', `/api/models/${model}/versions/1`)).body.version.model).toBe(name)
    expect((await send('GET', `/api/models/${model}/versions/1/lineage`)).status).toBe(200)
  }
  expect((await get('/model-versions/get', { name: 'a', version: '1' })).status).toBe(404)
  for (const path of ['/api/models', '/api/overview', '/api/storage'])
    expect([200, 404]).toContain((await fetch(`${server.address}${path}`)).status)
})

it('prompts are kept, and found only by who asks for them', async () => {
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
  await post('/registered-models/create', { name: 'a prompt', tags })
  const made = await post('/model-versions/create', { name: 'a prompt', source: 'prompt-template', tags })
  expect(made.status).toBe(200)
  expect((await post('/model-versions/create', { name: 'a prompt', source: 's3://b/x', tags })).status).toBe(400)
  const names = async (filter: string) =>
    ((await get('/registered-models/search', { filter })).body.registered_models ?? []).map(
      ({ name }: { name: string }) => name,
    )
  expect(await names("name LIKE 'a prom%'")).toEqual([])
  expect(await names("name LIKE 'a prom%' AND tag.`mlflow.prompt.is_prompt` != 'true'")).toEqual([])
  expect(await names("tag.`mlflow.prompt.is_prompt` = 'true'")).toEqual(['a prompt'])
})

// Last, for tokens are asked for from then on.
it('a viewer reads, a developer registers, an operator moves aliases and stages', async () => {
  const as = (role: 'viewer' | 'developer' | 'operator') => ({
    authorization: `Bearer ${createToken(home, role, role)}`,
  })
  const [viewer, developer, operator] = [as('viewer'), as('developer'), as('operator')]
  const create = (headers: object) => post('/registered-models/create', { name: 'of roles' }, headers)
  expect((await create(viewer)).status).toBe(403)
  expect((await create(developer)).status).toBe(200)
  const version = { name: 'of roles', source: 's3://bucket/model' }
  expect((await post('/model-versions/create', version, viewer)).status).toBe(403)
  expect((await post('/model-versions/create', version, developer)).status).toBe(200)
  const alias = { name: 'of roles', alias: 'best', version: '1' }
  expect((await post('/registered-models/alias', alias, developer)).status).toBe(403)
  expect((await post('/registered-models/alias', alias, operator)).status).toBe(200)
  const stage = { name: 'of roles', version: '1', stage: 'Production' }
  expect((await post('/model-versions/transition-stage', stage, developer)).status).toBe(403)
  expect((await post('/model-versions/transition-stage', stage, operator)).status).toBe(200)
  expect((await get('/registered-models/get', { name: 'of roles' }, viewer)).body).toMatchObject({
    registered_model: {
      aliases: [{ alias: 'best', version: '1' }],
      latest_versions: [{ current_stage: 'Production' }],
    },
  })
  expect((await get('/model-versions/get-download-uri', { name: 'of roles', version: '1' }, viewer)).body).toEqual({
    artifact_uri: 's3://bucket/model',
  })
})
