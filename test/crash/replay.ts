import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Caller } from './caller.ts'
import { day, type Order, orders, replayFrom } from './project.ts'
import type { System } from './system.ts'

const hour = 3_600_000
/** Days of the replay. */
const replayDays = 14
const ordersADay = 48
const askedADay = 24
const askedAtOnce = 4
/** What the model file is asked, from test/golden/linear-onnx.json. */
const tensor = { name: 'features', shape: [1, 3], datatype: 'FP32', data: [0.5, -1, 2] }

/** One part of the replay: what it does, and what may be in flight while it does it. */
export interface Part {
  name: string
  does: 'setup' | 'data' | 'clock' | 'ask' | 'labels' | 'run' | 'deployment'
  /** In a part of this sort a version is trained, by a trigger or by hand. */
  trains: boolean
  run(world: World): Promise<void>
}

interface World {
  system: System
  caller: Caller
  project: string
}

async function inBatches<T>(all: readonly T[], size: number, each: (one: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += size) await Promise.all(all.slice(at, at + size).map(each))
}

interface RunAnswer {
  run: { id: string; state: string; error: string | null }
}

/** Starts a run, and waits for its end by asking. */
async function runToEnd({ system, caller }: World, key: string, body: Record<string, unknown>): Promise<void> {
  const { run } = (await caller.call({
    key,
    kind: 'run',
    url: `${system.server}/api/runs`,
    body: { ...body, actor: 'user:replay', reason: key },
  })) as RunAnswer
  for (let asked = 0; ; asked += 1) {
    const url = `${system.server}/api/runs/${run.id}?waitMs=20000`
    const now = ((await caller.call({ key: `${key}-end-${asked}`, kind: 'wait', method: 'GET', url })) as RunAnswer).run
    if (now.state === 'succeeded') return
    if (now.state !== 'running' && now.state !== 'queued')
      throw new Error(`run ${run.id} of ${body.pipeline} ${now.state}: ${now.error}`)
  }
}

const advance = ({ system, caller }: World, to: number): Promise<unknown> =>
  caller.call({ key: `clock-${to}`, kind: 'clock', url: `${system.server}/api/clock/advance`, body: { to } })

function setup(): Part[] {
  return [
    {
      name: 'history',
      does: 'setup',
      trains: false,
      run: async ({ system, caller }) => {
        await caller.call({
          key: 'history',
          kind: 'rows',
          url: `${system.server}/api/datasets/orders/ingest`,
          body: {},
        })
      },
    },
    {
      name: 'first model',
      does: 'run',
      trains: true,
      run: (world) => runToEnd(world, 'first-model', { pipeline: 'train-returns' }),
    },
    {
      name: 'model file',
      does: 'deployment',
      trains: false,
      run: async ({ system, caller, project }) => {
        await caller.call({
          key: 'model-file',
          kind: 'model file',
          url: `${system.server}/api/models/small/files?actor=user:replay&deploy=true`,
          bytes: readFileSync(join(project, 'linear.onnx')),
        })
      },
    },
  ]
}

const infer = ({ system, caller }: World, endpoint: string, key: string, body: object): Promise<unknown> =>
  caller.call({
    key,
    kind: 'prediction',
    url: `${system.predictor}/v2/models/${endpoint}/infer`,
    body: { id: key, ...body },
  })

function dayParts(place: number): Part[] {
  const from = replayFrom + place * day
  const today: Order[] = orders(ordersADay, from, from + 20 * hour, `d${place}-`, 100 + place)
  const parts: Part[] = [
    {
      name: `day ${place}: orders come in`,
      does: 'data',
      trains: false,
      run: async ({ system, caller }) => {
        const url = `${system.server}/api/datasets/orders/rows`
        const pieces = [0, 1, 2].map((piece) => today.filter((_, row) => row % 3 === piece))
        await Promise.all(
          pieces.map((rows, piece) =>
            caller.call({ key: `rows-${place}-${piece}`, kind: 'rows', url, body: { rows } }),
          ),
        )
      },
    },
    {
      name: `day ${place}: the day ends`,
      does: 'clock',
      // Two whole days of new data, of which a day is known when it is over.
      trains: place % 3 === 2,
      run: async (world) => {
        await advance(world, from + 21 * hour)
        await advance(world, from + day)
      },
    },
    {
      name: `day ${place}: predictions`,
      does: 'ask',
      trains: false,
      run: async (world) => {
        const asked = orders(askedADay, from + day, from + day + hour, `q${place}-`, 500 + place)
        await inBatches(asked, askedAtOnce, ({ returned: _, ...request }) =>
          infer(world, 'returns', `ask-${request.order_id}`, {
            inputs: Object.entries(request).map(([name, value]) => ({
              name,
              shape: [1],
              datatype: name === 'ordered_at' ? 'INT64' : typeof value === 'string' ? 'BYTES' : 'FP64',
              data: [value],
            })),
          }),
        )
        await inBatches([0, 1, 2, 3], 2, (at) =>
          infer(world, 'small', `small-${place}-${at}`, {
            inputs: [{ ...tensor, data: [tensor.data[0]! + at, tensor.data[1]!, place] }],
          }),
        )
        // What was asked about comes true: the order itself, with the outcome, some hours later.
        const { system, caller } = world
        await caller.call({
          key: `late-${place}`,
          kind: 'rows',
          url: `${system.server}/api/datasets/orders/rows`,
          body: { rows: asked },
        })
      },
    },
    {
      name: `day ${place}: labels`,
      does: 'labels',
      trains: false,
      run: async ({ system, caller }) => {
        await inBatches([0, 1, 2], 2, (piece) => {
          const labels = [0, 1, 2].map((at) => ({ key: `small-${place}-${piece}-${at}`, value: (place + at) % 2 }))
          const url = `${system.server}/api/labels`
          return caller.call({
            key: `labels-${place}-${piece}`,
            kind: 'labels',
            url,
            body: { endpoint: 'small', labels },
          })
        })
      },
    },
  ]
  if (place % 2 === 1)
    parts.push({
      name: `day ${place}: the books are closed`,
      does: 'run',
      trains: false,
      run: (world) => runToEnd(world, `close-${place}`, { pipeline: 'close', params: { day: place } }),
    })
  if (place % 3 === 1) {
    const change = (key: string, what: 'deploy' | 'rollback', body: object): Part => ({
      name: `day ${place}: ${what}`,
      does: 'deployment',
      trains: false,
      run: async ({ system, caller }) => {
        const url = `${system.server}/api/endpoints/returns/${what}`
        await caller.call({ key, kind: 'deployment', url, body: { ...body, actor: 'user:replay', reason: key } })
      },
    })
    // An operator changes the mind: away from what serves, to the first version, and back.
    parts.push(
      change(`back-${place}`, 'rollback', {}),
      change(`again-${place}`, 'deploy', { version: place === 1 ? 'returns@1' : 'returns@2' }),
    )
  }
  return parts
}

/** The replay, part by part: the same every time. */
export function replayParts(): Part[] {
  return [...setup(), ...Array.from({ length: replayDays }, (_, place) => dayParts(place)).flat()]
}
