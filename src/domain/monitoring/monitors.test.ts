import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { day } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { type Definition, definitionSchema, type MonitorDefinition } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { ModelVersions } from '../registry/model-versions.ts'
import { Deployments } from '../serving/deployments.ts'
import { numericReference } from '../training/reference.ts'
import { Monitors } from './monitors.ts'
import { PostedLabels } from './posted-labels.ts'
import { PredictionStore } from './prediction-store.ts'

// A Monday.
const start = Date.UTC(2001, 0, 1)
let services: TestServices
let posted: PostedLabels
let store: PredictionStore
let deployments: Deployments
let random: () => number

const definitionOf = (monitors: Partial<MonitorDefinition>[]): Definition =>
  definitionSchema.parse({
    name: 'project',
    endpoints: [{ name: 'late', model: 'late' }],
    monitors: monitors.map((monitor) => ({ endpoint: 'late', ...monitor })),
  })
const watch = () => new Monitors(services, store, (endpoint) => posted.of(endpoint))
const measurements = (monitor: string) =>
  services.metadata.find('measurement', { where: { monitor }, orderBy: { field: 'from' } })
const alertsOf = (monitor: string) => services.metadata.find('alert', { where: { monitor } })
async function eventsOf(monitor: string): Promise<string[]> {
  await services.metadata.sealed()
  const events = await services.metadata.latestEvents({ limit: 1000, subject: `monitor:${monitor}` })
  return events.reverse().map(({ type, data }) => `${type} ${(data as { figure: string }).figure}`)
}

async function register(number: number, referenceHash: string | null): Promise<ModelVersionRecord> {
  return new ModelVersions(services.metadata, services.clock).add(
    {
      model: 'late',
      task: 'binary',
      modelHash: String(number).repeat(64).slice(0, 64),
      onnxHash: null,
      signature: { request: [], inputs: [], outputs: [] },
      definitionHash: null,
      runId: null,
      datasetVersion: null,
      trainedUntil: null,
      trainedRows: null,
      previous: null,
      evaluation: {
        rows: 1000,
        from: 0,
        to: 1,
        candidate: { auc: { value: 0.9, low: 0.88, high: 0.92, rows: 1000 } },
        baseline: null,
        production: null,
        differences: {},
        segments: {},
        calibration: null,
      },
      verdicts: [],
      importance: [],
      referenceHash,
      goldenHash: null,
      cardHash: null,
      brief: null,
      threshold: 0.5,
      madeBy: 'user:ada',
    },
    'registered',
    'is registered',
  )
}

beforeEach(async () => {
  services = await openDataServices()
  random = seededRandom(17)
  store = new PredictionStore(join(services.home, 'predictions'))
  posted = new PostedLabels(join(services.home, 'labels'))
  deployments = new Deployments(services.metadata, services.clock, () => {})
  const values = Array.from({ length: 2000 }, () => random())
  const reference = { rows: 2000, columns: [numericReference('x', values)] }
  const { hash } = await services.blobs.put(new TextEncoder().encode(JSON.stringify(reference)))
  await register(1, hash)
  await register(2, hash)
})
afterEach(async () => {
  await services.close()
  await rm(services.home, { recursive: true, force: true })
})
/** Deploys the first version on a day of the test. */
async function deploy(onDay = 0): Promise<void> {
  services.clock.advanceTo(start + onDay * day)
  await services.metadata.transaction((writer) =>
    deployments.define(writer, definitionOf([]).endpoints[0]!, 'user:ada'),
  )
  await deployments.start('late', 'late@1', 'user:ada', 'test')
}

