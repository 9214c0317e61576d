import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binFrame, fitBins, missingBin } from './binning.ts'
import type { Frame } from './frame.ts'
import { HistogramBuilder, histogramMemory } from './gradient-histogram.ts'
import { binFields, featureFields } from './histogram-kernels.ts'
import { alignedSize, TrainingMemory } from './training-memory.ts'

function frameOf(columns: Float32Array[]): Frame {
  return {
    names: columns.map((_, index) => `x${index}`),
    kinds: columns.map(() => 'numeric'),
    columns,
    categories: columns.map(() => null),
    rows: columns[0]!.length,
  }
}

const columnsOf = (values: fc.Arbitrary<number>) =>
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 80 })).chain(([width, rows]) => {
    const column = fc.array(values, { minLength: rows, maxLength: rows }).map((list) => Float32Array.from(list))
    return fc.array(column, { minLength: width, maxLength: width })
  })

describe('histogram kernels', () => {
  it('sum and split as plain loops do', () => {
    const values = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(Number.NaN))
    fc.assert(
      fc.property(columnsOf(values), fc.nat(), fc.nat(), fc.nat(9), (columns, first, second, lastLeft) => {
        const frame = frameOf(columns)
        const { rows } = frame
        const stride = Math.ceil(columns.length / 4) * 4
        const sizes = alignedSize(rows * stride) + alignedSize(8 * rows) + 2 * alignedSize(4 * rows)
        const memory = new TrainingMemory(sizes + histogramMemory(stride, 2))
        const binned = binFrame(frame, fitBins(frame, 1), memory.uint8(rows * stride))
        const gradients = memory.float32(2 * rows)
        gradients.forEach((_, index) => {
          gradients[index] = Math.sin(index)
        })
        const order = memory.uint32(rows)
        order.forEach((_, row) => {
          order[row] = rows - 1 - row
        })
        const builder = new HistogramBuilder(memory, { binned, order }, memory.uint32(rows))
        const [start, end] = [first % rows, (second % rows) + 1].sort((a, b) => a - b) as [number, number]
        const stretch = [...order.subarray(start, end)]

        const expected = new Float64Array(stride * featureFields)
        for (const row of stretch) {
          for (let feature = 0; feature < stride; feature += 1) {
            const at = feature * featureFields + binned.bytes[row * stride + feature]! * binFields
            expected[at]! += gradients[2 * row]!
            expected[at + 1]! += gradients[2 * row + 1]!
            expected[at + 2]! += 1
          }
        }
        const histogram = builder.sum(start, end, gradients)
        expect(histogram).toEqual(expected)
        // A histogram that comes back from the pool starts from zero.
        builder.release(histogram)
        expect(builder.sum(start, end, gradients)).toEqual(expected)

        const isLeft = (bin: number) => (bin === missingBin ? lastLeft % 2 === 0 : bin <= lastLeft)
        const goesLeft = (row: number) => isLeft(binned.bytes[row * stride]!)
        const before = [...order]
        const middle = builder.partition(start, end, 0, isLeft)
        const left = stretch.filter(goesLeft)
        const right = stretch.filter((row) => !goesLeft(row))
        expect(middle - start).toBe(left.length)
        expect([...order]).toEqual([...before.slice(0, start), ...left, ...right, ...before.slice(end)])
      }),
      { numRuns: 25 },
    )
  })

  it('says so when the memory cannot be had', () => {
    expect(() => new TrainingMemory(5 * 2 ** 30)).toThrow(expect.objectContaining({ code: 'training-too-large' }))
  })
})

describe('bins', () => {
  it('split rows exactly as the edges do, whatever the values', () => {
    const values = fc.oneof(
      fc.float(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
    )
    fc.assert(
      fc.property(columnsOf(values), (columns) => {
        const frame = frameOf(columns)
        const bins = fitBins(frame, 1)
        const { bytes, stride } = binFrame(frame, bins)
        columns.forEach((column, feature) => {
          const edges = bins.edges[feature]!
          column.forEach((value, row) => {
            const bin = bytes[row * stride + feature]!
            if (Number.isNaN(value)) expect(bin).toBe(missingBin)
            else expect(edges.findIndex((edge) => value <= edge)).toBe(bin < edges.length ? bin : -1)
          })
          // Few values: each has its own bin.
          const distinct = new Set(column.filter((value) => !Number.isNaN(value)).map((value) => value + 0))
          expect(edges.length).toBe(Math.max(0, distinct.size - 1))
        })
      }),
    )
  })

  it('hold about equally many rows where values are many, and at most 255 values', () => {
    const column = Float32Array.from({ length: 100_000 }, (_, row) => Math.exp(row / 5000))
    const { bytes, stride } = binFrame(frameOf([column]), fitBins(frameOf([column]), 1))
    const counts = new Uint32Array(256)
    for (let row = 0; row < column.length; row += 1) counts[bytes[row * stride]!]! += 1
    expect(counts[missingBin]).toBe(0)
    expect(Math.min(...counts.subarray(0, 255))).toBeGreaterThan(350)
    expect(Math.max(...counts)).toBeLessThan(450)
  })
})
