import { sql } from 'kysely'
import type { Database } from '../dialect.ts'

const rowsAtOnce = 500

/** What there was before becomes models with versions about which nothing is said yet. */
async function fill(db: Database): Promise<void> {
  const isOlder = (await db.introspection.getTables()).some(({ name }) => name === 'record_model_version')
  if (!isOlder) return
  const models = new Map<string, { created: number; changed: number; last: number }>()
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('record_model_version')
      .select(['id', 'doc'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(rowsAtOnce)
      .execute()
    for (const { id, doc } of rows) {
      const { model, number, recordedAt } = JSON.parse(doc) as { model: string; number: number; recordedAt: number }
      const known = models.get(model)
      models.set(model, {
        created: Math.min(known?.created ?? recordedAt, recordedAt),
        changed: Math.max(known?.changed ?? recordedAt, recordedAt),
        last: Math.max(known?.last ?? number, number),
      })
      await db
        .insertInto('version_note')
        .values({ id, model, number, description: null, stage: 'None', changed_at: recordedAt })
        .execute()
    }
    if (rows.length < rowsAtOnce) break
    after = rows.at(-1)!.id
  }
  for (const [key, { created, changed, last }] of models)
    await db
      .insertInto('registered_model')
      .values({
        key,
        name: key,
        description: null,
        last_number: last,
        deleted: 0,
        created_at: created,
        changed_at: changed,
      })
      .execute()
}

/** A version has a row of `version_note` from the beginning: lists go by its indexes, and the record is read of those that are shown. */
export async function makeRegistryTables(db: Database): Promise<void> {
  const statements = [
    `create table registered_model (key text primary key, name text not null, description text, last_number integer not null,
      deleted integer not null, created_at bigint not null, changed_at bigint not null)`,
    // Names of deleted ones are free again.
    'create unique index registered_model_name on registered_model (name) where deleted = 0',
    'create index registered_model_changed on registered_model (changed_at, name)',
    `create table registered_model_tag (model text not null, name text not null, value text not null,
      primary key (model, name)) without rowid`,
    `create table version_note (id text not null unique, model text not null, number integer not null, description text,
      stage text not null, changed_at bigint not null, primary key (model, number)) without rowid`,
    'create index version_note_changed on version_note (model, changed_at desc, number desc)',
    'create index version_note_all_changed on version_note (changed_at desc)',
    'create index version_note_stage on version_note (model, stage, number)',
    'create table version_tag (version text not null, name text not null, value text not null, primary key (version, name)) without rowid',
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
  await fill(db)
}

/** Back to what a new database has. */
export async function clearRegistryTables(db: Database): Promise<void> {
  for (const table of ['registered_model', 'registered_model_tag', 'version_note', 'version_tag'])
    await db.deleteFrom(table).execute()
}

/** Versions up to that number were deleted with their model: none of them is there, though some may not be removed yet. */
export async function hideGoneVersions(db: Database): Promise<void> {
  await sql`alter table registered_model add column gone_to integer not null default -1`.execute(db)
  await sql`create index registered_model_gone on registered_model (key) where gone_to >= 0`.execute(db)
}
