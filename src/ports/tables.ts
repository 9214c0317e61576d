import type { Table } from '../base/columns.ts'
import type { ColumnSummary } from '../contract/data.ts'
import type { ColumnType } from '../contract/definition.ts'
import type { Json } from '../contract/pipeline.ts'

/** A file of rows. The path is a path and nothing else: no pattern, no address. */
export interface TableFile {
  format: 'parquet' | 'csv' | 'ndjson'
  path: string
}

/** How a column is stored in a file; `other` is nothing that Millwright reads (lists, structures, bytes). */
export type StoredAs = 'number' | 'text' | 'boolean' | 'time' | 'other'
export interface FileColumn {
  name: string
  storedAs: StoredAs
  /** The engine's own name of the type, for messages. */
  native: string
}

/** A column to read or write. `key`, `ref`, `category` and `text` are texts; the others are numbers, see `NumberVector`. */
export interface TypedColumn {
  name: string
  type: ColumnType
}

/** Rows whose value lies in the range; a missing value lies in none. */
export interface RangeFilter extends TypedColumn {
  atLeast?: number
  above?: number
  atMost?: number
  below?: number
}

export interface RowQuery {
  where?: readonly RangeFilter[]
  /** About that share of the rows: those whose key's hash is low enough, so the same ones every time. */
  sample?: { key: string; share: number }
  /** Those whose text falls into part `index` of `of` parts of equal size, by hash: to work in passes. */
  part?: { column: string; index: number; of: number }
  /** Those with exactly this text. */
  text?: { column: string; is: string }
}

export interface ScanQuery extends RowQuery {
  columns: readonly TypedColumn[]
  /** Ascending, missing values last; ties in the order of rows when `rowNumber` is asked for. Unordered: by file, then row. */
  orderBy?: readonly TypedColumn[]
  /** Refuses a text of more bytes, before it is in memory a second time; for files of others. */
  mostTextBytes?: number
  /** Name of an additional column with the place of the row in its file, from 0. */
  rowNumber?: string
}

export type SummaryQuery = TypedColumn & {
  /** Edges of the histogram, ascending; numbers only. */
  edges?: readonly number[]
  /** How many of the most frequent values; texts only. */
  top?: number
}

/** A rule that each row keeps or breaks. A missing value breaks `present` only. */
export type RowCheck =
  | { kind: 'between'; column: TypedColumn; min: number | null; max: number | null }
  | { kind: 'in'; column: TypedColumn; values: ReadonlySet<string> }
  | { kind: 'matches'; column: TypedColumn; pattern: string }
  | { kind: 'present'; column: TypedColumn }
  | { kind: 'unique'; columns: readonly TypedColumn[] }
export interface CheckResult {
  rows: number
  /** Rows that break it; of rows that are equal to each other, all but one. */
  failing: number
  /** Up to five of them. */
  samples: Record<string, Json>[]
}

export interface JoinSide extends RowQuery {
  files: readonly TableFile[]
  key: string
  columns: readonly TypedColumn[]
}

/** Takes rows and becomes a Parquet file. */
export interface TableWriter {
  append(table: Table): Promise<void>
  /** Makes the file, whole or not at all. */
  finish(): Promise<{ rows: number; bytes: number }>
  /** Leaves nothing behind. */
  abort(): Promise<void>
}

/**
 * The engine that reads, writes, sorts, filters and summarises files of rows. It knows no feature and no expression.
 *
 * - Work happens off the event loop, within a bound of memory and threads; more than fits goes to disk.
 * - Names of columns, values and paths come from outside: whatever they hold, they are names, values and paths.
 * - Nothing is read but the files that are named; nothing is downloaded.
 * - A column that no file has is missing in every row. A value that is not of the asked type is missing.
 * - A file that cannot be read throws `invalid-data` and says why; one that is not there, `not-found`.
 */
export interface Tables {
  schema(file: TableFile): Promise<FileColumn[]>
  count(files: readonly TableFile[], query?: RowQuery): Promise<number>
  /** Chunks of at most 65,536 rows; the texts of a column share one growing dictionary. */
  scan(files: readonly TableFile[], query: ScanQuery): AsyncIterable<Table>
  /** The whole scan as one table. */
  read(files: readonly TableFile[], query: ScanQuery): Promise<Table>
  write(path: string, columns: readonly TypedColumn[]): Promise<TableWriter>
  /** Reads files of any format and writes their columns as one Parquet file. */
  convert(files: readonly TableFile[], columns: readonly TypedColumn[], path: string): Promise<{ rows: number }>
  summarise(files: readonly TableFile[], columns: readonly SummaryQuery[]): Promise<ColumnSummary[]>
  /** `show` are the columns of a sample. */
  check(files: readonly TableFile[], checks: readonly RowCheck[], show: readonly TypedColumn[]): Promise<CheckResult[]>
  /** Rows of the left with the right's columns, where the keys are equal; a left row without a partner is left out. */
  join(left: JoinSide, right: JoinSide): AsyncIterable<Table>
  close(): Promise<void>
}
