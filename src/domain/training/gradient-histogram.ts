import type { BinnedFrame } from './binning.ts'
import { featureFields, type HistogramKernels, histogramKernelModule } from './histogram-kernels.ts'
import { alignedSize, type TrainingMemory } from './training-memory.ts'

/** For each feature and bin the sums of gradients and hessians and the number of rows. */
export type GradientHistogram = Float64Array

/** What the kernels read, all in one training memory. */
export interface HistogramInputs {
  readonly binned: BinnedFrame
  /** Row numbers; a node's rows are one stretch of it. */
  readonly order: Uint32Array
}

/** Bytes of training memory that `HistogramBuilder` takes for trees of so many leaves. */
export function histogramMemory(stride: number, maxLeaves: number): number {
  return (maxLeaves + 1) * alignedSize(8 * stride * featureFields) + 256
}

/** Sums histograms and splits stretches of rows, by the kernels. */
export class HistogramBuilder {
  private readonly kernels: HistogramKernels
  private readonly goesLeft: Uint8Array
  /** Histograms are large and short-lived: they are used again, not collected. */
  private readonly free: GradientHistogram[] = []

  /** @param scratch as long as `order` */
  constructor(
    private readonly memory: TrainingMemory,
    private readonly inputs: HistogramInputs,
    private readonly scratch: Uint32Array,
  ) {
    this.kernels = memory.instantiate(histogramKernelModule()) as unknown as HistogramKernels
    this.goesLeft = memory.uint8(256)
  }

  /** The histogram of order[start…end). @param gradients interleaved [gradient, hessian] of every row */
  sum(start: number, end: number, gradients: Float32Array): GradientHistogram {
    const { binned, order } = this.inputs
    const histogram = this.free.pop() ?? this.memory.float64(binned.stride * featureFields)
    histogram.fill(0)
    const [from, to] = [order.byteOffset + 4 * start, order.byteOffset + 4 * end]
    const { fill } = this.kernels
    fill(histogram.byteOffset, binned.bytes.byteOffset, binned.stride, from, to, gradients.byteOffset)
    return histogram
  }

  /** parent − child, in the parent's place: the other child's histogram without looking at its rows. */
  subtract(parent: GradientHistogram, child: GradientHistogram): GradientHistogram {
    for (let index = 0; index < parent.length; index += 1) parent[index]! -= child[index]!
    return parent
  }

  /** Takes back a histogram that nobody reads any more. */
  release(histogram: GradientHistogram): void {
    this.free.push(histogram)
  }

  /**
   * Moves the rows of order[start…end) that go left to the front, both sides keeping their order.
   *
   * @returns the index of the first row that goes right
   */
  partition(start: number, end: number, feature: number, isLeft: (bin: number) => boolean): number {
    const { binned, order } = this.inputs
    for (let bin = 0; bin < 256; bin += 1) this.goesLeft[bin] = isLeft(bin) ? 1 : 0
    const address = this.kernels.partition(
      order.byteOffset + 4 * start,
      order.byteOffset + 4 * end,
      binned.bytes.byteOffset + feature,
      binned.stride,
      this.goesLeft.byteOffset,
      this.scratch.byteOffset,
    )
    // Kernels give addresses as signed numbers.
    return ((address >>> 0) - order.byteOffset) / 4
  }
}
