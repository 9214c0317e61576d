import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { numberVector, type Table, textVector, type Vector } from '../../base/columns.ts'
import { definitionSchema } from '../../contract/definition.ts'
import { datasetVersion } from '../data/dataset-reader.ts'
import { ingestFile } from '../data/ingestion.ts'
import { entityValues } from './entity-values.ts'
import { readHistory } from './feature-history.ts'
import { planNamedView } from './feature-view.ts'
import { pointInTime } from './point-in-time.ts'

const hour = 3_600_000
const start = Date.UTC(2001, 0, 1)
const price = { op: 'column' as const, column: 'price' }
const definition = definitionSchema.parse({
  name: 'shop',
  entities: [{ name: 'shop', key: 'shop' }],
  datasets: [
    {
      name: 'orders',
      columns: [
        { name: 'id', type: 'key' },
        { name: 'at', type: 'time' },
        { name: 'paid_at', type: 'time' },
        { name: 'shop', type: 'ref', entity: 'shop' },
        { name: 'price', type: 'number' },
      ],
      time: 'at',
    },
  ],
  featureViews: [
    {
      name: 'takings',
      entity: 'shop',
      dataset: 'orders',
      by: 'shop',
      knownAt: 'paid_at',
      features: [
        { name: 'mean_6h', aggregate: 'mean', of: price, windowMs: 6 * hour },
        { name: 'orders_24h', aggregate: 'count', of: price, windowMs: 24 * hour },
      ],
    },
  ],
})

// Paid up to ten hours after they happened; every third is of another shop.
const orders = Array.from({ length: 400 }, (_, row) => ({
  id: `o${row}`,
  at: start + row * hour,
  paid: start + row * hour + ((row * 7) % 11) * hour,
  shop: row % 3 === 0 ? 'south' : 'north',
  price: 10 + ((row * 17) % 23),
}))
const batches = [orders.slice(0, 150), orders.slice(150, 300)]
const waiting: Table = {
  rows: 100,
  columns: new Map<string, Vector>([
    ['id', textVector(orders.slice(300).map(({ id }) => id))],
    ['at', numberVector(orders.slice(300).map(({ at }) => at))],
    ['paid_at', numberVector(orders.slice(300).map(({ paid }) => paid))],
    ['shop', textVector(orders.slice(300).map(({ shop }) => shop))],
    ['price', numberVector(orders.slice(300).map((order) => order.price))],
  ]),
}

let services: TestServices
beforeAll(async () => {
  services = await openDataServices()
  for (const [place, rows] of batches.entries()) {
    const path = join(services.home, `orders-${place}.csv`)
    const lines = rows.map(({ id, at, paid, shop, price: paidPrice }) =>
      [id, new Date(at).toISOString(), new Date(paid).toISOString(), shop, paidPrice].join(','),
    )
    await writeFile(path, `id,at,paid_at,shop,price\n${lines.join('\n')}\n`)
    await ingestFile(services, definition, 'orders', path, { actor: 'user:test' })
  }
})
afterAll(() => services.close())

const counted = (entity: string, from: number, to: number) =>
  orders.filter(({ shop, paid }) => shop === entity && paid > from && paid <= to)

test('every value is the one that the rows known by then give, whether they are in a version or wait', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('north', 'south'),
      fc.integer({ min: -10, max: 420 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 6 }),
      async (entity, hours, over, steps) => {
        const query = { entity, at: start + hours * hour, over: over * hour, steps }
        const found = await entityValues(services, definition, 'takings', query, [waiting])
        expect(found.times).toHaveLength(steps)
        expect(found.times.at(-1)).toBe(query.at)
        for (const [place, time] of found.times.entries()) {
          const prices = counted(entity, time - 6 * hour, time).map((order) => order.price)
          const mean = prices.reduce((sum, each) => sum + each, 0) / prices.length
          if (prices.length === 0) expect(found.values.mean_6h![place]).toBeNull()
          else expect(found.values.mean_6h![place]).toBeCloseTo(mean, 10)
          expect(found.values.orders_24h![place]).toBe(counted(entity, time - 24 * hour, time).length)
        }
        const known = counted(entity, query.at - query.over - 24 * hour, query.at)
        expect(found.newest).toBe(known.length === 0 ? null : Math.max(...known.map(({ paid }) => paid)))
      },
    ),
    { numRuns: 40 },
  )
})

test('values are those of a training set, bit for bit', async () => {
  const plan = planNamedView(definition, 'takings')
  const version = await datasetVersion(services.metadata, 'orders')
  const at = start + 250 * hour
  const histories = await readHistory(services, plan, version, { from: at, to: at }, { entity: () => never() })
  const [mean] = pointInTime(histories, {
    keys: textVector(['north']),
    times: Float64Array.of(at),
    features: [plan.features.get('mean_6h')!],
  })
  const { values } = await entityValues(services, definition, 'takings', { entity: 'north', at, over: 0, steps: 1 })
  expect(values.mean_6h).toEqual([mean![0]])
})

test('an entity that never was has nothing; its list is not there to tell', async () => {
  const query = { entity: "nobody' OR '1' = '1", at: start + 200 * hour, over: 0, steps: 1 }
  expect(await entityValues(services, definition, 'takings', query, [waiting])).toEqual({
    times: [query.at],
    values: { mean_6h: [null], orders_24h: [0] },
    newest: null,
    events: 0,
    isListed: null,
  })
})

function never(): never {
  throw new Error('no entity is looked up')
}
