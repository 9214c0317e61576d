import {
  allAtOnce,
  answersWithin,
  atMost,
  category,
  csv,
  dataset,
  days,
  defineProject,
  drift,
  endpoint,
  entity,
  featureView,
  keepsItsSignature,
  key,
  linear,
  minutes,
  model,
  number,
  ref,
  time,
} from 'millwright'

// The fault: a price of a million is legal, and a line through prices of a hundred runs on to it.
const shop = entity('shop', 'shop')
const orders = dataset('orders', {
  source: csv('../orders.csv'),
  columns: {
    order_id: key(),
    ordered_at: time(),
    shop: ref(shop),
    kind: category(),
    price: number('eur'),
    items: number(),
    returned: number(),
  },
})
  .happensAt('ordered_at')
  .derive((c) => ({ settled_at: c.ordered_at.plus(minutes(60)) }))
  .knownAt('settled_at', 'returned')
  .expect((c) => [c.price.between(1, 1_000_000), c.items.between(1, 20)])
const history = featureView('history', {
  entity: shop,
  from: orders,
  by: 'shop',
  features: (f) => ({ returns_7d: f.returned.mean().over(days(7)) }),
})
const returns = model('basket', {
  from: orders,
  predicts: orders.column('items'),
  inputs: [orders.pick('kind', 'price'), history.of('shop')],
  train: linear(),
  gates: [atMost('rmse', 5), keepsItsSignature(), answersWithin(5000)],
  split: { test: days(10), validation: days(8) },
})
const answers = endpoint('basket', returns, { rollout: allAtOnce() })

export default defineProject('shop', {
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [drift(answers)],
})
