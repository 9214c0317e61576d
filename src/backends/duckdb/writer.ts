import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'
import type { Table } from '../../base/columns.ts'
import type { TableWriter, TypedColumn } from '../../ports/tables.ts'
import type { LazyDuckDb } from './instance.ts'
import { isTextType, quoteName, quoteText } from './names.ts'

const vectorRows = 2048

/** Texts with few distinct values are staged as codes; keys and free text as themselves. */
const isCoded = (column: TypedColumn): boolean => column.type === 'ref' || column.type === 'category'

/** `COPY` of a query to a Parquet file: written beside it, then renamed, so that nobody sees half of it. */
export async function copyTo(connection: DuckDBConnection, query: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await connection.run(
      `COPY (${query}) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    )
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** The stored value of a column of numbers: NULL when missing, times as TIMESTAMP_MS. */
export function storedValue(value: string, column: TypedColumn): string {
  if (isTextType(column.type)) return value
  const known = `CASE WHEN isnan(${value}) THEN NULL ELSE`
  if (column.type === 'time' || column.type === 'local-time') {
    return `${known} CAST(make_timestamp_ms(CAST(${value} AS BIGINT)) AS TIMESTAMP_MS) END`
  }
  return column.type === 'boolean' ? `${known} ${value} <> 0 END` : `${known} ${value} END`
}

/** Stages rows in a temporary table, column by column, and copies that to a Parquet file at the end. */
export class DuckDbWriter implements TableWriter {
  private readonly dictionaries: { places: Map<string, number>; texts: string[] }[]
  private rows = 0

  private constructor(
    private readonly duckdb: typeof import('@duckdb/node-api'),
    private readonly connection: DuckDBConnection,
    private readonly appender: DuckDBAppender,
    private readonly path: string,
    private readonly columns: readonly TypedColumn[],
  ) {
    this.dictionaries = columns.map(() => ({ places: new Map(), texts: [] }))
  }

  static async open(engine: LazyDuckDb, path: string, columns: readonly TypedColumn[]): Promise<DuckDbWriter> {
    const { connection, duckdb } = await engine.connect()
    try {
      const staged = columns.map((column, index) => {
        return `c${index} ${isCoded(column) ? 'INTEGER' : isTextType(column.type) ? 'VARCHAR' : 'DOUBLE'}`
      })
      await connection.run(`CREATE TEMP TABLE staged(${staged.join(', ')})`)
      return new DuckDbWriter(duckdb, connection, await connection.createAppender('staged'), path, columns)
    } catch (error) {
      connection.closeSync()
      throw error
    }
  }

  async append(table: Table): Promise<void> {
    const types = this.columns.map((column) =>
      isCoded(column) ? this.duckdb.INTEGER : isTextType(column.type) ? this.duckdb.VARCHAR : this.duckdb.DOUBLE,
    )
    const sources = this.columns.map((column, index) => this.prepare(table, column, index))
    for (let from = 0; from < table.rows; from += vectorRows) {
      const rows = Math.min(vectorRows, table.rows - from)
      const chunk = this.duckdb.DuckDBDataChunk.create(types, rows)
      for (const [index, source] of sources.entries()) {
        const vector = chunk.getColumnVector(index)
        if (source instanceof Float64Array || source instanceof Int32Array) {
          // `items` is private in the package's types: its doubles or integers themselves, without a call per value.
          const { items } = vector as unknown as { items: Float64Array | Int32Array }
          items.set(source.subarray(from, from + rows))
          ;(vector as unknown as { flush(): void }).flush()
        } else {
          const strings = vector as unknown as { setItem(item: number, text: string | null): void; flush(): void }
          for (let i = 0; i < rows; i += 1) strings.setItem(i, source(from + i))
          strings.flush()
        }
      }
      this.appender.appendDataChunk(chunk)
    }
    this.rows += table.rows
  }

  private prepare(
    table: Table,
    column: TypedColumn,
    index: number,
  ): Float64Array | Int32Array | ((row: number) => string | null) {
    const vector = table.columns.get(column.name)
    if (vector === undefined) throw new RangeError(`no column "${column.name}" in the rows to write`)
    if (vector.kind === 'number') {
      if (isTextType(column.type)) throw new RangeError(`column "${column.name}" is to hold texts`)
      return vector.values
    }
    if (!isTextType(column.type)) throw new RangeError(`column "${column.name}" is to hold numbers`)
    const { codes, dictionary } = vector
    if (!isCoded(column)) return (row) => dictionary[codes[row]!] ?? null
    const { places, texts } = this.dictionaries[index]!
    const mapped = new Int32Array(table.rows)
    const map = new Int32Array(dictionary.length).fill(-2)
    for (let row = 0; row < table.rows; row += 1) {
      const code = codes[row]!
      if (code < 0) mapped[row] = -1
      else {
        if (map[code] === -2) {
          const text = dictionary[code]!
          let place = places.get(text)
          if (place === undefined) {
            place = texts.push(text) - 1
            places.set(text, place)
          }
          map[code] = place
        }
        mapped[row] = map[code]!
      }
    }
    return mapped
  }

  async finish(): Promise<{ rows: number; bytes: number }> {
    try {
      this.appender.closeSync()
      const selected: string[] = []
      for (const [index, column] of this.columns.entries()) {
        const name = quoteName(column.name)
        if (isCoded(column)) {
          const { texts } = this.dictionaries[index]!
          await this.connection.run(
            `SET VARIABLE d${index} = $1`,
            [this.duckdb.listValue(texts)],
            [this.duckdb.LIST(this.duckdb.VARCHAR)],
          )
          selected.push(`getvariable('d${index}')[c${index} + 1] AS ${name}`)
        } else selected.push(`${storedValue(`c${index}`, column)} AS ${name}`)
      }
      await copyTo(this.connection, `SELECT ${selected.join(', ')} FROM staged`, this.path)
      return { rows: this.rows, bytes: (await stat(this.path)).size }
    } finally {
      this.connection.closeSync()
    }
  }

  async abort(): Promise<void> {
    this.connection.closeSync()
  }
}
