import { sortedQuantile } from './intervals.ts'

/**
 * Counts over fixed edges: bin i holds edges[i] ≤ x < edges[i+1], the last one its upper edge too. Counts over the
 * same edges add up, so that a month's histogram is the sum of its days'.
 */
export interface Histogram {
  /** Ascending; one more than there are counts. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
  readonly below: number
  readonly above: number
  /** NaN. */
  readonly missing: number
}

export function histogramOf(values: ArrayLike<number>, edges: readonly number[]): Histogram {
  const bins = edges.length - 1
  const counts = new Array<number>(bins).fill(0)
  let below = 0
  let above = 0
  let missing = 0
  const last = edges[bins]!
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!
    if (Number.isNaN(value)) missing += 1
    else if (value < edges[0]!) below += 1
    else if (value > last) above += 1
    else {
      let low = 1
      let high = bins
      while (low < high) {
        const middle = (low + high) >>> 1
        if (value < edges[middle]!) high = middle
        else low = middle + 1
      }
      counts[low - 1]! += 1
    }
  }
  return { edges, counts, below, above, missing }
}

/** @throws RangeError when the edges differ: such counts do not add up. */
export function mergeHistograms(first: Histogram, second: Histogram): Histogram {
  const isSame =
    first.edges.length === second.edges.length && first.edges.every((edge, index) => edge === second.edges[index])
  if (!isSame) throw new RangeError('histograms over different edges cannot be merged')
  return {
    edges: first.edges,
    counts: first.counts.map((count, bin) => count + second.counts[bin]!),
    below: first.below + second.below,
    above: first.above + second.above,
    missing: first.missing + second.missing,
  }
}

/** Counts with what lies beyond the edges as a first and a last bin, for distances that must see overflow. */
export function countsWithOverflow(histogram: Histogram): number[] {
  return [histogram.below, ...histogram.counts, histogram.above]
}

/** A range of one value is widened by half on each side, as numpy does. */
export function equalWidthEdges(low: number, high: number, bins: number): number[] {
  const [from, to] = low === high ? [low - 0.5, high + 0.5] : [low, high]
  return Array.from({ length: bins + 1 }, (_, bin) => (bin === bins ? to : from + ((to - from) * bin) / bins))
}

/** Edges with about equally many values between them; equal quantiles give one edge, so there may be fewer bins. */
export function quantileEdges(values: ArrayLike<number>, bins: number): number[] {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort()
  const edges = Array.from({ length: bins + 1 }, (_, bin) => sortedQuantile(sorted, bin / bins))
  const distinct = edges.filter((edge, index) => index === 0 || edge > edges[index - 1]!)
  return distinct.length === 1 ? equalWidthEdges(distinct[0]!, distinct[0]!, 1) : distinct
}

/** Number of bins ⌈log2 n + 1⌉ (Sturges 1926). */
export function sturgesBins(count: number): number {
  return count === 0 ? 1 : Math.ceil(Math.log2(count) + 1)
}

/** Sturges' number corrected for skewness (Doane 1976), as numpy computes it; 1 where all values are the same. */
export function doaneBins(values: ArrayLike<number>): number {
  const finite = Float64Array.from(values).filter(Number.isFinite)
  const count = finite.length
  if (count <= 2) return 1
  const mean = finite.reduce((sum, value) => sum + value, 0) / count
  const deviation = Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count)
  if (deviation === 0) return 1
  const skewness = finite.reduce((sum, value) => sum + ((value - mean) / deviation) ** 3, 0) / count
  const spread = Math.sqrt((6 * (count - 2)) / ((count + 1) * (count + 3)))
  return Math.ceil(1 + Math.log2(count) + Math.log2(1 + Math.abs(skewness) / spread))
}
