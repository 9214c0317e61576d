import type { DuckDBConnection } from '@duckdb/node-api'
import type { ColumnSummary } from '../../contract/data.ts'
import type { SummaryQuery } from '../../ports/tables.ts'
import { isTextType } from './names.ts'
import { fromWhere, nullableOf, type Source } from './selection.ts'
import { quantileShares } from './summary-of-counts.ts'

/** Rows, and of each column what is missing, how many values are distinct, and the range of times. */
export async function plainFigures(connection: DuckDBConnection, source: Source, columns: readonly SummaryQuery[]) {
  const parts = ['count(*)']
  for (const [i, { type }] of columns.entries()) {
    parts.push(`count(*) FILTER (c${i} IS NULL)`, `count(DISTINCT c${i})`)
    if (isTextType(type)) parts.push('NULL', 'NULL')
    else parts.push(`min(c${i})`, `max(c${i})`)
  }
  const inner = columns.map((column, i) => `${nullableOf(source, column)} AS c${i}`)
  const from = `(SELECT ${inner.length === 0 ? '1' : inner.join(', ')} ${fromWhere(source, {})})`
  const row = (await (await connection.run(`SELECT ${parts.join(', ')} FROM ${from}`)).getRowsJS())[0]!
  const of = new Map<string, Partial<ColumnSummary> & { nulls: number; distinct: number }>()
  for (const [i, { name }] of columns.entries()) {
    const [nulls, distinct, min, max] = row.slice(1 + i * 4, 5 + i * 4).map(numeric)
    of.set(name, { nulls: nulls ?? 0, distinct: distinct ?? 0, min, max })
  }
  return { rows: Number(row[0]), of }
}

/** A column of too many rows to fetch its values: quantiles from a sketch, everything else exact. */
export async function approximateFigures(connection: DuckDBConnection, source: Source, column: SummaryQuery) {
  const query = `FROM (SELECT ${nullableOf(source, column)} AS c ${fromWhere(source, {})})`
  const figures = ['count(*) FILTER (c IS NULL)', 'count(DISTINCT c)']
  if (isTextType(column.type)) {
    const [nulls, distinct] = await numbers(connection, `SELECT ${figures.join(', ')} ${query}`)
    const top = await connection.run(
      `SELECT c, count(*) AS n ${query} WHERE c IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${Math.trunc(column.top ?? 0)}`,
    )
    const rows = await top.getRowsJS()
    return {
      nulls: nulls!,
      distinct: distinct!,
      top: rows.map(([value, count]) => ({ value: String(value), count: Number(count) })),
    }
  }
  figures.push('avg(c)', 'stddev_samp(c)', 'min(c)', 'max(c)')
  for (let i = 1; i <= quantileShares.length; i += 1)
    figures.push(`approx_quantile(c, [${quantileShares.join(', ')}])[${i}]`)
  const edges = column.edges ?? []
  for (const edge of edges) figures.push(`count(*) FILTER (c < CAST('${edge}' AS DOUBLE))`)
  if (edges.length > 0) figures.push(`count(*) FILTER (c <= CAST('${edges.at(-1)}' AS DOUBLE))`, 'count(c)')
  const found = await numbers(connection, `SELECT ${figures.join(', ')} ${query}`)
  const [nulls, distinct, mean, std, min, max] = found
  const quantiles = found.slice(6, 6 + quantileShares.length)
  const below = found.slice(6 + quantileShares.length, 6 + quantileShares.length + edges.length) as number[]
  const [upTo, known] = found.slice(6 + quantileShares.length + edges.length) as number[]
  return {
    nulls: nulls!,
    distinct: distinct!,
    ...{ mean: mean!, std: std!, min: min!, max: max! },
    quantiles: quantiles.includes(null) ? null : (quantiles as number[]),
    histogram:
      edges.length < 2
        ? null
        : {
            edges: [...edges],
            counts: edges.slice(1).map((_, i) => (i + 2 < edges.length ? below[i + 1]! : upTo!) - below[i]!),
            below: below[0]!,
            above: known! - upTo!,
          },
  }
}

async function numbers(connection: DuckDBConnection, sql: string): Promise<(number | null)[]> {
  return (await (await connection.run(sql)).getRowsJS())[0]!.map(numeric)
}

function numeric(value: unknown): number | null {
  if (value === null || value === undefined) return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}
