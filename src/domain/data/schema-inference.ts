import type { ColumnSummary } from '../../contract/data.ts'
import type { Dataset } from '../../contract/definition.ts'
import type { SummaryQuery } from '../../ports/tables.ts'
import type { DatasetPlan } from './dataset-plan.ts'
import { isTextColumn } from './row-source.ts'
import { mergeSummaries } from './summary-merge.ts'

/** A column of texts with at most so many values has a domain: others are strange to it. */
const domainLimit = 100
/** One value more than a domain may hold, so that a column with more is told from one that is full. */
const topValues = domainLimit + 1

/** How many accepted batches make the reference: parts of a history are small and alike, so several of them. */
export function referenceBatches(dataset: Dataset): number {
  return dataset.source?.partition === undefined ? 1 : 14
}

/** What to summarise of a batch, with the reference's edges where there are some. */
export function summaryQueries(plan: DatasetPlan, reference: readonly ColumnSummary[]): SummaryQuery[] {
  return plan.stored.map(({ name, type }) => {
    if (type === 'category' || type === 'ref') return { name, type, top: topValues }
    if (isTextColumn(type) || type === 'time' || type === 'local-time') return { name, type }
    const edges = reference.find((summary) => summary.name === name)?.histogram?.edges
    return edges === undefined ? { name, type } : { name, type, edges }
  })
}

/**
 * Edges for the histograms by which later batches are compared: about 5 % of the rows lie between two of them. They come from the
 * first batch and stay, so that counts of any batches can be added.
 */
export function referenceEdges(summary: ColumnSummary): number[] {
  const [q1, q5, q25, q50, q75, q95, q99] = summary.quantiles ?? []
  if (q99 === undefined || summary.min === null || summary.max === null) return []
  const between = (from: number, to: number, parts: number) =>
    Array.from({ length: parts }, (_, i) => from + ((to - from) * i) / parts)
  const edges = [
    q1!,
    ...between(q5!, q25!, 4),
    ...between(q25!, q50!, 5),
    ...between(q50!, q75!, 5),
    ...between(q75!, q95!, 4),
    q95!,
    q99,
  ]
  const distinct = edges.filter((edge, i) => i === 0 || edge > edges[i - 1]!)
  return distinct.length >= 2 ? distinct : [distinct[0]!, distinct[0]! + 1]
}

/** The reference after one more accepted batch; unchanged once it is made of enough of them. */
export function learnReference(
  dataset: Dataset,
  reference: readonly ColumnSummary[],
  versionsBefore: number,
  batch: readonly ColumnSummary[],
): ColumnSummary[] {
  const known = new Map(reference.map((summary) => [summary.name, summary]))
  const settled = versionsBefore >= referenceBatches(dataset)
  return batch.map((summary) => {
    const before = known.get(summary.name)
    if (before === undefined) return summary
    return settled ? before : mergeSummaries(before, summary)
  })
}

/** The values that a category may have, or null when it has too many to be a domain, or is no category. */
export function domainOf(summary: ColumnSummary | undefined): Set<string> | null {
  if (summary === undefined || summary.type !== 'category' || summary.top === null) return null
  if (summary.top.length > domainLimit || summary.distinct > domainLimit) return null
  return new Set(summary.top.map((entry) => entry.value))
}
