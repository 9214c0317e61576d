import { type RawBuilder, sql } from 'kysely'
import type { Database, SqlDialect } from './dialect.ts'

/** A column of packed rows; a `real` comes as a text that is exactly its number. */
export type PackedColumn = string | { real: string }

/**
 * The rows of a statement as one JSON text, taken apart here: several times faster than to make an object of each row within the driver.
 *
 * @param rest the statement from its `from` on.
 */
export async function packedRows<Row extends readonly unknown[]>(
  db: Database,
  dialect: Pick<SqlDialect, 'packed'>,
  columns: readonly PackedColumn[],
  rest: RawBuilder<unknown>,
): Promise<Row[]> {
  const { rows } = await sql<{ packed: string | null }>`select ${dialect.packed(columns)} as packed ${rest}`.execute(db)
  return JSON.parse(rows[0]?.packed ?? '[]')
}

/** A statement reads so many things at a time, however much each of them has: its text stays far below what a string may be. */
const thingsPerStatement = 250

/** Packed rows of many things, some of them at a time. @param rest for the numbers of some, the statement from its `from` on. */
export async function packedRowsOf<Row extends readonly unknown[]>(
  db: Database,
  dialect: Pick<SqlDialect, 'packed' | 'among'>,
  columns: readonly PackedColumn[],
  things: readonly number[],
  rest: (isAmong: RawBuilder<unknown>) => RawBuilder<unknown>,
  each: (row: Row) => void,
): Promise<void> {
  for (let from = 0; from < things.length; from += thingsPerStatement) {
    const among = dialect.among(things.slice(from, from + thingsPerStatement))
    for (const row of await packedRows<Row>(db, dialect, columns, rest(among))) each(row)
  }
}
