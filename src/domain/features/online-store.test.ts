import { expect, test } from 'vitest'
import { textVector } from '../../base/columns.ts'
import { datasetSchema, type Feature, featureViewSchema } from '../../contract/definition.ts'
import type { FeatureBatch } from '../../ports/feature-batch.ts'
import { planFeatureView } from './feature-view.ts'
import { Forgetting, trimSlackMs } from './forgetting.ts'
import { OnlineStore } from './online-store.ts'

const hour = 3_600_000
const dataset = datasetSchema.parse({
  name: 'orders',
  time: 'at',
  columns: [
    { name: 'at', type: 'time' },
    { name: 'shop', type: 'ref', entity: 'shop' },
    { name: 'price', type: 'number' },
  ],
})
const feature = (name: string, aggregate: Feature['aggregate'], windowMs: number | null): Feature => ({
  name,
  aggregate,
  of: { op: 'column', column: 'price' },
  windowMs,
  ttlMs: null,
})
const viewOf = (features: Feature[]) =>
  planFeatureView(
    featureViewSchema.parse({ name: 'prices', entity: 'shop', dataset: 'orders', by: 'shop', knownAt: 'at', features }),
    dataset,
  )

function storeOf(plan: ReturnType<typeof viewOf>, events: { shop: string; at: number; price: number }[]): OnlineStore {
  const store = new OnlineStore([plan])
  const batch: FeatureBatch = {
    seq: 1,
    view: 'prices',
    viewHash: plan.hash,
    reach: plan.reach,
    through: { version: 1, pushed: null },
    entities: textVector(events.map(({ shop }) => shop)),
    times: Float64Array.from(events, ({ at }) => at),
    values: [Float64Array.from(events, ({ price }) => price)],
  }
  store.apply(batch)
  return store
}
const trim = (store: OnlineStore, now: number) => {
  for (const _ of store.trim(now));
}
const hourly = (shop: string, from: number, to: number) =>
  Array.from({ length: (to - from) * 4 }, (_, i) => ({ shop, at: (from + i / 4) * hour, price: i }))

test('a feature that looks back without a bound does not cost the windows beside it their events', () => {
  const plan = viewOf([feature('latest', 'last', null), feature('day', 'count', 24 * hour)])
  expect(plan.reach).toEqual({ windowMs: 24 * hour, last: true })
  const store = storeOf(plan, [...hourly('busy', 0, 100), ...hourly('gone', 0, 3)])
  trim(store, 100 * hour)
  expect(store.value(plan, 'day', 'busy', 100 * hour)).toBe(95)
  expect(store.value(plan, 'latest', 'gone', 100 * hour)).toBe(11)
})

test('a window that begins before what was forgotten has no value, instead of that of a part', () => {
  const plan = viewOf([feature('day', 'count', 24 * hour), feature('short', 'count', hour)])
  const store = storeOf(plan, hourly('a', 0, 100))
  trim(store, 100 * hour)
  expect(store.value(plan, 'day', 'a', 100 * hour - trimSlackMs)).toBe(96)
  expect(store.value(plan, 'day', 'a', 100 * hour - trimSlackMs - 1)).toBeNaN()
  expect(store.value(plan, 'day', 'nobody', 100 * hour - trimSlackMs - 1)).toBeNaN()
  expect(store.value(plan, 'short', 'a', 90 * hour)).toBe(4)
})

test('an entity of which nothing matters any more is gone, however little there was', () => {
  const plan = viewOf([feature('day', 'count', 24 * hour)])
  const store = storeOf(plan, [...hourly('gone', 0, 1), ...hourly('here', 0, 50)])
  expect(store.newest(plan, 'gone', 50 * hour)).toBe(0.75 * hour)
  trim(store, 50 * hour)
  expect(store.newest(plan, 'gone', 50 * hour)).toBeNull()
  expect(store.newest(plan, 'here', 50 * hour)).toBe(49.75 * hour)
})

test('how far back its windows look is part of what a view is, beside a feature without a bound too', () => {
  const [day, week] = [24, 168].map((hours) =>
    viewOf([feature('latest', 'last', null), feature('w', 'count', hours * hour)]),
  )
  expect(day!.hash).not.toBe(week!.hash)
})

test('forgets as of where the clock stood before it moved on', () => {
  const forgetting = new Forgetting()
  expect(forgetting.due(10 * hour)).toBeNull()
  expect(forgetting.due(10.9 * hour)).toBeNull()
  expect(forgetting.due(11 * hour)).toBe(10 * hour)
  // A replay that moves by days: what happened on the way is asked for now.
  expect(forgetting.due(100 * hour)).toBe(11 * hour)
  // Another clock.
  expect(forgetting.due(5 * hour)).toBeNull()
  expect(forgetting.due(6 * hour)).toBe(5 * hour)
})
