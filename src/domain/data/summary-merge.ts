import type { ColumnSummary } from '../../contract/data.ts'

/**
 * The summary of two sets of rows from the summary of each. Counts, means, standard deviations, ranges and histograms on equal edges
 * are exact; quantiles are averages weighted by rows, `distinct` is the lower bound, and frequent values are those that both knew.
 */
export function mergeSummaries(a: ColumnSummary, b: ColumnSummary): ColumnSummary {
  const known = { a: a.rows - a.nulls, b: b.rows - b.nulls }
  const total = known.a + known.b
  const weigh = (x: number | null, y: number | null) => {
    if (x === null || y === null || total === 0) return x ?? y
    return (x * known.a + y * known.b) / total
  }
  return {
    name: a.name,
    type: b.type,
    rows: a.rows + b.rows,
    nulls: a.nulls + b.nulls,
    distinct: Math.max(a.distinct, b.distinct, a.top === null ? 0 : mergeTop(a.top, b.top ?? []).length),
    mean: weigh(a.mean, b.mean),
    std: mergeStd(a, b, known),
    min: leastOf(a.min, b.min, Math.min),
    max: leastOf(a.max, b.max, Math.max),
    quantiles: a.quantiles?.map((value, i) => weigh(value, b.quantiles?.[i] ?? null)!) ?? b.quantiles,
    top: a.top === null ? b.top : mergeTop(a.top, b.top ?? []),
    histogram: mergeHistograms(a.histogram, b.histogram),
  }
}

function leastOf(a: number | null, b: number | null, choose: (x: number, y: number) => number): number | null {
  return a === null || b === null ? (a ?? b) : choose(a, b)
}

/** Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979). */
function mergeStd(a: ColumnSummary, b: ColumnSummary, known: { a: number; b: number }): number | null {
  if (a.mean === null || b.mean === null) return a.mean === null ? b.std : a.std
  const total = known.a + known.b
  const square = (std: number | null, rows: number) => (std === null ? 0 : std * std * (rows - 1))
  const delta = b.mean - a.mean
  const squares = square(a.std, known.a) + square(b.std, known.b) + (delta * delta * known.a * known.b) / total
  return total < 2 ? null : Math.sqrt(squares / (total - 1))
}

type Top = NonNullable<ColumnSummary['top']>
function mergeTop(a: Top, b: Top): Top {
  const counts = new Map(a.map((entry) => [entry.value, entry.count]))
  for (const { value, count } of b) counts.set(value, (counts.get(value) ?? 0) + count)
  const merged = [...counts].map(([value, count]) => ({ value, count }))
  return merged.sort((x, y) => y.count - x.count || (x.value < y.value ? -1 : 1)).slice(0, 101)
}

type Histogram = ColumnSummary['histogram']
function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  if (a === null || b === null || a.edges.length !== b.edges.length) return a ?? b
  if (!a.edges.every((edge, i) => edge === b.edges[i])) return a
  return {
    edges: a.edges,
    counts: a.counts.map((count, i) => count + b.counts[i]!),
    below: a.below + b.below,
    above: a.above + b.above,
  }
}
