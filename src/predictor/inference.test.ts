import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PredictionRecord, Slot } from '../contract/serving.ts'
import type { Score } from '../domain/serving/scorer.ts'
import { KnownHosts } from '../http/doors.ts'
import { limitsFrom } from '../http/limits.ts'
import type { Endpoints, LoadedEndpoint } from './endpoints.ts'
import { predictorHttp } from './http.ts'
import type { LoadedSlot } from './loaded-slot.ts'
import { PredictorMetrics } from './metrics.ts'
import { PredictionLines } from './prediction-lines.ts'
import { PredictionLog } from './prediction-log.ts'
import { AskedToken } from './token.ts'

const now = Date.UTC(2001, 0, 1, 12)
let folder: string
let log: PredictionLog
let app: FastifyInstance
let address: string
let slots: LoadedSlot[]

/** A version whose input is the request's `x`; what it says of it is given. */
function version(number: number, role: Slot['role'], score: (x: number) => Score): LoadedSlot {
  const slot = {
    role,
    share: role === 'canary' ? 1 : 0,
    version: {
      id: `m@${number}`,
      number,
      signature: {
        request: [
          { name: 'id', datatype: 'BYTES', optional: true },
          { name: 'x', datatype: 'FP64', optional: false },
        ],
        inputs: [{ name: 'x', kind: 'numeric' }],
        outputs: [{ name: 'probability', datatype: 'FP64' }],
      },
    },
    model: null,
  } as unknown as Slot
  return {
    slot,
    inputsKey: 'x',
    lines: new PredictionLines('e', slot, ['x']),
    inputs: {
      names: ['x'],
      keyColumn: 'id',
      timeColumn: null,
      compute: (row: { x: number }) => ({ values: [row.x], featureAgeMs: null }),
    },
    scorer: { score: ([x]: [number]) => score(x) },
  } as unknown as LoadedSlot
}
const says = (x: number): Score => ({ score: x, output: x >= 0.5, probability: x })
const fails = (): Score => {
  throw new Error('the model is broken')
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright inference '))
  log = new PredictionLog(folder, () => now)
  slots = [version(1, 'primary', says)]
  const endpoint = { name: 'e', model: 'm', logging: 'required', tensorSlots: [] } as unknown as LoadedEndpoint
  const endpoints = {
    names: ['e'],
    revision: 'r',
    find: (name: string) => (name === 'e' ? { ...endpoint, slots } : undefined),
  } as unknown as Endpoints
  app = predictorHttp(
    endpoints,
    { now: () => now, log, metrics: new PredictorMetrics() },
    {
      version: '0',
      ready: () => true,
      open: () => null,
      witness: () => ({ seq: 0, hash: '' }),
      hosts: new KnownHosts('127.0.0.1', []),
      limits: limitsFrom({}),
      token: new AskedToken(undefined),
    },
  )
  address = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await app.close()
  log.close()
  await rm(folder, { recursive: true, force: true })
})
/** An answer for a row, for several, or an error: what one of them has not is not there. */
interface Answer {
  id: string
  version: string
  probability: number
  predictions: { prediction_id: string; probability: number }[]
  error?: string
}
async function ask(
  body: unknown,
  path = 'e',
  headers: Record<string, string> = { 'content-type': 'application/json' },
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${address}/v2/models/${path}/infer`, { method: 'POST', body: text, headers })
  return { status: response.status, answer: (await response.json()) as Answer }
}
async function logged(): Promise<PredictionRecord[]> {
  const files = (await readdir(folder)).sort()
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  return texts.flatMap((text) =>
    text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as PredictionRecord] : [])),
  )
}

it('logs what it answers, before the answer leaves, with shadows beside it', async () => {
  slots.push(version(2, 'shadow', (x) => says(x / 2)))
  const { status, answer } = await ask({
    rows: [
      { id: 'a', x: 0.75 },
      { id: 'b', x: 0.25 },
    ],
  })
  expect([status, answer.predictions.map((each) => each.probability)]).toEqual([200, [0.75, 0.25]])
  const records = await logged()
  expect(records.map(({ version, role, key, score }) => [version, role, key, score])).toEqual([
    ['m@1', 'primary', 'a', 0.75],
    ['m@1', 'primary', 'b', 0.25],
    ['m@2', 'shadow', 'a', 0.375],
    ['m@2', 'shadow', 'b', 0.125],
  ])
  expect(records[0]).toMatchObject({
    id: answer.predictions[0]!.prediction_id,
    requestId: answer.id,
    inputs: { x: 0.75 },
    eventTime: now,
  })
})

it('logs a version that fails, so that its rollout goes back; the answer is an error', async () => {
  slots.push(version(2, 'canary', fails))
  const { status, answer } = await ask({ id: 'a', x: 0.75 })
  expect([status, answer]).toEqual([500, { error: 'something went wrong here' }])
  expect(await logged()).toMatchObject([
    { version: 'm@2', role: 'canary', error: 'the model is broken', score: null, inputs: { x: 0.75 }, key: 'a' },
  ])
})

it('is not disturbed by a shadow that fails', async () => {
  slots.push(version(2, 'shadow', fails))
  expect((await ask({ x: 0.75 })).status).toBe(200)
  expect((await logged()).map(({ role, error }) => [role, error])).toEqual([
    ['primary', null],
    ['shadow', 'the model is broken'],
  ])
})

it('logs nothing of a probe, and of a version by name no shadow', async () => {
  slots.push(version(2, 'shadow', says), version(3, 'candidate', says))
  expect((await ask({ x: 0.5 }, 'e/versions/3')).answer).toMatchObject({ version: '3', probability: 0.5 })
  expect(await logged()).toEqual([])
  expect((await ask({ x: 0.5 }, 'e/versions/m%402')).answer.version).toBe('2')
  expect((await logged()).map(({ version }) => version)).toEqual(['m@2'])
})

it.each([
  ['no JSON', '{"x": 0.5', 'e', 400, 'the body is no JSON'],
  ['an empty body', '', 'e', 400, 'the body is no JSON'],
  ['a wrong type', '{"x": "0.5"}', 'e', 400, 'row 0: "x" must be a number'],
  ['a name that there is not', '{"x": 1, "__proto__": {"y": 1}}', 'e', 400, 'no input "__proto__"'],
  ['an endpoint that there is not', '{"x": 1}', 'f', 404, 'There are e.'],
  ['a version that there is not', '{"x": 1}', 'e/versions/9', 404, 'version 9 of "e" is not loaded here'],
  ['a path that is none', '{"x": 1}', 'e/versions/%E0%A4%A', 400, 'URI malformed'],
])('refuses %s, and logs nothing', async (_what, body, path, status, message) => {
  const refused = await ask(body, path)
  expect(refused).toEqual({ status, answer: { error: expect.stringContaining(message) } })
  expect(await logged()).toEqual([])
  expect((await ask({ x: 0.5 })).status).toBe(200)
})

it('refuses other types of content, and bodies beyond the bound', async () => {
  expect((await ask('x=1', 'e', { 'content-type': 'text/plain' })).status).toBe(415)
  expect((await ask({ x: 0.5 }, 'e', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200)
  const { status, answer } = await ask(`{"x": 1${' '.repeat(17 << 20)}}`)
  expect([status, answer.error]).toEqual([413, 'the body is larger than 16 MB.'])
})

it('leaves other methods and paths to the rest', async () => {
  expect((await fetch(`${address}/v2/models/e/infer`)).status).toBe(404)
  expect((await fetch(`${address}/v2/models/e/infers`, { method: 'POST' })).status).toBe(404)
  expect(await (await fetch(`${address}/v2/models/e/ready`)).json()).toEqual({ name: 'e', ready: true })
})

it('answers all that are on their way when it closes, and closes', async () => {
  const asking = Array.from({ length: 20 }, (_, at) => ask({ x: at / 20 }))
  expect((await Promise.all(asking)).map(({ status }) => status)).toEqual(new Array(20).fill(200))
  await app.close()
  await expect(ask({ x: 0.5 })).rejects.toThrow()
  expect(await logged()).toHaveLength(20)
})
