import { sql } from 'kysely'
import type { Database } from './dialect.ts'
import { hideGoneVersions, makeRegistryTables } from './registry/tables.ts'
import { indexRunNames, makeTrackingTables, markGarbage } from './tracking/tables.ts'

/** In order; a name once released is never changed. */
export const migrations: Record<string, (db: Database) => Promise<void>> = {
  '0001-events': async (db) => {
    // `seq` is null between the commit and the sealing, where a database has several writers.
    await sql`create table event (
      id text primary key, seq integer unique, type text not null, stage text not null, subject text not null, actor text not null,
      message text not null, level text not null, time bigint not null, recorded_at bigint not null, data text not null,
      previous_hash text, hash text)`.execute(db)
    await sql`create index event_subject on event (subject, seq)`.execute(db)
    await sql`create index event_type on event (type, seq)`.execute(db)
    await sql`create index event_stage on event (stage, seq)`.execute(db)
    await sql`create index event_unsealed on event (id) where seq is null`.execute(db)
  },
  '0002-tracking': makeTrackingTables,
  '0003-tracked-files': async (db) => {
    await sql`create table tracked_file (
      root text, path text, hash text not null, size integer not null, at integer not null, primary key (root, path)) without rowid`.execute(
      db,
    )
  },
  '0004-registry': makeRegistryTables,
  '0006-garbage': markGarbage,
  '0007-hidden-versions': hideGoneVersions,
  '0008-run-names': indexRunNames,
}
