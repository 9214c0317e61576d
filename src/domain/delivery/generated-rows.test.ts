import fc from 'fast-check'
import { expect, it } from 'vitest'
import { numbersOf, textAt, textsOf } from '../../base/columns.ts'
import { definitionSchema } from '../../contract/definition.ts'
import { GeneratedRows, unseen } from './generated-rows.ts'

const definition = (least: number, greatest: number) =>
  definitionSchema.parse({
    name: 'shop',
    entities: [{ name: 'shop', key: 'shop', dataset: 'shops' }],
    datasets: [
      {
        name: 'shops',
        columns: [
          { name: 'shop', type: 'key' },
          { name: 'size', type: 'number' },
        ],
      },
      {
        name: 'orders',
        time: 'at',
        columns: [
          { name: 'id', type: 'key' },
          { name: 'at', type: 'time' },
          { name: 'shop', type: 'ref', entity: 'shop' },
          { name: 'kind', type: 'category', optional: true },
          { name: 'price', type: 'number', knownAt: 'paid' },
          { name: 'paid', type: 'time' },
          {
            name: 'size',
            type: 'number',
            derived: { op: 'attribute', entity: 'shop', key: { op: 'column', column: 'shop' }, attribute: 'size' },
          },
        ],
        expectations: [
          { kind: 'between', column: 'price', min: least, max: greatest },
          { kind: 'in', column: 'kind', values: ['shoe', 'book'] },
        ],
      },
    ],
  })
const rowsOf = (least: number, greatest: number, seed: number, odd = false) =>
  new GeneratedRows(definition(least, greatest), { seed, rows: 200, odd, seen: new Map() }).table('orders')

it('keeps to the expectations, reaches both ends of a range, and gives the same rows for the same seed', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.nat(),
      (least, width, seed) => {
        const greatest = least + width
        const table = rowsOf(least, greatest, seed)
        const prices = numbersOf(table, 'price')
        expect(Math.min(...prices)).toBe(least)
        expect(Math.max(...prices)).toBe(greatest)
        const [at, paid] = [numbersOf(table, 'at'), numbersOf(table, 'paid')]
        expect(paid.every((time, row) => time >= at[row]!)).toBe(true)
        const shops = textsOf(table, 'shop')
        const kinds = textsOf(table, 'kind')
        for (let row = 0; row < table.rows; row += 1) {
          expect(textAt(shops, row)).toMatch(/^shop-\d+$/)
          expect(['shoe', 'book']).toContain(textAt(kinds, row))
        }
        expect(numbersOf(table, 'size').some(Number.isNaN)).toBe(false)
        expect(rowsOf(least, greatest, seed)).toEqual(table)
      },
    ),
    { numRuns: 20, seed: 1 },
  )
})

it('has missing values where they may be, and values that nobody has seen, only in odd rows', () => {
  const kinds = textsOf(rowsOf(0, 1, 1, true), 'kind')
  const found = new Set(Array.from(kinds.codes, (_, row) => textAt(kinds, row)))
  expect(found).toEqual(new Set(['shoe', 'book', unseen, '', null]))
  const shops = textsOf(rowsOf(0, 1, 1, true), 'shop')
  expect(Array.from(shops.codes, (_, row) => textAt(shops, row))).toContain(unseen)
})