interface Asked {
  count?: number
  /** How often the answer is right where the label says yes; 0.5 knows nothing. */
  skill?: number
  /** Added to the input. */
  shift?: number
  labels?: number
  version?: string
  role?: PredictionRecord['role']
  failed?: number
}
let segments = 0
/** A day of predictions, and the labels of the first of them. */
async function asked(
  onDay: number,
  { count = 400, skill = 1, shift = 0, labels = count, version = 'late@1', role = 'primary', failed = 0 }: Asked = {},
): Promise<{ key: string; value: number }[]> {
  segments += 1
  const truth: { key: string; value: number }[] = []
  const lines = Array.from({ length: count }, (_, at) => {
    const value = at % 2
    const key = `${segments}-${at}`
    truth.push({ key, value })
    const time = start + onDay * day + Math.floor((at * day) / count)
    const record: PredictionRecord = {
      id: `s.${segments}.${at}`,
      requestId: 'r',
      endpoint: 'late',
      version,
      role,
      key,
      time,
      eventTime: time,
      request: {},
      inputs: { x: random() + shift },
      featureAgeMs: null,
      score: skill === 1 ? (value + random()) / 2 : random(),
      output: null,
      error: at < failed ? 'failed' : null,
      latencyUs: 100,
    }
    return `${JSON.stringify(record)}\n`
  })
  const name = new Date(start + onDay * day).toISOString().slice(0, 10).replaceAll('-', '')
  await store.append('p', `${name}-${segments}`, 0, Buffer.from(lines.join('')))
  if (labels > 0) await posted.add('late', truth.slice(0, labels))
  return truth
}
const look = async (onDay: number, definition: Definition) => {
  services.clock.advanceTo(start + onDay * day)
  await watch().lookAt(definition)
}

describe('alerts', () => {
  it('are raised once however long it lasts, stay while nothing is known, and are resolved by what was measured', async () => {
    await deploy()
    const definition = definitionOf([{ name: 'quality', kind: 'quality' }])
    await asked(0)
    await asked(1, { skill: 0 })
    await asked(2, { skill: 0 })
    await asked(3, { labels: 99 })
    // Nobody asks on the fourth day.
    await asked(5, { role: 'shadow', version: 'late@2' })
    await asked(6)
    await asked(7, { skill: 0 })
    const open: number[] = []
    for (let at = 1; at <= 10; at += 1) {
      await look(at, definition)
      open.push((await alertsOf('quality')).filter(({ state }) => state === 'open').length)
    }
    // A day is looked at two days after its end.
    expect(open).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 0, 1])
    expect(await eventsOf('quality')).toEqual(['alert.raised auc', 'alert.resolved auc', 'alert.raised auc'])
    const [first, second] = (await alertsOf('quality')).sort((a, b) => a.raisedAt - b.raisedAt)
    expect(first).toMatchObject({ state: 'resolved', raisedAt: start + 4 * day, resolvedAt: start + 9 * day })
    expect(first!.message).toMatch(/^auc of late is 0\.\d{3}, beyond 0\.870 \(late@1, 2001-01-02\)$/)
    expect(second).toMatchObject({ state: 'open', resolvedAt: null, figure: 'auc', threshold: 0.87 })
    expect(
      (await measurements('quality')).map(({ role, labelled, predictions }) => [role, predictions, labelled]),
    ).toEqual([
      ['primary', 400, 400],
      ['primary', 400, 400],
      ['primary', 400, 400],
      ['primary', 400, 99],
      ['none', 0, 0],
      ['shadow', 400, 400],
      ['primary', 400, 400],
      ['primary', 400, 400],
    ])
  })

  it('wait for as many periods in a row as the monitor says', async () => {
    await deploy()
    const definition = definitionOf([{ name: 'drift', kind: 'drift', periods: 3 }])
    const shifts = [2, 2, 0, 2, 2, 2, 0]
    for (const [at, shift] of shifts.entries()) await asked(at, { shift })
    const open: number[] = []
    for (const at of shifts.keys()) {
      await look(at + 1.25, definition)
      open.push((await alertsOf('drift')).filter(({ state }) => state === 'open').length)
    }
    expect(open).toEqual([0, 0, 0, 0, 0, 1, 0])
    expect(await eventsOf('drift')).toEqual(['alert.raised x', 'alert.resolved x'])
    expect((await alertsOf('drift'))[0]!.message).toContain('from what late@1 was trained on')
  })

  it('never come from a shadow', async () => {
    await deploy()
    await asked(0)
    await asked(0, { skill: 0, shift: 3, role: 'shadow', version: 'late@2', failed: 200 })
    const kinds = ['quality', 'drift', 'service'] as const
    await look(3, definitionOf(kinds.map((kind) => ({ name: kind, kind }))))
    expect(await services.metadata.find('alert')).toEqual([])
    expect((await measurements('quality')).map(({ version, broken }) => [version, broken])).toEqual([
      ['late@1', {}],
      ['late@2', {}],
    ])
    expect((await measurements('drift')).map(({ version }) => version)).toEqual(['late@1', ''])
  })

  it('of two monitors of one endpoint are their own', async () => {
    await deploy()
    const definition = definitionOf([
      { name: 'strict', kind: 'service', threshold: 0.01 },
      { name: 'lenient', kind: 'service', threshold: 0.5 },
      { name: 'weekly', kind: 'service', every: 'week', threshold: 0.01 },
    ])
    await asked(0, { failed: 40 })
    await look(1.25, definition)
    expect((await services.metadata.find('alert')).map(({ monitor, figure }) => [monitor, figure])).toEqual([
      ['strict', 'error_share'],
    ])
    await asked(1)
    await look(2.25, definition)
    expect(await eventsOf('strict')).toEqual(['alert.raised error_share', 'alert.resolved error_share'])
    await look(7.25, definition)
    expect(await eventsOf('weekly')).toEqual(['alert.raised error_share'])
    expect(await eventsOf('lenient')).toEqual([])
    expect((await measurements('strict')).length).toBe(7)
    expect((await measurements('weekly')).map(({ predictions }) => predictions)).toEqual([800])
  })
})

