import type { BatchRecord, ColumnSummary } from '../../contract/data.ts'
import type { Dataset } from '../../contract/definition.ts'
import { summaryDistance } from './summary-distance.ts'
import { toldShift } from './validation.ts'

export interface BatchColumn {
  name: string
  reference: ColumnSummary | null
  distance: number | null
  mayBe: number | null
}

/** How far the columns of a batch are from the reference as it is now, by the measure that validation judges by. */
export function columnsBesideReference(
  dataset: Dataset,
  { summaries }: Pick<BatchRecord, 'summaries'>,
  inferred: readonly ColumnSummary[],
): BatchColumn[] {
  return summaries.map((summary) => {
    const { name } = summary
    const reference = inferred.find((each) => each.name === name) ?? null
    const stated = dataset.expectations.find((each) => each.kind === 'shift' && each.column === name)
    const isDerived = dataset.columns.some((column) => column.name === name && column.derived !== undefined)
    return {
      name,
      reference,
      distance: reference && summaryDistance(reference, summary),
      mayBe: stated?.kind === 'shift' ? stated.max : isDerived ? null : toldShift,
    }
  })
}
