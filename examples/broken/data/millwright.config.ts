import {
  allAtOnce,
  answersWithin,
  beats,
  boostedTrees,
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
  minutes,
  model,
  number,
  ref,
  time,
} from 'millwright'

// The fault lies in orders.csv: its last prices are in cents.
const shop = entity('shop', 'shop')
const orders = dataset('orders', {
  source: csv('orders.csv'),
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
  .expect((c) => [c.order_id.unique(), c.price.between(1, 500), c.items.between(1, 20)])
const history = featureView('history', {
  entity: shop,
  from: orders,
  by: 'shop',
  features: (f) => ({ returns_7d: f.returned.mean().over(days(7)) }),
})
const returns = model('returns', {
  from: orders,
  predicts: orders.column('returned').atLeast(1),
  inputs: [orders.pick('kind', 'price', 'items'), history.of('shop')],
  train: boostedTrees({ trees: 40, maxLeaves: 8, stopEarly: 5 }),
  baseline: history.feature('returns_7d').of('shop'),
  gates: [beats('baseline').on('auc').by(0.02), keepsItsSignature(), answersWithin(5000)],
  split: { test: days(10), validation: days(8) },
})
const answers = endpoint('returns', returns, { rollout: allAtOnce() })

export default defineProject('shop', {
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [drift(answers)],
})
