/** Counts or shares of the same bins; only their proportions matter. */
export type Counts = ArrayLike<number>

export interface DivergenceOptions {
  /** Base of the logarithm; default e. */
  readonly base?: number
}

/** Shares that sum to one. */
function sharesOf(counts: Counts): Float64Array {
  const shares = Float64Array.from(counts)
  const total = shares.reduce((sum, count) => sum + count, 0)
  return shares.map((count) => count / total)
}

/** Population stability index Σ (p − q) ln(p / q), zero shares filled as Evidently does. */
export function psi(reference: Counts, current: Counts): number {
  const p = filledShares(reference)
  const q = filledShares(current)
  return p.reduce((sum, share, bin) => sum + (share - q[bin]!) * Math.log(share / q[bin]!), 0)
}

/** Kullback–Leibler divergence of the reference from the current, KL(reference ‖ current), zero shares filled as Evidently does. */
export function klDivergence(reference: Counts, current: Counts, { base = Math.E }: DivergenceOptions = {}): number {
  return klOfShares(sharesOf(filledShares(reference)), sharesOf(filledShares(current))) / Math.log(base)
}

/**
 * Jensen–Shannon divergence. Products differ in what they call "JS": Evidently reports the distance in base e, NannyML
 * the distance in base 2, TFDV the divergence in base 2.
 */
export function jsDivergence(reference: Counts, current: Counts, { base = Math.E }: DivergenceOptions = {}): number {
  const p = sharesOf(reference)
  const q = sharesOf(current)
  const middle = p.map((share, bin) => (share + q[bin]!) / 2)
  // Rounding may leave a tiny negative number, whose root would be NaN.
  return Math.max(0, (klOfShares(p, middle) + klOfShares(q, middle)) / 2 / Math.log(base))
}

/** Root of the Jensen–Shannon divergence: a metric. */
export function jsDistance(reference: Counts, current: Counts, options: DivergenceOptions = {}): number {
  return Math.sqrt(jsDivergence(reference, current, options))
}

/** Hellinger distance √(1 − Σ√(pq)), 0…1. */
export function hellinger(reference: Counts, current: Counts): number {
  const q = sharesOf(current)
  const squares = sharesOf(reference).reduce((sum, share, bin) => sum + (Math.sqrt(share) - Math.sqrt(q[bin]!)) ** 2, 0)
  return Math.sqrt(squares / 2)
}

/** Greatest difference between two shares. */
export function lInfinity(reference: Counts, current: Counts): number {
  const q = sharesOf(current)
  return sharesOf(reference).reduce((greatest, share, bin) => Math.max(greatest, Math.abs(share - q[bin]!)), 0)
}

/** Wasserstein-1 distance of two samples, in their unit: ∫ |F − G|. NaN is left out. */
export function wasserstein(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let area = 0
  let last = Number.NaN
  walkDistributions(sortedValues(reference), sortedValues(current), (x, _difference, before) => {
    if (!Number.isNaN(last)) area += Math.abs(before) * (x - last)
    last = x
  })
  return area
}

/** Wasserstein-1 in standard deviations (population) of the reference, at least 0.001, as Evidently reports it. */
export function normalisedWasserstein(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const values = sortedValues(reference)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
  return wasserstein(values, current) / Math.max(deviation, 0.001)
}

/** Kolmogorov–Smirnov statistic: greatest difference of the two empirical distribution functions. NaN is left out. */
export function ksStatistic(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let greatest = 0
  walkDistributions(sortedValues(reference), sortedValues(current), (_x, difference) => {
    greatest = Math.max(greatest, Math.abs(difference))
  })
  return greatest
}

/** Visits each distinct value with F(x) − G(x) there and before it. */
function walkDistributions(
  first: Float64Array,
  second: Float64Array,
  visit: (x: number, difference: number, before: number) => void,
): void {
  let a = 0
  let b = 0
  let before = 0
  while (a < first.length || b < second.length) {
    const x = Math.min(first[a] ?? Number.POSITIVE_INFINITY, second[b] ?? Number.POSITIVE_INFINITY)
    while (a < first.length && first[a]! <= x) a += 1
    while (b < second.length && second[b]! <= x) b += 1
    const difference = a / first.length - b / second.length
    visit(x, difference, before)
    before = difference
  }
}

function sortedValues(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort()
}

function klOfShares(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, share, bin) => (share === 0 ? sum : sum + share * Math.log(share / q[bin]!)), 0)
}

/** Evidently's fill: a zero share becomes 0.0001, or a millionth of the least share where that is no more than 0.0001. */
function filledShares(counts: Counts): Float64Array {
  const shares = sharesOf(counts)
  const least = shares.reduce((min, share) => (share > 0 ? Math.min(min, share) : min), Number.POSITIVE_INFINITY)
  const fill = least <= 0.0001 ? least / 1_000_000 : 0.0001
  return shares.map((share) => (share === 0 ? fill : share))
}
