import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Definition, ModelDefinition } from '../../src/contract/definition.ts'
import type { ModelVersionRecord } from '../../src/contract/model.ts'
import { goldenSchema } from '../../src/contract/training.ts'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'

const projectDir = fileURLToPath(new URL('../../examples/broken/healthy', import.meta.url))
let folder: string
let server: RunningServer
let predictor: RunningPredictor
let client: Client
let healthy: Definition

const predictorIn = (name: string, memoryMb?: number) =>
  startPredictor({
    home: join(folder, name),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: 'test',
    ...(memoryMb ? { memoryMb } : {}),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright preflight '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  predictor = await predictorIn('predictor')
  client = createClient(server.address)
  healthy = (await loadProject(projectDir)).definition
  await apply({})
  await client.ingest({ params: { dataset: 'orders' }, body: {} })
}, 60_000)
afterAll(async () => {
  await predictor.close()
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const apply = (model: Partial<ModelDefinition>, more: Partial<Definition> = {}) =>
  client.apply({
    body: { projectDir, definition: { ...healthy, ...more, models: [{ ...healthy.models[0]!, ...model }] } },
  })

async function train(): Promise<{ state: string; newest: ModelVersionRecord; serving: string | null }> {
  const { run } = await client.startRun({ body: { pipeline: 'train-returns', wait: true } })
  const { versions } = await client.modelVersions({ params: { model: 'returns' } })
  return { state: run.state, newest: versions[0]!, serving: await serving() }
}
const serving = async () => (await client.endpoint({ params: { endpoint: 'returns' } })).endpoint.serving
const failedGates = ({ verdicts }: ModelVersionRecord) => verdicts.filter(({ passed }) => !passed)

vi.setConfig({ testTimeout: 180_000 })

it.each([
  ['memory', { memoryMb: 1e9 }, /1000000000 MB of memory are needed, \d+ MB are free/],
  ['cores', { cores: 5000 }, /5000 cores are needed, there are \d+/],
  ['an accelerator', { accelerator: 'tpu' }, /the accelerator "tpu" is needed, there is /],
  [
    'a package',
    { packages: { 'no-such-package': '2.1' } },
    /the package no-such-package 2.1 is needed and not installed/,
  ],
  ['a newer package', { packages: { fastify: '99' } }, /the package fastify 99 is needed, 5\.\S+ is installed/],
])('refuses a candidate for want of %s before any traffic', async (_, requires, message) => {
  await apply({ requires })
  const { newest, serving: served } = await train()
  expect(newest.state).toBe('refused')
  expect(failedGates(newest)).toEqual([
    expect.objectContaining({ gate: 'fits the prediction service', message: expect.stringMatching(message) }),
  ])
  expect(newest.verdicts[0]!.message).toBeTruthy()
  expect(served).toBeNull()
})

it('lets it through when the service has what it declares, and refuses what misses a target of the brief', async () => {
  const requires = { memoryMb: 1, cores: 1, packages: { fastify: '5.0' } }
  const brief = { objective: 'fewer returns', owner: 'ada', targets: [{ metric: 'auc', atLeast: 0.99 }] }
  await apply({ requires }, { brief })
  const missed = await train()
  expect(failedGates(missed.newest)).toEqual([expect.objectContaining({ gate: 'auc at least 0.99', bound: 0.99 })])
  expect(missed.serving).toBeNull()
  await apply({ requires }, { brief: { ...brief, targets: [{ metric: 'auc', atLeast: 0.5 }] } })
  const reached = await train()
  expect(reached).toMatchObject({ state: 'succeeded', serving: reached.newest.id })
  expect(reached.newest.verdicts.map(({ gate }) => gate)).toEqual(
    expect.arrayContaining(['auc at least 0.5', 'fits the prediction service']),
  )
  await expect(apply({}, { brief: { ...brief, targets: [{ metric: 'rmse', atMost: 1 }] } })).rejects.toMatchObject({
    code: 'invalid-definition',
    field: 'brief.targets.0.metric',
  })
})

it('refuses a rollout by hand too: too little memory on one of the services, golden rows that differ, a budget that is missed', async () => {
  await apply({ seed: 2 })
  const { newest: current, serving: before } = await train()
  expect(before).toBe(current.id)
  await apply({ seed: 3 }, { endpoints: [{ ...healthy.endpoints[0]!, budget: { p99Ms: 0.001 } }] })
  const slow = await train()
  expect(slow).toMatchObject({ state: 'failed', serving: before })
  const deploy = () => client.deploy({ params: { endpoint: 'returns' }, body: { version: String(slow.newest.number) } })
  await expect(deploy()).rejects.toMatchObject({
    code: 'rollout-refused',
    message: expect.stringMatching(/stands its budget: the 99th percentile is .* the budget 0.001 ms/),
  })

  await apply({ seed: 3 })
  const { metadata, blobs } = server.plane.data
  const golden = goldenSchema.parse(JSON.parse(Buffer.from(await blobs.get(slow.newest.goldenHash!)).toString()))
  const other = { ...golden, scores: golden.scores.map((score) => Number(score) + 0.001) }
  const { hash } = await blobs.put(Buffer.from(JSON.stringify(other)))
  await metadata.transaction((writer) => writer.update('model_version', slow.newest.id, { goldenHash: hash }))
  await expect(deploy()).rejects.toMatchObject({
    code: 'rollout-refused',
    message: expect.stringMatching(/answers the golden rows: 64 rows differ by 1.0e-3/),
  })
  await metadata.transaction((writer) =>
    writer.update('model_version', slow.newest.id, { goldenHash: slow.newest.goldenHash }),
  )

  const small = await predictorIn('small', 1)
  await vi.waitFor(() => expect(server.plane.sessions.connected()).toHaveLength(2), { timeout: 10_000 })
  await expect(deploy()).rejects.toMatchObject({
    code: 'rollout-refused',
    message: expect.stringMatching(
      `fits the prediction service: ${small.address}: \\d+ MB of memory are needed, 0 MB are free`,
    ),
  })
  await small.close()
  expect(await serving()).toBe(before)
  const { events } = await client.events({ query: { stage: 'serving', limit: 200 } })
  expect(events.filter(({ type }) => type === 'deployment.refused')).toHaveLength(4)
  // Nothing of the refused ones stays in the plan.
  const { endpoints } = await server.plane.plans.current()
  expect(endpoints.flatMap(({ slots }) => slots.map(({ version }) => version.id))).toEqual([before])
}, 120_000)