describe('periods', () => {
  it('of a week begin on Monday, wherever in one the endpoint began', async () => {
    await deploy(9)
    await asked(10)
    await asked(16)
    const definition = definitionOf([{ name: 'weekly', kind: 'service', every: 'week' }])
    await look(14, definition)
    expect(await measurements('weekly')).toEqual([])
    await look(21.25, definition)
    expect((await measurements('weekly')).map(({ from, to, predictions }) => [from, to - from, predictions])).toEqual([
      [start + 7 * day, 7 * day, 400],
      [start + 14 * day, 7 * day, 400],
    ])
    for (const { from } of await measurements('weekly')) expect(new Date(from).getUTCDay()).toBe(1)
  })

  it('begin on Monday also after a monitor went over from days to weeks, and nothing is measured twice', async () => {
    await deploy()
    for (const at of [0, 1, 2, 8]) await asked(at)
    await look(3.25, definitionOf([{ name: 'm', kind: 'service' }]))
    await look(15, definitionOf([{ name: 'm', kind: 'service', every: 'week' }]))
    expect(
      (await measurements('m')).map(({ from, to, predictions }) => [
        (from - start) / day,
        (to - from) / day,
        predictions,
      ]),
    ).toEqual([
      [0, 1, 400],
      [1, 1, 400],
      [2, 1, 400],
      [7, 7, 400],
    ])
    await look(16.25, definitionOf([{ name: 'm', kind: 'service' }]))
    expect((await measurements('m')).slice(4).map(({ from }) => (from - start) / day)).toEqual([14, 15])
  })

  it('hold what happened in them: the first moment, not the one after the last', async () => {
    await deploy()
    for (const at of [0, 1, 2]) await asked(at, { count: at + 1 })
    await look(3.25, definitionOf([{ name: 'm', kind: 'service' }]))
    expect((await measurements('m')).map(({ predictions }) => predictions)).toEqual([1, 2, 3])
  })

  it('without anybody who asked are looked at once, and before the first version not at all', async () => {
    const definition = definitionOf([{ name: 'm', kind: 'service' }])
    await look(2, definition)
    expect(await measurements('m')).toEqual([])
    await deploy(3)
    await look(6.25, definition)
    await look(6.5, definition)
    expect((await measurements('m')).map(({ id, role, figures }) => [id, role, figures])).toEqual(
      [3, 4, 5].map((at) => [`m/${start + at * day}/none`, 'none', {}]),
    )
  })

  it('too short for drift say how many asked', async () => {
    await deploy()
    await asked(0, { count: 49 })
    await look(1.25, definitionOf([{ name: 'm', kind: 'drift' }]))
    expect(await measurements('m')).toMatchObject([{ role: 'none', predictions: 49, figures: {} }])
  })
})

