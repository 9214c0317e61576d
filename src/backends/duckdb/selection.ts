import type { DuckDBConnection } from '@duckdb/node-api'
import type { FileColumn, RowQuery, TableFile, TypedColumn } from '../../ports/tables.ts'
import { boundOf, columnValue, isTextType, quoteName, quoteText, readerOf, storedAs } from './names.ts'

/** Files with the stored type of each of their columns: what it takes to write a query over them. */
export interface Source {
  files: readonly TableFile[]
  natives: ReadonlyMap<string, string>
}

/** @param columns the columns of interest: JSON has no schema, so only those are read of it. */
export async function describeSource(
  connection: DuckDBConnection,
  files: readonly TableFile[],
  columns: readonly string[],
): Promise<Source> {
  if (files.length === 0) return { files, natives: new Map() }
  const reader = readerOf(files, { columns })
  const result = await connection.run(`DESCRIBE SELECT * FROM ${reader}`)
  const rows = await result.getRowObjectsJson()
  return { files, natives: new Map(rows.map((row) => [String(row.column_name), String(row.column_type)])) }
}

export async function sniffColumns(connection: DuckDBConnection, file: TableFile): Promise<FileColumn[]> {
  const result = await connection.run(`DESCRIBE SELECT * FROM ${readerOf([file], { sniff: true })}`)
  return (await result.getRowObjectsJson()).map((row) => {
    const native = String(row.column_type)
    return { name: String(row.column_name), storedAs: storedAs(native), native }
  })
}

/** A column's value as DOUBLE, NaN when missing, or as VARCHAR. */
export function outputOf(source: Source, column: TypedColumn): string {
  const value = columnValue(column.name, column.type, source.natives.get(column.name))
  return isTextType(column.type) ? value : `coalesce(${value}, CAST('NaN' AS DOUBLE))`
}

/** The text, or an error for one of more bytes: a few bytes of a compressed page may stand for gigabytes. */
export function boundText(value: string, name: string, most: number): string {
  const refusal = quoteText(`column ${name} has a text of more than ${most} bytes`)
  return `CASE WHEN strlen(CAST(${value} AS VARCHAR)) > ${Math.trunc(most)} THEN error(${refusal}) ELSE ${value} END`
}

/** A column's value, NULL when missing: NaN counts as missing too. */
export function nullableOf(source: Source, column: TypedColumn): string {
  const value = columnValue(column.name, column.type, source.natives.get(column.name))
  return source.natives.get(column.name) === 'DOUBLE' ? `nullif(${value}, CAST('NaN' AS DOUBLE))` : value
}

/** Hash as a number below `of`, equal on every machine and in every version. */
const hashBelow = (column: string, of: number): string => `(md5_number_lower(${column}) % ${Math.trunc(of)})`

/** `FROM … WHERE …` of a query over the source's rows. */
export function fromWhere(source: Source, query: RowQuery, rowNumber = false): string {
  const csvRows = rowNumber && source.files[0]?.format !== 'parquet'
  const reader = readerOf(source.files, { columns: [...source.natives.keys()], rowNumber: rowNumber && !csvRows })
  const from = csvRows ? `(SELECT *, row_number() OVER () - 1 AS file_row_number FROM ${reader})` : reader
  const conditions: string[] = []
  for (const filter of query.where ?? []) {
    const native = source.natives.get(filter.name)
    const direct = native !== undefined && filter.type !== 'number' && /^TIMESTAMP(_MS)?$/.test(native)
    const value = direct ? quoteName(filter.name) : columnValue(filter.name, filter.type, native)
    for (const [operator, bound] of [
      ['>=', filter.atLeast],
      ['>', filter.above],
      ['<=', filter.atMost],
      ['<', filter.below],
    ] as const) {
      if (bound !== undefined) conditions.push(`${value} ${operator} ${boundOf(bound, direct ? native : undefined)}`)
    }
    // To DuckDB NaN is the greatest number; to Millwright it is missing.
    if (native === 'DOUBLE' && filter.atMost === undefined && filter.below === undefined) {
      conditions.push(`NOT isnan(${value})`)
    }
  }
  if (query.sample !== undefined && query.sample.share < 1) {
    const key = columnValue(query.sample.key, 'text', source.natives.get(query.sample.key))
    conditions.push(`${hashBelow(key, 1_000_000)} < ${Math.round(query.sample.share * 1_000_000)}`)
  }
  if (query.part !== undefined) {
    const column = columnValue(query.part.column, 'text', source.natives.get(query.part.column))
    conditions.push(`${hashBelow(column, query.part.of)} = ${Math.trunc(query.part.index)}`)
  }
  if (query.text !== undefined) {
    const { column, is } = query.text
    conditions.push(`${columnValue(column, 'text', source.natives.get(column))} = ${quoteText(is)}`)
  }
  return `FROM ${from}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}`
}
