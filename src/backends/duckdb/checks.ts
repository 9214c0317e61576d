import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { Json } from '../../contract/pipeline.ts'
import type { CheckResult, RowCheck, TypedColumn } from '../../ports/tables.ts'
import { isTextType } from './names.ts'
import { fromWhere, nullableOf, type Source } from './selection.ts'

const sampleRows = 5

/** A condition for the rows that break a check, over a query that gives its columns as c0, c1, … */
interface Broken {
  check: RowCheck
  columns: readonly TypedColumn[]
  condition: string
  values: DuckDBValue[]
  types?: DuckDBType[]
}

export async function checkRows(
  connection: DuckDBConnection,
  source: Source,
  checks: readonly RowCheck[],
  show: readonly TypedColumn[],
): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const check of checks) {
    const broken = await brokenBy(connection, source, check)
    results.push(await countBroken(connection, source, broken, show))
  }
  return results
}

async function brokenBy(connection: DuckDBConnection, source: Source, check: RowCheck): Promise<Broken> {
  if (check.kind === 'unique') {
    const keys = check.columns.map((_, index) => `c${index}`)
    const present = keys.map((key) => `${key} IS NOT NULL`).join(' AND ')
    return { check, columns: check.columns, values: [], condition: `${present} AND n > 1` }
  }
  const columns = [check.column]
  if (check.kind === 'present') return { check, columns, values: [], condition: 'c0 IS NULL' }
  if (check.kind === 'matches') {
    return { check, columns, values: [check.pattern], condition: 'NOT regexp_matches(c0, $1)' }
  }
  if (check.kind === 'between') {
    const sides: string[] = []
    const values: DuckDBValue[] = []
    if (check.min !== null) sides.push(`c0 < CAST($${values.push(check.min)} AS DOUBLE)`)
    if (check.max !== null) sides.push(`c0 > CAST($${values.push(check.max)} AS DOUBLE)`)
    return { check, columns, values, condition: sides.length === 0 ? 'false' : sides.join(' OR ') }
  }
  // The few distinct values come here and are looked up, so that a set may be as large as it likes.
  const value = nullableOf(source, check.column)
  const found = await connection.run(`SELECT DISTINCT ${value} ${fromWhere(source, {})}`)
  const strange: string[] = []
  for (const [text] of await found.getRowsJS()) {
    if (text !== null && !check.values.has(String(text))) strange.push(String(text))
  }
  if (strange.length === 0) return { check, columns, values: [], condition: 'false' }
  const { LIST, listValue, VARCHAR } = await import('@duckdb/node-api')
  const condition = 'list_contains($1, c0)'
  return { check, columns, values: [listValue(strange)], types: [LIST(VARCHAR)], condition }
}

async function countBroken(
  connection: DuckDBConnection,
  source: Source,
  broken: Broken,
  show: readonly TypedColumn[],
): Promise<CheckResult> {
  const checked = broken.columns.map((column, index) => `${nullableOf(source, column)} AS c${index}`)
  const shown = show.map((column, index) => `${nullableOf(source, column)} AS s${index}`)
  const from = fromWhere(source, {})
  const keys = broken.columns.map((_, index) => `c${index}`).join(', ')
  const isUnique = broken.check.kind === 'unique'
  const inner = (extra: readonly string[]): string => {
    const plain = `SELECT ${[...checked, ...extra].join(', ')} ${from}`
    return isUnique ? `SELECT *, row_number() OVER (PARTITION BY ${keys}) AS n FROM (${plain})` : plain
  }
  // A group by counts repeated keys without sorting the rows; the rows themselves are looked for only when there are some.
  const known = broken.columns.map((_, index) => `c${index} IS NOT NULL`).join(' AND ')
  const repeats = `SELECT count(*) AS m FROM (SELECT ${checked.join(', ')} ${from}) WHERE ${known} GROUP BY ${keys}`
  const counting = isUnique
    ? `SELECT (SELECT count(*) ${from}), coalesce(sum(m - 1), 0) FROM (${repeats})`
    : `SELECT count(*), count(*) FILTER (${broken.condition}) FROM (${inner([])})`
  const counted = (await (await connection.run(counting, broken.values, broken.types)).getRowsJS())[0]!
  const rows = Number(counted[0])
  const failing = Number(counted[1])
  if (failing === 0) return { rows, failing, samples: [] }
  const columns = shown.length === 0 ? keys : show.map((_, index) => `s${index}`).join(', ')
  const result = await connection.run(
    `SELECT ${columns} FROM (${inner(shown)}) WHERE ${broken.condition} LIMIT ${sampleRows}`,
    broken.values,
    broken.types,
  )
  const named = show.length === 0 ? broken.columns : show
  const samples = (await result.getRowsJS()).map((row) =>
    Object.fromEntries(named.map((column, index) => [column.name, jsonOf(row[index], column)])),
  )
  return { rows, failing, samples }
}

function jsonOf(value: unknown, column: TypedColumn): Json {
  if (value === null || value === undefined) return null
  if (isTextType(column.type)) return String(value)
  const number = Number(value)
  if (!Number.isFinite(number)) return null
  if (column.type === 'boolean') return number !== 0
  return column.type === 'time' ? new Date(number).toISOString() : number
}
