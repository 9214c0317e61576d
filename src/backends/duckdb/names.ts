import { resolve } from 'node:path'
import type { ColumnType } from '../../contract/definition.ts'
import type { StoredAs, TableFile } from '../../ports/tables.ts'

/** An identifier, whatever it holds. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text literal, whatever it holds. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A path for reading: made absolute, so that it is no address, with the wildcards taken literally. */
function literalPath(path: string): string {
  return quoteText(resolve(path).replace(/[*?[]/g, (wildcard) => `[${wildcard}]`))
}

/** The table function that reads files of one format, everything as stored (Parquet) or as text (CSV, JSON). */
export function readerOf(
  files: readonly TableFile[],
  options: { sniff?: boolean; columns?: readonly string[]; rowNumber?: boolean } = {},
): string {
  const list = `[${files.map((file) => literalPath(file.path)).join(', ')}]`
  const format = files[0]!.format
  if (format === 'parquet') {
    const union = files.length > 1 ? ', union_by_name = true' : ''
    return `read_parquet(${list}${options.rowNumber ? ', file_row_number = true' : ''}${union})`
  }
  if (format === 'csv') return `read_csv(${list}, header = true${options.sniff ? '' : ', all_varchar = true'})`
  const columns = (options.columns ?? []).map((name) => `${quoteText(name)}: 'VARCHAR'`).join(', ')
  return `read_json(${list}, format = 'newline_delimited'${columns === '' ? '' : `, columns = {${columns}}`})`
}

export function storedAs(native: string): StoredAs {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(native)) return 'number'
  if (/^(VARCHAR|UUID|ENUM\(.*\))$/.test(native)) return 'text'
  if (native === 'BOOLEAN') return 'boolean'
  if (/^(TIMESTAMP.*|DATE)$/.test(native)) return 'time'
  return 'other'
}

export const isTextType = (type: ColumnType): boolean =>
  type === 'key' || type === 'ref' || type === 'category' || type === 'text'

/** The SQL value of a column as its type: DOUBLE or VARCHAR, NULL when missing or unreadable. */
export function columnValue(name: string, type: ColumnType, native: string | undefined): string {
  if (native === undefined) return isTextType(type) ? 'CAST(NULL AS VARCHAR)' : 'CAST(NULL AS DOUBLE)'
  const column = quoteName(name)
  const stored = storedAs(native)
  if (isTextType(type)) return native === 'VARCHAR' ? column : `CAST(${column} AS VARCHAR)`
  if (type === 'time' || type === 'local-time') {
    if (stored === 'number') return `CAST(${column} AS DOUBLE)`
    if (stored === 'time')
      return `CAST(epoch_ms(${native === 'DATE' ? `CAST(${column} AS TIMESTAMP)` : column}) AS DOUBLE)`
    // An offset in the text counts for a moment, not for what a wall clock showed.
    const timestamp = type === 'time' ? 'TIMESTAMPTZ' : 'TIMESTAMP'
    return `coalesce(CAST(epoch_ms(TRY_CAST(${column} AS ${timestamp})) AS DOUBLE), TRY_CAST(${column} AS DOUBLE))`
  }
  if (type === 'boolean') return `CAST(TRY_CAST(${column} AS BOOLEAN) AS DOUBLE)`
  return native === 'DOUBLE' ? column : `TRY_CAST(${column} AS DOUBLE)`
}

/** A bound in the column's own stored type, so that the file's statistics can skip what lies outside. */
export function boundOf(value: number, native: string | undefined): string {
  const millis = `CAST(${Math.trunc(value)} AS BIGINT)`
  return native?.startsWith('TIMESTAMP') && Number.isInteger(value)
    ? `CAST(make_timestamp_ms(${millis}) AS ${native.replace(' WITH TIME ZONE', '')})`
    : `CAST(${quoteText(String(value))} AS DOUBLE)`
}
