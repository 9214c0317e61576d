import { sql } from 'kysely'
import { MillwrightError } from '../../base/errors.ts'
import { recordIndexes } from '../../contract/records.ts'
import type { Database, SqlDialect } from './dialect.ts'
import { migrations } from './migrations.ts'

export const tableOf = (kind: string): string => `record_${kind}`
/** Indexed fields get a column of their own beside the document. */
export const columnOf = (field: string): string => `f_${field}`

/**
 * Brings the database to the present shape. Numbered migrations run once each; the record tables follow `recordIndexes`: a new kind makes a
 * table, a newly indexed field makes a column, filled from the documents. What was there before is kept first.
 *
 * @throws `conflict` for a database of a newer version, which is left as it is.
 */
export async function migrate(dialect: SqlDialect): Promise<void> {
  if (await isOlder(dialect)) await dialect.keepCopy()
  await dialect.transaction(async (db) => {
    await sql`create table if not exists migration (name text primary key)`.execute(db)
    const done = new Set((await db.selectFrom('migration').select('name').execute()).map((row) => row.name as string))
    for (const [name, run] of Object.entries(migrations)) {
      if (done.has(name)) continue
      await run(db)
      await db.insertInto('migration').values({ name }).execute()
    }
  })
  for (const [kind, fields] of Object.entries(recordIndexes)) {
    const table = tableOf(kind)
    const existing = await dialect.columnsOf(table)
    await dialect.transaction((db) => bringToShape(db, dialect, table, fields, existing))
  }
}

/** Whether there are records in an older shape. @throws `conflict` for a newer one */
async function isOlder(dialect: SqlDialect): Promise<boolean> {
  if ((await dialect.columnsOf('migration')).length === 0) return false
  const done = await dialect.reader.selectFrom('migration').select('name').execute()
  const names = done.map((row) => row.name as string)
  const unknown = names.filter((name) => !Object.hasOwn(migrations, name))
  if (unknown.length > 0)
    throw new MillwrightError(
      'conflict',
      `the records are in the shape of a newer Millwright (${unknown.join(', ')})`,
      {
        hint: 'Start them with that version, or restore a backup from before the upgrade. Nothing was changed.',
      },
    )
  if (names.length < Object.keys(migrations).length) return true
  for (const [kind, fields] of Object.entries(recordIndexes)) {
    const columns = await dialect.columnsOf(tableOf(kind))
    if (fields.some((field) => !columns.includes(columnOf(field))) || columns.length === 0) return true
  }
  return false
}

async function bringToShape(
  db: Database,
  dialect: SqlDialect,
  table: string,
  fields: readonly string[],
  existing: string[],
): Promise<void> {
  if (existing.length === 0) {
    await sql`create table ${sql.table(table)} (id text primary key, doc text not null)`.execute(db)
  }
  for (const field of fields) {
    const column = columnOf(field)
    if (existing.includes(column)) continue
    await sql`alter table ${sql.table(table)} add column ${sql.ref(column)}`.execute(db)
    await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${dialect.member(field)}`.execute(db)
    await sql`create index ${sql.ref(`${table}_${field}`)} on ${sql.table(table)} (${sql.ref(column)}, id)`.execute(db)
  }
}
