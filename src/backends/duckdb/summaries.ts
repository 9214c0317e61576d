import type { DuckDBConnection } from '@duckdb/node-api'
import type { ColumnSummary } from '../../contract/data.ts'
import type { SummaryQuery } from '../../ports/tables.ts'
import { isTextType } from './names.ts'
import { fromWhere, nullableOf, outputOf, type Source } from './selection.ts'
import { approximateFigures, plainFigures } from './summary-figures.ts'
import { summaryOfNumbers, summaryOfTexts } from './summary-of-counts.ts'

/** Up to so many rows the values of a column and how often each occurs are fetched, which is exact and faster for small batches. */
const countedRows = 1_000_000

export async function summariesOf(
  connection: DuckDBConnection,
  source: Source,
  columns: readonly SummaryQuery[],
  limit = countedRows,
): Promise<ColumnSummary[]> {
  const plain = columns.filter((column) => !isCounted(column))
  const figures = await plainFigures(connection, source, plain)
  const { rows } = figures
  const summaries: ColumnSummary[] = []
  for (const column of columns) {
    const base = { name: column.name, type: column.type, rows }
    const known = figures.of.get(column.name)
    if (known !== undefined) summaries.push({ ...empty, ...base, ...known })
    else if (rows > limit)
      summaries.push({ ...empty, ...base, ...(await approximateFigures(connection, source, column)) })
    else if (isTextType(column.type)) {
      summaries.push({
        ...empty,
        ...base,
        ...summaryOfTexts(await valueCounts(connection, source, column), column.top ?? 0),
      })
    } else
      summaries.push({
        ...empty,
        ...base,
        ...summaryOfNumbers(await valueCounts(connection, source, column), column.edges ?? []),
      })
  }
  return summaries
}

const empty = { mean: null, std: null, min: null, max: null, quantiles: null, top: null, histogram: null }

/** Numbers and categories; of keys, free text and times only what a plain aggregate gives is asked for. */
function isCounted(column: SummaryQuery): boolean {
  if (isTextType(column.type)) return column.top !== undefined
  return column.type === 'number' || column.type === 'boolean'
}

/** Each value with its count, ascending; NaN or null is what is missing. */
async function valueCounts(connection: DuckDBConnection, source: Source, column: SummaryQuery) {
  const result = await connection.run(
    `SELECT ${isTextType(column.type) ? nullableOf(source, column) : outputOf(source, column)} AS value, count(*) ` +
      `${fromWhere(source, {})} GROUP BY 1 ORDER BY 1`,
  )
  const values: (number | string | null)[] = []
  const counts: number[] = []
  for (const chunk of await result.fetchAllChunks()) {
    for (const value of chunk.getColumnValues(0)) values.push(value as number | string | null)
    for (const count of chunk.getColumnValues(1)) counts.push(Number(count))
  }
  return { values, counts }
}
