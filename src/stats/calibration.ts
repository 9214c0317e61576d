/** Rows whose probability fell into one bin: what was promised and what happened. */
export interface ReliabilityBin {
  readonly low: number
  readonly high: number
  readonly rows: number
  readonly meanProbability: number
  /** Share of rows of class 1. */
  readonly observed: number
}

/** Equal-width bins over 0…1, empty ones left out. */
export function reliabilityBins(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  bins = 10,
): ReliabilityBin[] {
  const rows = new Float64Array(bins)
  const sums = new Float64Array(bins)
  const positives = new Float64Array(bins)
  for (let row = 0; row < probabilities.length; row += 1) {
    const bin = reliabilityBin(probabilities[row]!, bins)
    rows[bin]! += 1
    sums[bin]! += probabilities[row]!
    positives[bin]! += labels[row]!
  }
  return Array.from(rows, (count, bin) => ({
    low: bin / bins,
    high: (bin + 1) / bins,
    rows: count,
    meanProbability: sums[bin]! / count,
    observed: positives[bin]! / count,
  })).filter((bin) => bin.rows > 0)
}

/** The bin of a probability; 1 belongs to the last. */
export function reliabilityBin(probability: number, bins: number): number {
  return Math.min(bins - 1, Math.floor(probability * bins))
}

/** Expected calibration error: mean |observed − promised| over the bins, weighted by rows (Naeini et al. 2015). */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  bins = 10,
): number {
  return reliabilityBins(probabilities, labels, bins).reduce(
    (sum, bin) => sum + (bin.rows / probabilities.length) * Math.abs(bin.observed - bin.meanProbability),
    0,
  )
}

/** A rising function through points; between them straight, beyond them level. */
export interface IsotonicFit {
  /** Ascending, none twice. */
  readonly xs: Float64Array
  readonly ys: Float64Array
}

/**
 * Least-squares rising fit by pooling adjacent violators (Barlow et al. 1972), O(n log n). Equal x share one value.
 * Of a level stretch only its ends are kept.
 */
export function fitIsotonic(x: ArrayLike<number>, y: ArrayLike<number>): IsotonicFit {
  const order = Uint32Array.from({ length: x.length }, (_, row) => row).sort((a, b) => x[a]! - x[b]!)
  const points: { x: number; mean: number; weight: number }[] = []
  for (const row of order) {
    const last = points[points.length - 1]
    if (last !== undefined && last.x === x[row]) {
      last.weight += 1
      last.mean += (y[row]! - last.mean) / last.weight
    } else points.push({ x: x[row]!, mean: y[row]!, weight: 1 })
  }
  const blocks: { first: number; last: number; mean: number; weight: number }[] = []
  for (const point of points) {
    let block = { first: point.x, last: point.x, mean: point.mean, weight: point.weight }
    for (
      let before = blocks[blocks.length - 1];
      before && before.mean >= block.mean;
      before = blocks[blocks.length - 1]
    ) {
      blocks.pop()
      const weight = before.weight + block.weight
      const mean = before.mean + ((block.mean - before.mean) * block.weight) / weight
      block = { first: before.first, last: block.last, mean, weight }
    }
    blocks.push(block)
  }
  const ends = blocks.flatMap(({ first, last, mean }) =>
    first === last
      ? [[first, mean] as const]
      : ([
          [first, mean],
          [last, mean],
        ] as const),
  )
  return { xs: Float64Array.from(ends, ([at]) => at), ys: Float64Array.from(ends, ([, value]) => value) }
}

export function isotonicValue({ xs, ys }: IsotonicFit, x: number): number {
  let low = 0
  let high = xs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (xs[middle]! < x) low = middle + 1
    else high = middle
  }
  if (low === 0) return ys[0]!
  if (low === xs.length) return ys[low - 1]!
  const share = (x - xs[low - 1]!) / (xs[low]! - xs[low - 1]!)
  return ys[low - 1]! + share * (ys[low]! - ys[low - 1]!)
}
