import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../../src/base/random.ts'

export const day = 86_400_000
const start = Date.UTC(2025, 0, 1)
/** Days of history that lie in a file before the replay begins. */
const historyDays = 60
export const replayFrom = start + historyDays * day
const historyRows = 2400

export interface Order {
  order_id: string
  ordered_at: number
  shop: string
  kind: string
  price: number
  returned: number
}

/** Orders as they happen: the same seed gives the same world. */
export function orders(count: number, from: number, to: number, prefix: string, seed: number): Order[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, place) => {
    const kind = ['book', 'shoe', 'lamp'][Math.floor(random() * 3)]!
    const price = Math.round(random() * 10_000) / 100
    const chance = 0.05 + (kind === 'shoe' ? 0.4 : 0) + (price > 60 ? 0.35 : 0)
    return {
      // Its end is marked, so that it is found among other bytes, and no other in its place.
      order_id: `${prefix}${place};`,
      ordered_at: from + Math.floor((place * (to - from)) / count),
      shop: ['north', 'south'][place % 2]!,
      kind,
      price,
      returned: random() < chance ? 1 : 0,
    }
  })
}

const config = `import {
  beats, boostedTrees, canary, category, command, csv, dataset, days, defineProject, drift, endpoint, entity, featureView, hours,
  keepsItsSignature, key, minutes, model, newData, number, pipeline, quality, ref, retrain, service, time,
} from 'millwright'
import { close } from './steps/close.ts'

const shop = entity('shop', 'shop')
const orders = dataset('orders', {
  source: csv('orders.csv'),
  columns: { order_id: key(), ordered_at: time(), shop: ref(shop), kind: category(), price: number('eur'), returned: number() },
})
  .happensAt('ordered_at')
  .derive((c) => ({ settled_at: c.ordered_at.plus(minutes(60)) }))
  .knownAt('settled_at', 'returned')
  .expect((c) => [c.price.between(0, 1000)])
const history = featureView('history', {
  entity: shop, from: orders, by: 'shop', features: (f) => ({ returns_7d: f.returned.mean().over(days(7)) }),
})
const returns = model('returns', {
  from: orders,
  predicts: orders.column('returned').atLeast(1),
  inputs: [orders.pick('kind', 'price'), history.of('shop')],
  train: boostedTrees({ trees: 20, maxLeaves: 6, stopEarly: 5 }),
  baseline: history.feature('returns_7d').of('shop'),
  gates: [beats('baseline').on('auc').by(0.02), keepsItsSignature()],
  split: { test: days(10), validation: days(8) },
})
// A rollout that is judged by its traffic. How fast it answers after a kill is not what is compared here.
const answers = endpoint('returns', returns, {
  rollout: canary([0.5, 1], { hold: hours(20), minAnswers: 2, maxLatencyRatio: 1e6, maxScoreShift: 1 }),
})
// Of the month's end there is a step of each kind; every one says that it began.
const told = command('told', [close], ['sh', 'tell.sh'], { sideEffects: true, retries: { attempts: 9 } })

export default defineProject('crash', {
  replayFrom: new Date(${replayFrom}),
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [quality(answers), drift(answers, { every: 'week' }), service(answers)],
  triggers: [retrain(returns).on(newData(orders, days(2)))],
  pipelines: [pipeline('close', { params: { day: 0, parts: [1, 2, 3] }, steps: [told] })],
})
`

const steps = `import { appendFileSync } from 'node:fs'
import { step } from 'millwright'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const began = (id: string) => appendFileSync(process.env.CRASH_MARKS!, id + '\\n')
const again = { attempts: 9 }

const load = step('load', [], async (context) => {
  began(context.executionId)
  await pause(150)
  return Number(context.params.day)
}, { retries: again, reads: ['day'] })
const part = step('part', [load], async (context, { load }) => {
  began(context.executionId)
  await pause(120)
  return load * Number(context.element)
}, { retries: again, forEach: 'params.parts', reads: ['day', 'parts'] })
export const close = step('close', [part], async (context, { part }) => {
  began(context.executionId)
  await context.artifact('close.txt', JSON.stringify(part), 'report')
  await pause(100)
  return (part as unknown as number[]).reduce((sum, each) => sum + each, 0)
}, { retries: again })
`
const tell = `echo "$MILLWRIGHT_RUN/$MILLWRIGHT_STEP" >> "$CRASH_MARKS"
sleep 0.3
echo '{"told": true}' > "$MILLWRIGHT_OUTPUT"
echo told > "$MILLWRIGHT_ARTIFACTS/told.txt"
`

/** Writes the project into a folder of its own, with a month's worth of history, and a model file beside it. */
export function writeProject(folder: string): void {
  const repository = fileURLToPath(new URL('../..', import.meta.url))
  mkdirSync(join(folder, 'steps'), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(repository, join(folder, 'node_modules/millwright'))
  const line = (row: Order): string =>
    `${row.order_id},${new Date(row.ordered_at).toISOString().slice(0, 19).replace('T', ' ')},${row.shop},${row.kind},${row.price},${row.returned}`
  const rows = orders(historyRows, start, replayFrom, 'h', 3).map(line)
  writeFileSync(join(folder, 'orders.csv'), `order_id,ordered_at,shop,kind,price,returned\n${rows.join('\n')}\n`)
  writeFileSync(join(folder, 'millwright.config.ts'), config)
  writeFileSync(join(folder, 'steps/close.ts'), steps)
  writeFileSync(join(folder, 'tell.sh'), tell)
  writeFileSync(join(folder, 'package.json'), '{"name":"crash","private":true,"type":"module"}\n')
  copyFileSync(join(repository, 'test/golden/linear.onnx'), join(folder, 'linear.onnx'))
}
