import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { day } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { definitionSchema, endpointSchema } from '../../contract/definition.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { referenceSchema } from '../../contract/training.ts'
import { ModelVersions } from '../registry/model-versions.ts'
import { Deployments } from '../serving/deployments.ts'
import { Monitors } from './monitors.ts'
import { monitorsInForce } from './own-monitors.ts'
import { PredictionStore } from './prediction-store.ts'

let services: TestServices
let store: PredictionStore
let monitors: Monitors
const start = Date.UTC(2001, 0, 1)

beforeEach(async () => {
  services = await openDataServices()
  store = new PredictionStore(join(services.home, 'predictions'))
  monitors = new Monitors(services, store, async () => new Map())
  const registry = new ModelVersions(services.metadata, services.clock)
  const deployments = new Deployments(services.metadata, services.clock, () => {})
  const version = await registry.add(
    {
      model: 'small',
      task: null,
      modelHash: null,
      onnxHash: 'a'.repeat(64),
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
      madeBy: 'user:ada',
    },
    'registered',
    'is registered',
  )
  await services.metadata.transaction((writer) =>
    deployments.define(writer, endpointSchema.parse({ name: 'small', model: 'small' }), 'user:ada'),
  )
  await deployments.start('small', version.id, 'user:ada', 'test')
})
afterEach(async () => {
  await services.close()
  await rm(services.home, { recursive: true, force: true })
})

const random = seededRandom(7)
/** A day of predictions whose first input lies around a place. */
async function answered(dayOfTest: number, count: number, around: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, at) => {
    const x = around + random()
    const record: PredictionRecord = {
      id: `${dayOfTest}.${at}`,
      requestId: 'r',
      endpoint: 'small',
      version: 'small@1',
      role: 'primary',
      key: null,
      time: start + dayOfTest * day + at,
      eventTime: start + dayOfTest * day + at,
      request: {},
      inputs: { x, constant: 3, colour: random() < 0.5 ? 'red' : null },
      featureAgeMs: null,
      score: [x / 10, 1 - x / 10],
      output: null,
      error: null,
      latencyUs: 100,
    }
    return `${JSON.stringify(record)}\n`
  })
  await store.append('p', `2001010${dayOfTest + 1}-a-1`, 0, Buffer.from(lines.join('')))
}
const drift = () => services.metadata.find('measurement', { where: { kind: 'drift' }, orderBy: { field: 'from' } })

it('compares with what the version was first asked: the first day with enough predictions, kept for good', async () => {
  await answered(0, 199, 5)
  await answered(1, 400, 0)
  await answered(2, 400, 0)
  await answered(3, 400, 2)
  services.clock.advanceTo(start + 3.5 * day)
  await monitors.lookAt(null)

  const { references } = (await services.metadata.get('endpoint', 'small'))!
  const reference = referenceSchema.parse(
    JSON.parse(new TextDecoder().decode(await services.blobs.get(references!['small@1']!))),
  )
  expect(reference.rows).toBe(400)
  expect(reference.columns.map(({ name, kind }) => [name, kind])).toEqual([
    ['x', 'numeric'],
    ['constant', 'numeric'],
    ['colour', 'categorical'],
    ['score.0', 'numeric'],
    ['score.1', 'numeric'],
  ])
  const [few, first, same] = await drift()
  expect([few!.predictions, first!.predictions]).toEqual([199, 400])
  expect([few!.figures, first!.figures]).toEqual([{}, {}])
  expect(same!.figures.constant!.value).toBe(0)
  expect(same!.broken).toEqual({})

  services.clock.advanceTo(start + 4.5 * day)
  await monitors.lookAt(null)
  const moved = (await drift()).at(-1)!
  expect(Object.keys(moved.broken).sort()).toEqual(['score.0', 'score.1', 'x'])
  const alerts = await services.metadata.find('alert', { where: { monitor: 'small-drift' } })
  expect(alerts.map((alert) => alert.figure).sort()).toEqual(['score.0', 'score.1', 'x'])
  expect(alerts[0]!.message).toContain('from what small@1 was first asked')
  expect((await services.metadata.get('endpoint', 'small'))!.references).toEqual(references)
  const service = await services.metadata.find('measurement', { where: { monitor: 'small-service' } })
  expect(service.map((each) => each.figures.predictions?.value)).toEqual([199, 400, 400, 400])
})

it('looks once at each period, also after a restart', async () => {
  await answered(0, 300, 0)
  services.clock.advanceTo(start + 2.5 * day)
  await monitors.lookAt(null)
  const before = await services.metadata.count('measurement')
  await new Monitors(services, store, async () => new Map()).lookAt(null)
  expect(await services.metadata.count('measurement')).toBe(before)
})

it('leaves endpoints of the definition, and names that it uses, to the definition', () => {
  const definition = definitionSchema.parse({
    name: 'project',
    endpoints: [{ name: 'late', model: 'late' }],
    monitors: [{ name: 'small-drift', endpoint: 'late', kind: 'drift' }],
  })
  expect(
    monitorsInForce(definition, [{ id: 'late' }, { id: 'small' }]).map(({ name, endpoint }) => [name, endpoint]),
  ).toEqual([
    ['small-drift', 'late'],
    ['small-service', 'small'],
  ])
  expect(monitorsInForce(null, [])).toEqual([])
})
