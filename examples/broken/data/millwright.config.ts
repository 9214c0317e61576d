import { number } from 'millwright'
import { columns, incoming, settled, shopProject } from '../shop.ts'

// The fault lies in orders.csv: its last prices are in cents.
export default shopProject({
  orders: settled(incoming('orders.csv', { ...columns, price: number('eur') })).expect((c) => [
    c.price.between(1, 500),
    c.items.between(1, 20),
  ]),
})
