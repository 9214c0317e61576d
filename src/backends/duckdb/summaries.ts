import type { DuckDBConnection } from '@duckdb/node-api'
import type { ColumnSummary } from '../../contract/data.ts'
import type { SummaryQuery } from '../../ports/tables.ts'
import { isTextType } from './names.ts'
import { fromWhere, nullableOf, type Source } from './selection.ts'

const quantileShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
const exactQuantileRows = 1_000_000

/** Summaries of all columns: one pass for the figures, one more for each column whose frequent values are asked for. */
export async function summariesOf(
  connection: DuckDBConnection,
  source: Source,
  columns: readonly SummaryQuery[],
): Promise<ColumnSummary[]> {
  const inner = columns.map((column, index) => `${nullableOf(source, column)} AS c${index}`)
  const rows = await countRows(connection, source)
  const query = `FROM (SELECT ${inner.join(', ')} ${fromWhere(source, {})})`
  const parts = columns.flatMap((column, index) => figuresOf(column, `c${index}`, rows <= exactQuantileRows))
  const result = await connection.run(`SELECT ${parts.join(', ')} ${query}`)
  const figures = (await result.getRowsJS())[0]!
  const summaries: ColumnSummary[] = []
  let at = 0
  for (const [index, column] of columns.entries()) {
    const take = () => numeric(figures[at++])
    const nulls = take() ?? 0
    const distinct = take() ?? 0
    const base = { name: column.name, type: column.type, rows, nulls, distinct }
    if (isTextType(column.type)) {
      const top = column.top === undefined ? null : await topOf(connection, query, `c${index}`, column.top)
      summaries.push({ ...base, mean: null, std: null, min: null, max: null, quantiles: null, top, histogram: null })
      continue
    }
    const [mean, std, min, max] = [take(), take(), take(), take()]
    const quantiles = quantileShares.map(take)
    const edges = column.edges ?? []
    const below = edges.map(() => take() ?? 0)
    const upTo = edges.length === 0 ? 0 : (take() ?? 0)
    summaries.push({
      ...base,
      mean: mean ?? null,
      std: std ?? null,
      min: min ?? null,
      max: max ?? null,
      quantiles: quantiles.every((value) => value !== null) ? (quantiles as number[]) : null,
      top: null,
      histogram: edges.length < 2 ? null : histogramOf(edges, below, upTo, rows - nulls),
    })
  }
  return summaries
}

async function countRows(connection: DuckDBConnection, source: Source): Promise<number> {
  const result = await connection.run(`SELECT count(*) ${fromWhere(source, {})}`)
  return Number((await result.getRowsJS())[0]![0])
}

function figuresOf(column: SummaryQuery, c: string, exact: boolean): string[] {
  const parts = [`count(*) FILTER (${c} IS NULL)`, `count(DISTINCT ${c})`]
  if (isTextType(column.type)) return parts
  parts.push(`avg(${c})`, `stddev_samp(${c})`, `min(${c})`, `max(${c})`)
  const shares = `[${quantileShares.join(', ')}]`
  const quantiles = exact ? `quantile_cont(${c}, ${shares})` : `approx_quantile(${c}, ${shares})`
  for (let i = 1; i <= quantileShares.length; i += 1) parts.push(`${quantiles}[${i}]`)
  const edges = column.edges ?? []
  for (const edge of edges) parts.push(`count(*) FILTER (${c} < CAST('${edge}' AS DOUBLE))`)
  if (edges.length > 0) parts.push(`count(*) FILTER (${c} <= CAST('${edges.at(-1)}' AS DOUBLE))`)
  return parts
}

/** Bins `[edge, next edge)`; the last one holds its upper edge too. */
function histogramOf(edges: readonly number[], below: readonly number[], upTo: number, known: number) {
  const counts: number[] = []
  for (let i = 0; i + 1 < edges.length; i += 1) {
    counts.push((i + 2 < edges.length ? below[i + 1]! : upTo) - below[i]!)
  }
  return { edges: [...edges], counts, below: below[0]!, above: known - upTo }
}

async function topOf(connection: DuckDBConnection, query: string, c: string, limit: number) {
  const result = await connection.run(
    `SELECT ${c}, count(*) AS n ${query} WHERE ${c} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${Math.trunc(limit)}`,
  )
  return (await result.getRowsJS()).map((row) => ({ value: String(row[0]), count: Number(row[1]) }))
}

function numeric(value: unknown): number | null {
  if (value === null || value === undefined) return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}
