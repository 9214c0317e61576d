/** Counts of the same bins in one or two sets of values. */
export interface Bins {
  /** What each bin holds: `12–15`, `ORD`, `missing`. */
  labels: readonly string[]
  /** The second is what the first is compared with. */
  series: readonly { name: string; counts: readonly number[] }[]
}

/** Of all: sets of different sizes can be compared. */
export function sharesOf(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0)
  return counts.map((count) => (all === 0 ? 0 : count / all))
}
