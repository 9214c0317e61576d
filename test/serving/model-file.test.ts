import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'

// Made by test/golden/linear-onnx.py.
const golden = (name: string) => readFileSync(new URL(`../golden/${name}`, import.meta.url))
const { rows, probabilities } = JSON.parse(golden('linear-onnx.json').toString()) as Record<string, number[]>
const file = golden('linear.onnx')

let home: string
let server: RunningServer
let predictor: RunningPredictor
let client: Client
let isServerUp = true

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millwright-entrance-'))
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  predictor = await startPredictor({
    home: join(home, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: 'test',
  })
  await until(async () => server.plane.sessions.connected().length > 0)
})
afterAll(async () => {
  await predictor?.close()
  if (isServerUp) await server?.close()
  await rm(home, { recursive: true, force: true })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('waited for 20 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const add = (bytes: Uint8Array, model = 'small', deploy = true) => {
  const call = { params: { model }, query: { actor: 'user:ada', deploy: String(deploy) }, body: bytes }
  return client.addModelFile(call)
}

interface Answer {
  model_version: string
  id: string
  parameters: { prediction_ids: string }
  outputs: { name: string; datatype: string; shape: number[]; data: number[] }[]
  error?: string
}
async function ask(inputs: unknown, more: Record<string, unknown> = {}): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(`${predictor.address}/v2/models/small/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs, ...more }),
  })
  return { status: response.status, answer: (await response.json()) as Answer }
}
const features = (change: Record<string, unknown> = {}) => [
  { name: 'features', shape: [4, 3], datatype: 'FP32', data: rows, ...change },
]

it('a model file alone gets an endpoint that answers when the call returns, as the model does elsewhere', async () => {
  const { version, isNew, endpoint } = await add(file)
  expect({ id: version.id, isNew, endpoint }).toEqual({ id: 'small@1', isNew: true, endpoint: 'small' })
  expect(version).toMatchObject({ state: 'registered', task: null, madeBy: 'user:ada', definitionHash: null })
  expect(version.signature.request).toEqual([{ name: 'features', datatype: 'FP32', shape: [-1, 3], optional: false }])

  const { status, answer } = await ask(features(), { id: 'question-1' })
  expect(status).toBe(200)
  expect(answer).toMatchObject({ model_name: 'small', model_version: '1', id: 'question-1' })
  const [output] = answer.outputs
  expect(output).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [4, 2] })
  for (const [at, value] of output!.data.entries()) expect(Math.abs(value - probabilities![at]!)).toBeLessThan(1e-6)
})

it('tells its tensors to whoever asks', async () => {
  const about = await (await fetch(`${predictor.address}/v2/models/small`)).json()
  expect(about).toMatchObject({
    versions: ['1'],
    inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 3] }],
    outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }],
  })
})

it('every row is logged before the answer, and found by its id', async () => {
  const { answer } = await ask(features())
  const ids = answer.parameters.prediction_ids.split(' ')
  expect(ids).toHaveLength(4)
  const find = async () => (await client.predictions({ query: { endpoint: 'small', id: ids[2]! } })).predictions
  await until(async () => (await find()).length > 0)
  const [record] = await find()
  expect(record).toMatchObject({
    endpoint: 'small',
    version: 'small@1',
    role: 'primary',
    inputs: { 'features.0': rows![6], 'features.1': rows![7], 'features.2': rows![8] },
    error: null,
  })
  const score = (record as unknown as { score: number[] }).score
  expect(score).toEqual(answer.outputs[0]!.data.slice(4, 6))
  const { steps } = await client.lineage({ params: { id: ids[2]! }, query: { endpoint: 'small' } })
  expect(steps.map((step) => step.what)).toEqual(['prediction', 'model version', 'rollout'])
})

it.each([
  ['another name', features({ name: 'feature' }), 'the model has no input "feature"'],
  ['another type', features({ datatype: 'FP64' }), 'tensor "features" must have datatype FP32, not FP64'],
  ['another width', features({ shape: [6, 2] }), 'tensor "features" must have shape [-1, 3], not [6,2]'],
  ['too few values', features({ data: rows!.slice(1) }), 'tensor "features" says 12 values and holds 11'],
  ['a text among numbers', features({ data: ['1', ...rows!.slice(1)] }), 'value 0 of tensor "features" must be'],
  ['twice the same', [...features(), ...features()], 'tensor "features" is there twice'],
  ['nothing', [], 'the request has no tensor "features"'],
  ['no rows', features({ shape: [0, 3], data: [] }), 'a request may have 1 to 10000 rows, this one has 0'],
  ['columns instead of tensors', undefined, 'the body needs "inputs", a list of tensors'],
])('refuses %s, naming the tensor', async (_, inputs, message) => {
  const { status, answer } = await ask(inputs)
  expect(answer.error).toContain(message)
  expect(status).toBe(400)
})

it('the same file again changes nothing: no version, no rollout, no event', async () => {
  const { seq } = await server.plane.data.metadata.eventHead()
  const { version, isNew } = await add(file)
  expect({ id: version.id, isNew }).toEqual({ id: 'small@1', isNew: false })
  await server.plane.data.metadata.sealed()
  expect((await server.plane.data.metadata.eventHead()).seq).toBe(seq)
  expect((await client.endpoint({ params: { endpoint: 'small' } })).deployments).toHaveLength(1)
})

it('has monitors of its own, and the loop turns without a project', async () => {
  const { monitors } = await client.monitors()
  expect(monitors.map(({ definition }) => [definition.name, definition.kind, definition.every])).toEqual([
    ['small-service', 'service', 'day'],
    ['small-drift', 'drift', 'day'],
  ])
  await server.plane.loop.turn()
})

it('another file is the next version at once, and the way back is open', async () => {
  // A field that readers skip (number 1000, varint 1) after the model: other bytes, the same answers.
  const { version } = await add(Buffer.concat([file, Buffer.from([0xc0, 0x3e, 0x01])]))
  expect(version.id).toBe('small@2')
  expect((await ask(features())).answer.model_version).toBe('2')
  const rollback = (body: { version?: string; dryRun?: boolean }) =>
    client.rollback({ params: { endpoint: 'small' }, body: { actor: 'user:ada', ...body } })
  const { serving, depends } = await rollback({ dryRun: true })
  expect(serving).toBe('small@1')
  expect(depends).toEqual([
    'alias production of small moves from small@2 to small@1: new candidates are compared with it',
  ])
  expect((await ask(features())).answer.model_version).toBe('2')
  expect((await rollback({})).serving).toBe('small@1')
  expect((await ask(features())).answer.model_version).toBe('1')
})

it('goes back past the version before, to one that is named and served here, and to no other', async () => {
  const rollback = (version: string) => client.rollback({ params: { endpoint: 'small' }, body: { version } })
  await client.deploy({ params: { endpoint: 'small' }, body: { version: '2' } })
  await add(Buffer.concat([file, Buffer.from([0xc0, 0x3e, 0x02])]))
  await add(Buffer.concat([file, Buffer.from([0xc0, 0x3e, 0x03])]), 'small', false)
  await expect(rollback('3')).rejects.toMatchObject({ code: 'conflict', message: /serves small@3 already/ })
  await expect(rollback('4')).rejects.toMatchObject({ code: 'conflict', message: /small@4 never served small/ })
  await expect(rollback('9')).rejects.toMatchObject({ code: 'not-found' })
  expect((await rollback('1')).serving).toBe('small@1')
  expect((await ask(features())).answer.model_version).toBe('1')
  expect((await client.endpoint({ params: { endpoint: 'small' } })).endpoint.serving).toBe('small@1')
  // Where there is no earlier one, there is no way back.
  await expect(client.rollback({ params: { endpoint: 'small' }, body: {} })).rejects.toMatchObject({ code: 'conflict' })
})

it('refuses bytes that are no model, and a name that no endpoint can have', async () => {
  await expect(add(Buffer.from('no model'), 'broken')).rejects.toMatchObject({ code: 'model-unreadable' })
  await expect(add(file, 'a b')).rejects.toMatchObject({ code: 'invalid-request', field: 'params.model' })
  expect((await client.models()).models.map((model) => model.model)).toEqual(['small'])
})

it('a prediction service that starts without the control plane answers from its own disk', async () => {
  await predictor.close()
  const { address } = server
  await server.close()
  isServerUp = false
  predictor = await startPredictor({
    home: join(home, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: address,
    version: 'test',
  })
  const { answer } = await ask(features())
  expect(answer.model_version).toBe('1')
  expect(answer.outputs[0]!.data[0]).toBeCloseTo(probabilities![0]!, 6)
})
