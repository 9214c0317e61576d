import {
  allAtOnce,
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
  newData,
  notWorse,
  number,
  quality,
  ref,
  retrain,
  service,
  time,
} from 'millwright'

const shop = entity('shop', 'shop')

// The columns of data/orders.csv. An order's return is known two weeks later, and no model may read it before.
const orders = dataset('orders', {
  source: csv('data/orders.csv'),
  columns: {
    order_id: key(),
    ordered_at: time(),
    shop: ref(shop),
    kind: category(),
    price: number('eur'),
    returned: number(),
  },
})
  .happensAt('ordered_at')
  .derive((c) => ({ weekday: c.ordered_at.inUtc().weekday(), settled_at: c.ordered_at.plus(minutes(14 * 24 * 60)) }))
  .knownAt('settled_at', 'returned')
  .expect((c) => [c.order_id.unique(), c.price.between(0, 1000), c.returned.between(0, 1)])

const history = featureView('history', {
  entity: shop,
  from: orders,
  by: 'shop',
  features: (f) => ({ returns_30d: f.returned.mean().over(days(30)) }),
})

const returns = model('returns', {
  from: orders,
  predicts: orders.column('returned').atLeast(1),
  inputs: [orders.pick('kind', 'price', 'weekday'), history.of('shop')],
  train: boostedTrees({ trees: 100, maxLeaves: 8, stopEarly: 10 }),
  baseline: history.feature('returns_30d').of('shop'),
  segments: { kind: orders.column('kind') },
  gates: [
    beats('baseline').on('auc').by(0.02),
    notWorse('production').on('log_loss').within(0.01),
    keepsItsSignature(),
  ],
  split: { test: days(21), validation: days(14) },
})

const answers = endpoint('returns', returns, { rollout: allAtOnce() })
const drifted = drift(answers, { every: 'week' })

export default defineProject('shop', {
  brief: {
    objective: 'Know at the order which ones will come back',
    owner: 'you',
    success: 'Better than the recent share of the shop',
    errors: 'A missed return costs its way back; a false alarm costs nothing',
    data: 'Orders of the shops, data/orders.csv',
  },
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [drifted, quality(answers), service(answers)],
  triggers: [retrain(returns, { cooldown: days(7) }).on(newData(orders, days(28)), drifted)],
})
