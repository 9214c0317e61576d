import { incoming, settled, shopProject } from '../shop.ts'

// The fault: the price is bounded twice.
export default shopProject({
  orders: settled(incoming()).expect((c) => [c.price.between(1, 500), c.items.between(1, 20), c.price.between(1, 500)]),
})
