import type { ColumnSummary } from '../../contract/data.ts'

/**
 * How far the values of a column are from the reference: Jensen-Shannon distance, base 2, so 0 for the same and 1 for nothing
 * in common. Numbers are compared on the reference's histogram, other values by their frequencies. Missing values count as one
 * more value.
 *
 * @returns null when there is nothing to compare.
 */
export function summaryDistance(reference: ColumnSummary, current: ColumnSummary): number | null {
  if (reference.rows === 0 || current.rows === 0) return null
  if (reference.histogram !== null && current.histogram !== null) {
    const bins = ({ histogram, nulls }: ColumnSummary) => [
      ...histogram!.counts,
      histogram!.below,
      histogram!.above,
      nulls,
    ]
    return jensenShannon(bins(reference), bins(current))
  }
  if (reference.top === null || current.top === null) return null
  const values = new Set([...reference.top, ...current.top].map((entry) => entry.value))
  const counts = ({ top, rows, nulls }: ColumnSummary) => {
    const of = new Map(top!.map((entry) => [entry.value, entry.count]))
    const listed = [...values].map((value) => of.get(value) ?? 0)
    return [...listed, rows - nulls - listed.reduce((sum, count) => sum + count, 0), nulls]
  }
  return jensenShannon(counts(reference), counts(current))
}

/** Square root of the Jensen-Shannon divergence, base 2, of two lists of counts (Lin, 1991). */
function jensenShannon(p: readonly number[], q: readonly number[]): number | null {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  const [totalP, totalQ] = [sum(p), sum(q)]
  if (totalP === 0 || totalQ === 0) return null
  let divergence = 0
  for (let i = 0; i < p.length; i += 1) {
    const a = p[i]! / totalP
    const b = q[i]! / totalQ
    const middle = (a + b) / 2
    if (a > 0) divergence += (a * Math.log2(a / middle)) / 2
    if (b > 0) divergence += (b * Math.log2(b / middle)) / 2
  }
  return Math.sqrt(Math.max(0, divergence))
}
