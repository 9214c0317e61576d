import type { Reference } from '../../contract/training.ts'
import { jsDistance } from '../../stats/distances.ts'
import { countsWithOverflow, histogramOf, quantileEdges } from '../../stats/histogram.ts'

/** Ten bins of about equal counts tell a shift and keep chance small at some hundred rows a day. */
const bins = 10
/** Rarer values are counted together. */
const mostValues = 30

export type ReferenceColumn = Reference['columns'][number]

/** The histogram of a number in training, on edges that stay. */
export function numericReference(name: string, values: ArrayLike<number>): ReferenceColumn {
  const present = Float64Array.from(Array.from(values).filter((value) => Number.isFinite(value)))
  const edges = present.length > 0 ? quantileEdges(present, bins) : [0, 1]
  return {
    kind: 'numeric',
    name,
    edges,
    counts: countsWithOverflow(histogramOf(present, edges)),
    missing: values.length - present.length,
  }
}

/** The counts of the frequent values of a categorical input; the last count is of all others. */
export function categoricalReference(name: string, values: readonly (string | null)[]): ReferenceColumn {
  const counts = new Map<string, number>()
  let missing = 0
  for (const value of values) {
    if (value === null) missing += 1
    else counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const ordered = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const frequent = ordered.slice(0, mostValues)
  const others = ordered.slice(mostValues).reduce((sum, [, count]) => sum + count, 0)
  return {
    kind: 'categorical',
    name,
    values: frequent.map(([value]) => value),
    counts: [...frequent.map(([, count]) => count), others],
    missing,
  }
}

/** Counts of current values on the reference's own bins, missing ones last. */
export function countsOn(column: ReferenceColumn, values: readonly (number | string | null)[]): number[] {
  if (column.kind === 'numeric') {
    const present = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
    return [...countsWithOverflow(histogramOf(present, column.edges)), values.length - present.length]
  }
  const places = new Map(column.values.map((value, place) => [value, place]))
  const counts = new Array<number>(column.values.length + 2).fill(0)
  for (const value of values) {
    const place = value === null ? counts.length - 1 : (places.get(String(value)) ?? counts.length - 2)
    counts[place]! += 1
  }
  return counts
}

/**
 * Jensen–Shannon distance, base 2 (NannyML's), between training and now, over the reference's bins with missing values as one of them: 0 is equal, 1 has nothing
 * in common.
 */
export function driftOf(column: ReferenceColumn, counts: readonly number[]): number {
  return jsDistance([...column.counts, column.missing], counts, { base: 2 })
}

/**
 * What the distance of `rows` values drawn from the reference itself comes to by chance, about: the expected squared distance is (bins − 1) / (8 ln 2 ·
 * rows) for a large reference (second-order expansion of the divergence around equal shares).
 */
export function chanceDistance(column: ReferenceColumn, rows: number): number {
  const used = [...column.counts, column.missing].filter((count) => count > 0).length
  return Math.sqrt(Math.max(0, used - 1) / (8 * Math.LN2 * Math.max(1, rows)))
}
