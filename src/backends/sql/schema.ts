import { sql } from 'kysely'
import { recordIndexes } from '../../contract/records.ts'
import type { Database, SqlDialect } from './dialect.ts'
import { migrations } from './migrations.ts'

export const tableOf = (kind: string): string => `record_${kind}`
/** Indexed fields get a column of their own beside the document. */
export const columnOf = (field: string): string => `f_${field}`

/**
 * Brings the database to the present shape. Numbered migrations run once each; the record tables follow `recordIndexes`: a new kind makes a
 * table, a newly indexed field makes a column, filled from the documents.
 */
export async function migrate(dialect: SqlDialect): Promise<void> {
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
