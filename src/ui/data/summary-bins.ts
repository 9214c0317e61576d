import type { ColumnSummary } from '../../contract/data.ts'
import type { Bins } from '../components/chart/bins.ts'
import { edgeLabels } from '../components/chart/edge-labels.ts'

/** More of the frequent values than this are counted together. */
const mostValues = 24

type Series = readonly { name: string; summary: ColumnSummary | null }[]

/** What a column is like in one or two sets of rows, on the same bins, missing values as the last; null where nothing was counted. */
export function summaryBins(given: Series): Bins | null {
  const series = given.flatMap(({ name, summary }) => (summary === null ? [] : [{ name, summary }]))
  const [first] = series
  if (!first) return null
  const { histogram } = first.summary
  if (histogram !== null) {
    const alike = series.filter(
      ({ summary }) =>
        summary.histogram?.edges.length === histogram.edges.length &&
        summary.histogram.edges.every((edge, place) => edge === histogram.edges[place]),
    )
    return {
      labels: [...edgeLabels(histogram.edges), 'missing'],
      series: alike.map(({ name, summary: { histogram: own, nulls } }) => ({
        name,
        counts: [own!.below, ...own!.counts, own!.above, nulls],
      })),
    }
  }
  const listed = series.filter(({ summary }) => summary.top !== null)
  if (listed.length === 0) return null
  const values = [
    ...new Set(listed.flatMap(({ summary }) => summary.top!.slice(0, mostValues).map(({ value }) => value))),
  ]
  return {
    labels: [...values, 'others', 'missing'],
    series: listed.map(({ name, summary: { top, rows, nulls } }) => {
      const counts = new Map(top!.map(({ value, count }) => [value, count]))
      const known = values.map((value) => counts.get(value) ?? 0)
      return { name, counts: [...known, rows - nulls - known.reduce((sum, count) => sum + count, 0), nulls] }
    }),
  }
}
