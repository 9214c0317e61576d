import { type BinnedFrame, missingBin } from './binning.ts'
import { type GradientHistogram, HistogramBuilder, histogramMemory } from './gradient-histogram.ts'
import { bestSplit, type NodeSums, type Split, type SplitLimits } from './split-search.ts'
import { alignedSize, type TrainingMemory } from './training-memory.ts'

/** A node of a tree over bins; a leaf has no split. */
export interface BinnedNode {
  readonly sums: NodeSums
  /** −G / (H + λ), times the learning rate, as float32: what a leaf adds to the score. */
  readonly value: number
  split: Split | null
  left: BinnedNode | null
  right: BinnedNode | null
}

export interface GrowLimits extends SplitLimits {
  readonly maxLeaves: number
  readonly learningRate: number
}

interface OpenLeaf {
  readonly node: BinnedNode
  readonly start: number
  readonly end: number
  readonly histogram: GradientHistogram
  readonly split: Split
}

/** Bytes of training memory that a `TreeGrower` takes. */
export function growerMemory(rows: number, stride: number, maxLeaves: number): number {
  return 2 * alignedSize(4 * rows) + histogramMemory(stride, maxLeaves)
}

/**
 * Grows trees leaf by leaf, the leaf with the greatest gain first. Rows of a node are one stretch of `order`; a
 * split partitions that stretch in place. Only the smaller child's histogram is
 * summed from its rows, the larger one is the difference to the parent.
 */
export class TreeGrower {
  private readonly builder: HistogramBuilder
  private readonly order: Uint32Array

  /**
   * @param memory holds `binned` and the gradients, with `growerMemory` bytes left
   * @param valueBins for each feature the number of its value bins
   */
  constructor(
    memory: TrainingMemory,
    binned: BinnedFrame,
    private readonly valueBins: ArrayLike<number>,
    private readonly limits: GrowLimits,
  ) {
    this.order = memory.uint32(binned.rows)
    this.builder = new HistogramBuilder(memory, { binned, order: this.order }, memory.uint32(binned.rows))
  }

  /**
   * @param rows the rows to learn from, ascending; null = all
   * @param features the features that may split
   * @param gradients interleaved [gradient, hessian] of every row of the frame
   * @param onLeaf called with each leaf and its rows when the tree is complete
   */
  grow(
    rows: Uint32Array | null,
    features: ArrayLike<number>,
    gradients: Float32Array,
    onLeaf: (value: number, rows: Uint32Array) => void,
  ): BinnedNode {
    const count = this.placeRows(rows)
    const root = this.nodeOf(this.sumsOf(count, gradients))
    const open: OpenLeaf[] = []
    const closed: { node: BinnedNode; start: number; end: number }[] = []
    const place = (node: BinnedNode, start: number, end: number, histogram: GradientHistogram): void => {
      const split = this.searchSplit(node, features, histogram)
      if (split !== null) {
        open.push({ node, start, end, histogram, split })
        return
      }
      this.builder.release(histogram)
      closed.push({ node, start, end })
    }

    place(root, 0, count, this.builder.sum(0, count, gradients))
    for (let leaves = 1; leaves < this.limits.maxLeaves && open.length > 0; leaves += 1) {
      const leaf = takeGreatestGain(open)
      const { node, start, end, split } = leaf
      node.split = split
      node.left = this.nodeOf(split.left)
      node.right = this.nodeOf(split.right)
      const middle = this.partition(start, end, split)
      const isLastSplit = leaves + 1 === this.limits.maxLeaves
      if (isLastSplit || !(this.canSplit(node.left) || this.canSplit(node.right))) {
        // Nobody will ask these children for a split: their histograms are not needed.
        this.builder.release(leaf.histogram)
        closed.push({ node: node.left, start, end: middle }, { node: node.right, start: middle, end })
        continue
      }
      const leftIsSmaller = middle - start <= end - middle
      const smaller = leftIsSmaller
        ? this.builder.sum(start, middle, gradients)
        : this.builder.sum(middle, end, gradients)
      const larger = this.builder.subtract(leaf.histogram, smaller)
      place(node.left, start, middle, leftIsSmaller ? smaller : larger)
      place(node.right, middle, end, leftIsSmaller ? larger : smaller)
    }
    for (const leaf of open) {
      this.builder.release(leaf.histogram)
      closed.push(leaf)
    }
    for (const { node, start, end } of closed) onLeaf(node.value, this.order.subarray(start, end))
    return root
  }

  private placeRows(rows: Uint32Array | null): number {
    if (rows !== null) {
      this.order.set(rows)
      return rows.length
    }
    for (let row = 0; row < this.order.length; row += 1) this.order[row] = row
    return this.order.length
  }

  private sumsOf(count: number, gradients: Float32Array): NodeSums {
    let gradient = 0
    let hessian = 0
    for (let index = 0; index < count; index += 1) {
      const row = this.order[index]!
      gradient += gradients[2 * row]!
      hessian += gradients[2 * row + 1]!
    }
    return { gradient, hessian, rows: count }
  }

  private nodeOf(sums: NodeSums): BinnedNode {
    const step = -sums.gradient / (sums.hessian + this.limits.l2)
    const value = Number.isFinite(step) ? Math.fround(step * this.limits.learningRate) : 0
    return { sums, value, split: null, left: null, right: null }
  }

  private canSplit(node: BinnedNode): boolean {
    return node.sums.rows >= 2 * this.limits.minSamplesLeaf
  }

  private searchSplit(node: BinnedNode, features: ArrayLike<number>, histogram: GradientHistogram): Split | null {
    return this.canSplit(node) ? bestSplit(histogram, node.sums, features, this.valueBins, this.limits) : null
  }

  private partition(start: number, end: number, { feature, bin: last, missingLeft }: Split): number {
    return this.builder.partition(start, end, feature, (bin) => (bin === missingBin ? missingLeft : bin <= last))
  }
}

function takeGreatestGain(open: OpenLeaf[]): OpenLeaf {
  let best = 0
  for (let index = 1; index < open.length; index += 1) {
    if (open[index]!.split.gain > open[best]!.split.gain) best = index
  }
  return open.splice(best, 1)[0]!
}
