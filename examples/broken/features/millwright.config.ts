import { incoming, returnsOf, settled, shopProject } from '../shop.ts'

// The fault: an order of no items is legal, and has no price an item.
const orders = settled(incoming())
  .derive((c) => ({ per_item: c.price.dividedBy(c.items) }))
  .expect((c) => [c.price.between(1, 500), c.items.between(0, 20)])
export default shopProject({
  orders,
  returns: returnsOf(orders, { inputs: orders.pick('kind', 'price', 'per_item') }),
})
