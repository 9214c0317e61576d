import { type Compilable, CompiledQuery } from 'kysely'
import type { Database } from './dialect.ts'

/**
 * A statement that is composed once for each shape and database, and then only runs: to compose one with a hundred rows costs several times what
 * SQLite needs for it.
 *
 * @param compose makes the statement; the values it is given are placeholders. It must use each place once, in the order of `values` when it runs.
 * @returns runs it with the values, and gives its rows.
 */
export function composed<Shape extends string | number, Row = unknown>(
  compose: (db: Database, shape: Shape) => Compilable,
): (db: Database, shape: Shape, values: readonly unknown[]) => Promise<Row[]> {
  const kept = new WeakMap<Database, Map<Shape, string>>()
  return async (db, shape, values) => {
    const texts = kept.get(db) ?? new Map<Shape, string>()
    if (texts.size === 0) kept.set(db, texts)
    let text = texts.get(shape)
    if (text === undefined) {
      text = compose(db, shape).compile().sql
      texts.set(shape, text)
    }
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, values as unknown[]))
    return rows
  }
}

/** How many rows a statement takes: of so many shapes each is composed and prepared once, whatever number of rows comes. */
const rowCounts = [200, 40, 8, 1] as const

/** Inserts rows of any number, in their order, by statements of few shapes. @param row the values of a row, in the order of the columns. */
export function composedInsert<Row>(
  compose: (db: Database, rows: Record<string, unknown>[]) => Compilable,
  columns: readonly string[],
): (db: Database, rows: readonly Row[], valuesOf: (row: Row) => readonly unknown[]) => Promise<void> {
  const placeholder = Object.fromEntries(columns.map((column) => [column, 0]))
  const insert = composed((db, count: number) =>
    compose(
      db,
      Array.from({ length: count }, () => placeholder),
    ),
  )
  return async (db, rows, valuesOf) => {
    for (let from = 0; from < rows.length; ) {
      const left = rows.length - from
      const count = rowCounts.find((each) => each <= left)!
      const values: unknown[] = []
      for (let at = from; at < from + count; at += 1) values.push(...valuesOf(rows[at]!))
      await insert(db, count, values)
      from += count
    }
  }
}
