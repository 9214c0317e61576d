import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CategoryCoder } from './category-coder.ts'

describe('category coder', () => {
  it('orders by the mean target, drawing rare values to the middle', () => {
    const values = [...new Array(50).fill('low'), ...new Array(50).fill('high'), 'rare']
    const target = Float64Array.from(values, (value) => (value === 'low' ? 0 : 1))
    expect(CategoryCoder.byTargetMean(values, target).categories).toEqual(['low', 'rare', 'high'])
  })

  it('orders by frequency, ties by name', () => {
    expect(CategoryCoder.byFrequency(['b', 'c', 'a', 'c', null]).categories).toEqual(['c', 'a', 'b'])
  })

  it('gives NaN to null and to what it never saw, and every seen value its own code', () => {
    const coder = CategoryCoder.byFrequency(['x', 'y', 'x'])
    expect([...coder.encode(['y', 'x', 'z', null, undefined])]).toEqual([1, 0, Number.NaN, Number.NaN, Number.NaN])
  })

  it('does not depend on the order of the rows', () => {
    const rows = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', null), fc.integer({ min: 0, max: 1 })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(rows, (pairs) => {
        const order = (list: typeof pairs) =>
          CategoryCoder.byTargetMean(
            list.map(([value]) => value),
            Float64Array.from(list, ([, target]) => target),
          ).categories
        expect(order([...pairs].reverse())).toEqual(order(pairs))
      }),
    )
  })
})
