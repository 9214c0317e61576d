import { type BinnedFrame, missingBin } from './binning.ts'
import { fillHistogram, HistogramPool, subtractHistogram } from './gradient-histogram.ts'
import { bestSplit, type NodeSums, type Split, type SplitLimits } from './split-search.ts'

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
  readonly histogram: Float64Array
  readonly split: Split
}

/**
 * Grows trees leaf by leaf, the leaf with the greatest gain first. Rows of a node are one stretch of `order`; a
 * split partitions that stretch in place and keeps the order within each side. Only the smaller child's histogram is
 * summed from its rows, the larger one is the difference to the parent.
 */
export class TreeGrower {
  private readonly pool: HistogramPool
  private readonly order: Uint32Array
  private readonly scratch: Uint32Array
  private readonly goesLeft = new Uint8Array(256)

  /** @param valueBins for each feature the number of its value bins */
  constructor(
    private readonly binned: BinnedFrame,
    private readonly valueBins: ArrayLike<number>,
    private readonly limits: GrowLimits,
  ) {
    this.pool = new HistogramPool(binned)
    this.order = new Uint32Array(binned.rows)
    this.scratch = new Uint32Array(binned.rows)
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
    const place = (node: BinnedNode, start: number, end: number, histogram: Float64Array): void => {
      const split = this.searchSplit(node, features, histogram)
      if (split !== null) {
        open.push({ node, start, end, histogram, split })
        return
      }
      this.pool.give(histogram)
      closed.push({ node, start, end })
    }

    const rootHistogram = this.pool.take()
    fillHistogram(rootHistogram, this.binned, this.order, 0, count, gradients)
    place(root, 0, count, rootHistogram)
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
        this.pool.give(leaf.histogram)
        closed.push({ node: node.left, start, end: middle }, { node: node.right, start: middle, end })
        continue
      }
      const smaller = this.pool.take()
      const leftIsSmaller = middle - start <= end - middle
      if (leftIsSmaller) fillHistogram(smaller, this.binned, this.order, start, middle, gradients)
      else fillHistogram(smaller, this.binned, this.order, middle, end, gradients)
      subtractHistogram(leaf.histogram, smaller)
      place(node.left, start, middle, leftIsSmaller ? smaller : leaf.histogram)
      place(node.right, middle, end, leftIsSmaller ? leaf.histogram : smaller)
    }
    for (const leaf of open) {
      this.pool.give(leaf.histogram)
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

  private searchSplit(node: BinnedNode, features: ArrayLike<number>, histogram: Float64Array): Split | null {
    return this.canSplit(node) ? bestSplit(histogram, node.sums, features, this.valueBins, this.limits) : null
  }

  /** Moves the rows that go left to the front of the stretch, without a branch, for half of the guesses would be wrong. */
  private partition(start: number, end: number, split: Split): number {
    const { order, scratch, goesLeft } = this
    const { bytes, stride } = this.binned
    for (let bin = 0; bin < missingBin; bin += 1) goesLeft[bin] = bin <= split.bin ? 1 : 0
    goesLeft[missingBin] = split.missingLeft ? 1 : 0
    let left = start
    let right = 0
    for (let index = start; index < end; index += 1) {
      const row = order[index]!
      const isLeft = goesLeft[bytes[row * stride + split.feature]!]!
      order[left] = row
      scratch[right] = row
      left += isLeft
      right += 1 - isLeft
    }
    order.set(scratch.subarray(0, right), left)
    return left
  }
}

function takeGreatestGain(open: OpenLeaf[]): OpenLeaf {
  let best = 0
  for (let index = 1; index < open.length; index += 1) {
    if (open[index]!.split.gain > open[best]!.split.gain) best = index
  }
  return open.splice(best, 1)[0]!
}
