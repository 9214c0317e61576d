import { concatTables, numberVector, type Table, textVector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { JoinSide, ScanQuery, TableFile, Tables, TypedColumn } from '../../ports/tables.ts'
import { checkRows } from './checks.ts'
import { tablesOf } from './chunks.ts'
import { type DuckDbOptions, explain, LazyDuckDb } from './instance.ts'
import { isTextType, quoteName } from './names.ts'
import { boundText, describeSource, fromWhere, outputOf, type Source, sniffColumns } from './selection.ts'
import { summariesOf } from './summaries.ts'
import { copyTo, DuckDbWriter, storedValue } from './writer.ts'

export type { DuckDbOptions } from './instance.ts'

/** Tables by DuckDB over Parquet, CSV and JSON lines. */
export function openDuckDbTables(options: DuckDbOptions): Tables {
  const engine = new LazyDuckDb(options)

  async function* stream(
    files: readonly TableFile[],
    columns: readonly TypedColumn[],
    write: (describe: (files: readonly TableFile[], names: readonly string[]) => Promise<Source>) => Promise<string>,
  ): AsyncGenerator<Table> {
    const { connection } = await engine.connect()
    try {
      const sql = await write((sources, names) => describeSource(connection, sources, names))
      const result = await connection.stream(sql)
      yield* tablesOf(
        result,
        columns.map((column) => ({ name: column.name, text: isTextType(column.type) })),
      )
    } catch (error) {
      throw await explain(error, files)
    } finally {
      connection.closeSync()
    }
  }

  function scan(files: readonly TableFile[], query: ScanQuery): AsyncGenerator<Table> {
    sameFormat(files)
    const { rowNumber, mostTextBytes } = query
    const columns: TypedColumn[] = [...query.columns]
    if (rowNumber !== undefined) columns.push({ name: rowNumber, type: 'number' })
    if (files.length === 0) return noRows()
    return stream(files, columns, async (describe) => {
      const source = await describe(files, namesIn(query))
      const selected = query.columns.map((column, index) => {
        const value = outputOf(source, column)
        const isBound = mostTextBytes !== undefined && isTextType(column.type)
        return `${isBound ? boundText(value, column.name, mostTextBytes) : value} AS c${index}`
      })
      if (rowNumber !== undefined) selected.push('CAST(file_row_number AS DOUBLE)')
      const order = (query.orderBy ?? []).map((column) => `${outputOf(source, column)} NULLS LAST`)
      if (order.length > 0 && rowNumber !== undefined) order.push('file_row_number')
      const sorted = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`
      return `SELECT ${selected.join(', ')} ${fromWhere(source, query, rowNumber !== undefined)}${sorted}`
    })
  }

  return {
    schema: (file) => engine.use([file], (connection) => sniffColumns(connection, file)),

    async count(files, query = {}) {
      sameFormat(files)
      if (files.length === 0) return 0
      return engine.use(files, async (connection) => {
        const source = await describeSource(connection, files, namesIn({ ...query, columns: [] }))
        const result = await connection.run(`SELECT count(*) ${fromWhere(source, query)}`)
        return Number((await result.getRowsJS())[0]![0])
      })
    },

    scan,

    async read(files, query) {
      const parts: Table[] = []
      for await (const part of scan(files, query)) parts.push(part)
      return parts.length > 0 ? concatTables(parts) : emptyTable(query)
    },

    write: (path, columns) => DuckDbWriter.open(engine, path, columns),

    convert: (files, columns, path) =>
      engine.use(files, async (connection) => {
        sameFormat(files)
        const source = await describeSource(
          connection,
          files,
          columns.map((column) => column.name),
        )
        const inner = columns.map((column, index) => `${outputOf(source, column)} AS c${index}`)
        const outer = columns.map((column, index) => `${storedValue(`c${index}`, column)} AS ${quoteName(column.name)}`)
        await copyTo(
          connection,
          `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} ${fromWhere(source, {})})`,
          path,
        )
        const written = await describeSource(connection, [{ format: 'parquet', path }], [])
        const result = await connection.run(`SELECT count(*) ${fromWhere(written, {})}`)
        return { rows: Number((await result.getRowsJS())[0]![0]) }
      }),

    summarise: (files, columns) =>
      engine.use(files, async (connection) => {
        sameFormat(files)
        if (files.length === 0 || columns.length === 0) return []
        const names = columns.map((column) => column.name)
        return summariesOf(connection, await describeSource(connection, files, names), columns)
      }),

    check: (files, checks, show) =>
      engine.use(files, async (connection) => {
        sameFormat(files)
        if (files.length === 0) return checks.map(() => ({ rows: 0, failing: 0, samples: [] }))
        const checked = checks.flatMap((check) => (check.kind === 'unique' ? check.columns : [check.column]))
        const names = [...checked, ...show].map((column) => column.name)
        return checkRows(connection, await describeSource(connection, files, names), checks, show)
      }),

    join(left, right) {
      if (left.files.length === 0 || right.files.length === 0) return noRows()
      return stream([...left.files, ...right.files], [...left.columns, ...right.columns], async (describe) => {
        const [leftSource, rightSource] = [
          await describe(left.files, namesIn(left, left.key)),
          await describe(right.files, namesIn(right, right.key)),
        ]
        const selected = [...left.columns.map((_, i) => `l.c${i}`), ...right.columns.map((_, i) => `r.c${i}`)]
        const [l, r] = [sideOf(leftSource, left), sideOf(rightSource, right)]
        return `SELECT ${selected.join(', ')} FROM (${l}) l JOIN (${r}) r ON l.k = r.k`
      })
    },

    close: () => engine.close(),
  }
}

function sideOf(source: Source, side: JoinSide): string {
  const selected = side.columns.map((column, index) => `, ${outputOf(source, column)} AS c${index}`)
  return `SELECT ${outputOf(source, { name: side.key, type: 'key' })} AS k${selected.join('')} ${fromWhere(source, side)}`
}

function namesIn(query: Omit<ScanQuery, 'columns'> & { columns: readonly TypedColumn[] }, ...more: string[]): string[] {
  const names = [...query.columns, ...(query.orderBy ?? []), ...(query.where ?? [])].map((column) => column.name)
  if (query.sample !== undefined) names.push(query.sample.key)
  if (query.part !== undefined) names.push(query.part.column)
  if (query.text !== undefined) names.push(query.text.column)
  return [...new Set([...names, ...more])]
}

function sameFormat(files: readonly TableFile[]): void {
  const odd = files.find((file) => file.format !== files[0]!.format)
  if (odd === undefined) return
  throw new MillwrightError('invalid-request', `files of one query have one format, ${odd.path} has another`)
}

async function* noRows(): AsyncGenerator<Table> {}

function emptyTable(query: ScanQuery): Table {
  const columns = new Map(
    query.columns.map((column) => [column.name, isTextType(column.type) ? textVector([]) : numberVector([])]),
  )
  if (query.rowNumber !== undefined) columns.set(query.rowNumber, numberVector([]))
  return { rows: 0, columns }
}
