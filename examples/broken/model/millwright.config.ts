import { allAtOnce, answersWithin, atMost, days, endpoint, keepsItsSignature, linear, model } from 'millwright'
import { historyOf, incoming, settled, shopProject } from '../shop.ts'

// The fault: a price of a million is legal, and a line through prices of a hundred runs on to it.
const orders = settled(incoming()).expect((c) => [c.price.between(1, 1_000_000), c.items.between(1, 20)])
const basket = model('basket', {
  from: orders,
  predicts: orders.column('items'),
  inputs: [orders.pick('kind', 'price'), historyOf(orders).of('shop')],
  train: linear(),
  gates: [atMost('rmse', 5), keepsItsSignature(), answersWithin(5000)],
  split: { test: days(10), validation: days(8) },
})
export default shopProject({ orders, endpoint: endpoint('basket', basket, { rollout: allAtOnce() }) })
