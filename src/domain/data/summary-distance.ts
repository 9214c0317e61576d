import type { ColumnSummary } from '../../contract/data.ts'
import { jsDistance } from '../../stats/distances.ts'

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
    return jsDistance(bins(reference), bins(current), { base: 2 })
  }
  if (reference.top === null || current.top === null) return null
  const values = new Set([...reference.top, ...current.top].map((entry) => entry.value))
  const counts = ({ top, rows, nulls }: ColumnSummary) => {
    const of = new Map(top!.map((entry) => [entry.value, entry.count]))
    const listed = [...values].map((value) => of.get(value) ?? 0)
    return [...listed, rows - nulls - listed.reduce((sum, count) => sum + count, 0), nulls]
  }
  return jsDistance(counts(reference), counts(current), { base: 2 })
}
