import {
  allAtOnce,
  answersWithin,
  beats,
  boostedTrees,
  category,
  csv,
  type Dataset,
  dataset,
  days,
  defineProject,
  drift,
  type Endpoint,
  endpoint,
  entity,
  featureView,
  keepsItsSignature,
  key,
  type Model,
  minutes,
  model,
  number,
  type Pipeline,
  ref,
  time,
} from 'millwright'

/** The project in which each folder beside this file has one thing wrong: a shop that asks which orders come back. */
const shop = entity('shop', 'shop')
export const columns = {
  order_id: key(),
  ordered_at: time(),
  shop: ref(shop),
  kind: category(),
  price: number('eur'),
  items: number(),
  returned: number(),
}

/** Orders as they come in. That a return is known only later is not said yet. */
export const incoming = (path = '../orders.csv', stated = columns) =>
  dataset('orders', { source: csv(path), columns: stated }).happensAt('ordered_at')
type Incoming = ReturnType<typeof incoming>
type Orders = Dataset<Omit<Incoming['shape'], 'late'> & { late: 'returned' }>

export const settled = (orders: Incoming) =>
  orders.derive((c) => ({ settled_at: c.ordered_at.plus(minutes(60)) })).knownAt('settled_at', 'returned')
export const orders = settled(incoming()).expect((c) => [
  c.order_id.unique(),
  c.price.between(1, 500),
  c.items.between(1, 20),
])

export const historyOf = (from: Orders) =>
  featureView('history', {
    entity: shop,
    from,
    by: 'shop',
    features: (f) => ({ returns_7d: f.returned.mean().over(days(7)) }),
  })

export const returnsOf = (
  orders: Orders,
  {
    inputs = orders.pick('kind', 'price', 'items'),
    train = boostedTrees({ trees: 40, maxLeaves: 8, stopEarly: 5 }),
  } = {},
) => {
  const history = historyOf(orders)
  return model('returns', {
    from: orders,
    predicts: orders.column('returned').atLeast(1),
    inputs: [inputs, history.of('shop')],
    train,
    baseline: history.feature('returns_7d').of('shop'),
    gates: [beats('baseline').on('auc').by(0.02), keepsItsSignature(), answersWithin(5000)],
    split: { test: days(10), validation: days(8) },
  })
}
export const returns = returnsOf(orders)

interface Parts {
  orders?: Orders
  returns?: Model
  endpoint?: Endpoint
  pipelines?: Pipeline[]
}

/** The project with some of its parts in place of the sound ones. */
export function shopProject(parts: Parts = {}) {
  const from = parts.orders ?? orders
  const answers = parts.endpoint ?? endpoint('returns', parts.returns ?? returnsOf(from), { rollout: allAtOnce() })
  return defineProject('shop', {
    entities: [shop],
    datasets: [from],
    features: [historyOf(from)],
    endpoints: [answers],
    monitors: [drift(answers)],
    pipelines: parts.pipelines ?? [],
  })
}