describe('labels', () => {
  it('are waited for: two days; what is not there by then is counted as missing', async () => {
    await deploy()
    const truth = await asked(0, { labels: 0 })
    const definition = definitionOf([{ name: 'm', kind: 'quality' }])
    await look(2.99, definition)
    expect(await measurements('m')).toEqual([])
    await posted.add('late', truth.slice(0, 300))
    await look(3, definition)
    expect(await measurements('m')).toMatchObject([{ predictions: 400, labelled: 300, figures: { auc: { value: 1 } } }])
    // Later ones do not change what was seen then; asked for now, they count.
    await posted.add('late', truth.slice(300))
    await look(4, definition)
    expect((await measurements('m'))[0]).toMatchObject({ labelled: 300 })
    const [served] = await watch().qualityOver(definition, 'late', start, start + day)
    expect(served).toMatchObject({ group: 'served', predictions: 400, labelled: 400 })
  })
})

describe('versions', () => {
  it('as the canary and then alone are one for drift; two that share a day are not held against each other', async () => {
    await deploy()
    await asked(0, { count: 150, role: 'canary', version: 'late@2', shift: 3 })
    await asked(0, { count: 250, role: 'primary', version: 'late@2', shift: 3 })
    await asked(1, { count: 200 })
    await asked(1, { count: 200, version: 'late@2', role: 'canary', shift: 3 })
    await look(2.25, definitionOf([{ name: 'm', kind: 'drift' }]))
    expect((await measurements('m')).map(({ version, role, predictions }) => [version, role, predictions])).toEqual([
      ['late@2', 'primary', 400],
      ['', 'none', 400],
    ])
    expect(await eventsOf('m')).toEqual(['alert.raised x'])
  })
})

describe('a restart', () => {
  it('between any two looks changes nothing of what is measured and told', async () => {
    await deploy()
    const definition = definitionOf([
      { name: 'quality', kind: 'quality' },
      { name: 'drift', kind: 'drift', periods: 2 },
      { name: 'service', kind: 'service', every: 'week' },
    ])
    for (let at = 0; at < 15; at += 1)
      if (at !== 5)
        await asked(at, { shift: at > 7 && at < 11 ? 2 : 0, skill: at % 4 === 3 ? 0 : 1, failed: at === 9 ? 80 : 0 })
    // Every look is by a new process: what it knows is what was written.
    for (let at = 0; at <= 18; at += 0.25) await look(at, definition)
    const seen = async () => ({
      measurements: await services.metadata.find('measurement'),
      events: await Promise.all(['quality', 'drift', 'service'].map(eventsOf)),
    })
    const stepByStep = await seen()
    expect(stepByStep.measurements.length).toBe(16 + 17 + 2)
    for (const kind of ['measurement', 'alert'] as const) {
      const records = await services.metadata.find(kind)
      await services.metadata.transaction(async (writer) => {
        for (const { id } of records) await writer.remove(kind, id)
      })
    }
    const all = watch()
    await all.lookAt(definition)
    await all.lookAt(definition)
    const atOnce = await seen()
    expect(atOnce.measurements).toEqual(stepByStep.measurements)
    expect(atOnce.events).toEqual(stepByStep.events.map((events) => [...events, ...events]))
    expect(stepByStep.events.every((events) => events.length > 0)).toBe(true)
  })
})
