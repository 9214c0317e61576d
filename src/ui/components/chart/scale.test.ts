import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linearScale, ticksBetween } from './scale.ts'

test('grid lines lie at round values within the range', () => {
  expect(ticksBetween(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
  expect(ticksBetween(0.713, 0.762, 4)).toEqual([0.72, 0.74, 0.76])
  expect(ticksBetween(-3, 12, 5)).toEqual([0, 5, 10])
  expect(ticksBetween(2, 2, 5)).toEqual([2])
  const range = fc.tuple(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  )
  fc.assert(
    fc.property(range, fc.integer({ min: 2, max: 10 }), ([low, width], wanted) => {
      const ticks = ticksBetween(low, low + width, wanted)
      expect(ticks.length).toBeLessThanOrEqual(wanted + 2)
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(low - width * 1e-6)
        expect(tick).toBeLessThanOrEqual(low + width * (1 + 1e-6))
      }
    }),
  )
})

test('a scale maps its ends to its ends', () => {
  const scale = linearScale(10, 20, 300, 0, 5)
  expect([scale.at(10), scale.at(15), scale.at(20)]).toEqual([300, 150, 0])
})
