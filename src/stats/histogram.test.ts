import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countsWithOverflow,
  doaneBins,
  equalWidthEdges,
  histogramOf,
  mergeHistograms,
  quantileEdges,
} from './histogram.ts'

const values = fc.array(fc.oneof(fc.double({ min: -50, max: 50, noNaN: true }), fc.constant(Number.NaN)), {
  maxLength: 200,
})

describe('histograms', () => {
  it('count every value once, and the parts add up to the whole', () => {
    fc.assert(
      fc.property(values, values, fc.integer({ min: 1, max: 30 }), (first, second, bins) => {
        const edges = equalWidthEdges(-10, 10, bins)
        const whole = histogramOf([...first, ...second], edges)
        expect(mergeHistograms(histogramOf(first, edges), histogramOf(second, edges))).toEqual(whole)
        const counted = countsWithOverflow(whole).reduce((sum, count) => sum + count, 0)
        expect(counted + whole.missing).toBe(first.length + second.length)
      }),
    )
  })

  it('put an edge into the bin above it, the last edge into the last bin', () => {
    expect(histogramOf([0, 1, 2, 3], [0, 1, 2, 3]).counts).toEqual([1, 1, 2])
    expect(histogramOf([-0.1, 3.1], [0, 1, 2, 3])).toMatchObject({ below: 1, above: 1 })
  })

  it('refuse to add counts over different edges', () => {
    expect(() => mergeHistograms(histogramOf([1], [0, 2]), histogramOf([1], [0, 3]))).toThrow(RangeError)
  })

  it('quantile edges hold about equally many values and are never equal', () => {
    const sample = Array.from({ length: 1000 }, (_, index) => index ** 2)
    for (const count of histogramOf(sample, quantileEdges(sample, 10)).counts)
      expect(Math.abs(count - 100)).toBeLessThan(2)
    expect(quantileEdges([...new Array(90).fill(0), ...sample.slice(0, 10)], 10).length).toBeLessThan(11)
    expect(quantileEdges([4, 4, 4], 5)).toEqual([3.5, 4.5])
  })

  it('one bin for a constant', () => {
    expect(doaneBins([3, 3, 3, 3])).toBe(1)
    expect(equalWidthEdges(3, 3, 2)).toEqual([2.5, 3, 3.5])
  })
})
