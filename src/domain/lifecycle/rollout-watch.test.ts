import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { endpointSchema } from '../../contract/definition.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { ModelVersions, type OwnVersion } from '../registry/model-versions.ts'
import { Deployments } from '../serving/deployments.ts'
import { RolloutWatch } from './rollout-watch.ts'

const start = Date.UTC(2001, 0, 1)
const hour = 3_600_000
const day = 24 * hour
let services: TestServices
let deployments: Deployments
let watch: RolloutWatch
const restart = () => {
  watch = new RolloutWatch(services.metadata, services.clock, deployments)
}

beforeEach(async () => {
  services = await openDataServices()
  deployments = new Deployments(services.metadata, services.clock, (endpoint) =>
    watch.begin(endpoint, services.clock.now()),
  )
  restart()
  const registry = new ModelVersions(services.metadata, services.clock)
  for (const number of [1, 2, 3]) {
    const version = {
      model: 'late',
      task: 'binary',
      modelHash: String(number),
      runId: null,
      madeBy: 'user:ada',
      verdicts: [],
    }
    await registry.add(version as unknown as OwnVersion, 'registered', 'is registered')
  }
  const rollout = {
    steps: [0.1, 0.5, 1],
    holdMs: 2 * hour,
    minAnswers: 100,
    maxErrorShare: 0.02,
    maxLatencyRatio: 3,
    maxScoreShift: 0.1,
  }
  await services.metadata.transaction((writer) =>
    deployments.define(writer, endpointSchema.parse({ name: 'late', model: 'late', rollout }), 'user:ada'),
  )
  await deployments.start('late', 'late@1', 'user:ada', 'the first')
})
afterEach(async () => {
  await services.close()
  await rm(services.home, { recursive: true, force: true })
})

interface Answers {
  score?: number
  latencyUs?: number
  error?: string | null
  role?: PredictionRecord['role']
  time?: number
}
function answer(
  version: string,
  count: number,
  { score = 0.3, latencyUs = 1000, error = null, role, time = services.clock.now() }: Answers = {},
): void {
  for (let at = 0; at < count; at += 1) {
    watch.saw({
      id: 's.1',
      requestId: 'r',
      endpoint: 'late',
      version,
      role: role ?? (version === 'late@1' ? 'primary' : 'canary'),
      key: null,
      time,
      eventTime: start,
      request: {},
      inputs: {},
      featureAgeMs: null,
      score: score + (at % 2) / 100,
      output: null,
      error,
      latencyUs,
    })
  }
}
const after = async (hours: number) => {
  services.clock.advanceTo(start + hours * hour)
  await watch.check()
  const endpoint = await services.metadata.get('endpoint', 'late')
  const [rolling] = await services.metadata.find('deployment', { where: { state: 'rolling' } })
  return { serving: endpoint!.serving, version: rolling?.version ?? null, share: rolling?.share ?? null }
}
const news = async () => {
  await services.metadata.sealed()
  const events = await services.metadata.latestEvents({ limit: 50, subject: 'endpoint:late' })
  return events.reverse().map(({ type, message }) => `${type}: ${message}`)
}

it('takes a rollout step by step, each on its own answers, until it serves', async () => {
  await deployments.start('late', 'late@2', 'user:ada', 'test')
  expect(await after(0)).toEqual({ serving: 'late@1', version: 'late@2', share: 0.1 })
  answer('late@1', 900)
  answer('late@2', 99)
  expect(await after(3)).toMatchObject({ share: 0.1 })
  answer('late@2', 1)
  expect(await after(3)).toMatchObject({ serving: 'late@1', share: 0.5 })
  // The answers of the step before do not count for this one, nor does its time.
  expect(await after(4.9)).toMatchObject({ share: 0.5 })
  answer('late@1', 200)
  answer('late@2', 200)
  expect(await after(4.9)).toMatchObject({ share: 0.5 })
  expect(await after(5)).toEqual({ serving: 'late@2', version: null, share: null })
  expect(await services.metadata.get('alias', 'late/production')).toMatchObject({ version: 'late@2' })
  expect((await news()).at(-1)).toBe(
    'deployment.completed: late@2 serves late: 200 answers in 2.0 h, 0 errors, p95 1.00 ms',
  )
})

it.each([
  ['errors', { error: 'failed' }, '200 of 200 answers failed'],
  ['latency', { latencyUs: 9000 }, 'its p95 latency is 9.00 ms beside 1.00 ms'],
  ['a score shift', { score: 0.5 }, 'its mean score is +0.200 away'],
])('sends it back for %s, at once, with the reason in the event', async (_what, answers, because) => {
  await deployments.start('late', 'late@2', 'user:ada', 'test')
  answer('late@1', 200)
  answer('late@2', 200, answers)
  expect(await after(0)).toEqual({ serving: 'late@1', version: null, share: null })
  const last = (await news()).at(-1)!
  expect(last).toContain('deployment.rolled-back: late is back on late@1, away from late@2: ')
  expect(last).toContain(because)
  const before = await services.metadata.find('deployment')
  // What still comes in from it changes nothing more.
  answer('late@2', 200, answers)
  await after(1)
  expect(await services.metadata.find('deployment')).toEqual(before)
})

it('looks at the newest of very many answers: one that grows slow late is found', async () => {
  await deployments.start('late', 'late@2', 'user:ada', 'test')
  answer('late@1', 1000)
  answer('late@2', 30_000)
  answer('late@2', 3000, { latencyUs: 9000 })
  expect(await after(0)).toMatchObject({ version: null })
  expect((await news()).at(-1)).toContain('its p95 latency is 9.00 ms')
})

it('does not judge by shadows and candidates', async () => {
  await deployments.start('late', 'late@2', 'user:ada', 'test')
  answer('late@2', 500, { role: 'shadow', error: 'failed' })
  answer('late@2', 500, { role: 'candidate', error: 'failed' })
  expect(await after(3)).toMatchObject({ version: 'late@2', share: 0.1 })
})

it('after a restart judges a step by what was logged of it, and by what arrives from then on', async () => {
  services.clock.advanceTo(start + hour)
  await deployments.start('late', 'late@2', 'user:ada', 'test')
  const logged: PredictionRecord[] = []
  const saw = watch.saw.bind(watch)
  watch.saw = (record) => {
    logged.push(record)
    saw(record)
  }
  answer('late@2', 98, { time: start + hour })
  // Answers of the step before do not count.
  answer('late@2', 50, { time: start + hour - 1 })
  restart()
  await watch.restore(async function* (from, to) {
    yield* logged.filter(({ time }) => time >= from - day && time < to)
  })
  answer('late@2', 1)
  expect(await after(4)).toMatchObject({ share: 0.1 })
  answer('late@2', 1)
  expect(await after(4)).toMatchObject({ share: 0.5 })
})

it('follows the rollout that took the place of another', async () => {
  await deployments.start('late', 'late@2', 'user:ada', 'test')
  answer('late@2', 200, { error: 'failed' })
  await deployments.start('late', 'late@3', 'user:ada', 'mended')
  answer('late@3', 100)
  expect(await after(2)).toMatchObject({ version: 'late@3', share: 0.5 })
})
