import fc from 'fast-check'
import { expect, test } from 'vitest'
import { smoothed } from './smooth.ts'

test('each place is the mean of what came so far, weighted by how long ago', () => {
  const values = fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null }), { maxLength: 40 })
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 0.99, noNaN: true }), (given, weight) => {
      const result = smoothed(given, weight)
      for (const [place, value] of given.entries()) {
        if (value === null) {
          expect(result[place]).toBeNull()
          continue
        }
        const past = given.slice(0, place + 1).filter((each) => each !== null)
        const weights = past.map((_, at) => weight ** (past.length - 1 - at))
        const total = weights.reduce((sum, each) => sum + each, 0)
        const mean = past.reduce((sum, each, at) => sum + each * weights[at]!, 0) / total
        expect(Math.abs(result[place]! - mean)).toBeLessThan(1e-6 * (1 + Math.max(...past.map(Math.abs))))
      }
    }),
  )
})

test('a line that stays where it is stays there from its first point, as does one that is not smoothed', () => {
  for (const value of smoothed([7, 7, undefined, 7, 7], 0.95)) expect(value ?? 7).toBeCloseTo(7, 12)
  expect(smoothed([1, null, 3], 0)).toEqual([1, null, 3])
})
