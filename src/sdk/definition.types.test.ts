import { expectTypeOf, test } from 'vitest'
import {
  atMost,
  beats,
  boostedTrees,
  category,
  csv,
  dataset,
  defineProject,
  endpoint,
  entity,
  environment,
  featureView,
  hours,
  key,
  linear,
  minutes,
  model,
  number,
  pipeline,
  quality,
  type RequestOf,
  ref,
  segment,
  settingsOf,
  step,
  text,
  time,
  zoneAt,
} from './index.ts'

const shops = dataset('shops', {
  source: csv('shops.csv'),
  columns: { id: key(), latitude: number('deg'), longitude: number('deg'), size: number() },
}).derive((c) => ({ zone: zoneAt(c.latitude, c.longitude) }))
const shop = entity('shop', shops, 'id')
const orders = dataset('orders', {
  columns: { order: key(), at: time(), shop: ref(shop), price: number('eur'), kind: category(), returned: number() },
})
  .happensAt('at')
  .derive((c) => ({
    weekday: c.at.in(c.shop.attribute('zone')).weekday(),
    settled: c.at.plus(minutes(90)),
  }))
  .knownAt('settled', 'returned')
const sales = featureView('sales', {
  entity: shop,
  from: orders,
  by: 'shop',
  features: (f) => ({ returns_day: f.returned.mean().over(hours(24)) }),
})
const returns = model('returns', {
  from: orders,
  predicts: orders.column('returned').atLeast(1),
  inputs: [orders.pick('weekday', 'price'), sales.of('shop')],
  train: boostedTrees(),
  segments: { kind: orders.column('kind') },
  gates: [beats('baseline').on('auc').by(0.01), segment('kind').on('auc').within(0.1)],
})

// These functions are compiled, never called: what must not compile is the test.
test('a name that is not there does not compile', () => {
  void (() => {
    // @ts-expect-error no such column
    orders.column('prise')
    // @ts-expect-error no such column
    orders.pick('prise')
    // @ts-expect-error no such column in a derivation
    orders.derive((c) => ({ twice: c.prise.times(2) }))
    // @ts-expect-error no such attribute of the entity
    orders.derive((c) => ({ zone: c.shop.attribute('timezone') }))
    // @ts-expect-error a text cannot be multiplied
    orders.derive((c) => ({ twice: c.kind.times(2) }))
    // @ts-expect-error only a time says when a row happened
    orders.happensAt('price')
    // @ts-expect-error a number has no set of texts
    orders.expect((c) => [c.price.in('a', 'b')])
    featureView('v', {
      entity: shop,
      from: orders,
      // @ts-expect-error a view is keyed by a column that names an entity
      by: 'kind',
      features: (f) => ({ n: f.price.count().over(hours(1)) }),
    })
    // @ts-expect-error no such feature
    sales.feature('returns_weak')
    // @ts-expect-error a share is of a condition
    featureView('v', { entity: shop, from: orders, by: 'shop', features: (f) => ({ n: f.price.share() }) })
  })
})

test('a column that is known only later cannot be an input', () => {
  void (() => {
    // @ts-expect-error the label leaks
    orders.pick('price', 'returned')
  })
})

test('gates follow the target and the segments', () => {
  const common = { from: orders, inputs: [orders.pick('price')], train: linear() }
  void (() => {
    // @ts-expect-error a regression has no AUC
    model('m', { ...common, predicts: orders.column('returned'), gates: [beats('baseline').on('auc').by(0.1)] })
    model('m', { ...common, predicts: orders.column('returned'), gates: [atMost('rmse', 3)] })
    model('m', {
      ...common,
      predicts: orders.column('returned').atLeast(1),
      // @ts-expect-error no such segment
      gates: [segment('kind').on('auc').within(1)],
    })
    // @ts-expect-error a binary model has no RMSE to watch
    quality(endpoint('e', returns), { metric: 'rmse' })
    quality(endpoint('e', returns), { metric: 'brier' })
  })
})

test('the request has what the inputs need, and nothing more', () => {
  expectTypeOf<RequestOf<typeof returns>>().toEqualTypeOf<{ order: string; at: number; shop: string; price: number }>()
})

test('a step is given the outputs of what it needs, by name', () => {
  const load = step('load', [], () => ({ rows: 3 }))
  const clean = step('clean', [load], (context, { load: { rows } }) => {
    expectTypeOf(rows).toEqualTypeOf<number>()
    context.log(`${rows} rows`)
    return rows
  })
  void (() => {
    // @ts-expect-error it does not need that step
    step('other', [clean], (_, inputs) => inputs.load)
    // @ts-expect-error what a step returns must be JSON
    step('other', [], () => new Map())
  })
  pipeline('p', { steps: [clean] })
  defineProject('shops', { models: [returns], features: [sales], datasets: [shops, orders] })
})

test('text columns and times have the methods of their kind', () => {
  void text
  expectTypeOf(orders.column('kind').equals('x').node).toExtend<object>()
})

test('settings of an environment fit those of the project', () => {
  const settings = { rate: 0.2, mail: { to: 'team', copy: true }, days: [1, 2] }
  const staging = environment('staging', { settings: { rate: 0.3 } })
  const typo = environment('typo', { settings: { raet: 0.3 } })
  const wrong = environment('wrong', { settings: { rate: 'high' } })
  const deep = environment('deep', { settings: { mail: { too: 'x' } } })
  void (() => {
    defineProject('p', { settings, environments: [staging, environment('b', { settings: { mail: { copy: false } } })] })
    defineProject('p', { environments: [environment('plain', { packagesOnly: true })] })
    // @ts-expect-error no such setting
    defineProject('p', { settings, environments: [staging, typo] })
    // @ts-expect-error a rate is a number
    defineProject('p', { settings, environments: [wrong] })
    // @ts-expect-error no such setting within mail
    defineProject('p', { settings, environments: [deep] })
    // @ts-expect-error the project states no settings
    defineProject('p', { environments: [staging] })
    defineProject('p', {
      settings,
      invariants: {
        'a rate is a share': ({ settings }) => settings.rate <= 1,
        // @ts-expect-error no such setting
        'no such': ({ settings }) => settings.raet <= 1,
      },
    })
    // @ts-expect-error an environment extends another one, not its name
    environment('production', { extends: 'staging' })
    // @ts-expect-error no such role
    environment('production', { needs: { approvals: { count: 1, by: ['boss'] } } })
    step('tell', [], (context) => {
      expectTypeOf(settingsOf(context, settings).mail.to).toEqualTypeOf<string>()
      expectTypeOf(settingsOf(context, settings).days).toEqualTypeOf<readonly number[]>()
      return null
    })
  })
})
