import { sql } from 'kysely'
import type { Database } from '../dialect.ts'

/**
 * Rows lie in the order of their primary keys, and hold numbers in place of run ids and metric names: a point takes some 25 bytes, with no index
 * beside it. A NaN is the value 0 with `nan` set, since SQLite keeps none.
 */
export async function makeTrackingTables(db: Database): Promise<void> {
  const statements = [
    `create table experiment (key integer primary key, name text not null, artifact_location text, deleted integer not null,
      created_at bigint not null, changed_at bigint not null)`,
    // Names of deleted ones are free again.
    'create unique index experiment_active_name on experiment (name) where deleted = 0',
    'create index experiment_name on experiment (name)',
    `create table experiment_tag (experiment bigint not null, name text not null, value text not null,
      primary key (experiment, name)) without rowid`,
    `create table tracked_run (key integer primary key, id text not null unique, experiment bigint not null, name text not null,
      author text not null, status text not null, started_at bigint not null, ended_at bigint, deleted integer not null, deleted_at bigint)`,
    'create index tracked_run_list on tracked_run (experiment, deleted, started_at desc, id)',
    'create table metric_name (key integer primary key, name text not null unique)',
    `create table metric_point (run bigint not null, metric bigint not null, at bigint not null, step bigint not null,
      value double precision not null, nan integer not null, primary key (run, metric, at, step, value, nan)) without rowid`,
    `create table metric_latest (run bigint not null, metric bigint not null, at bigint not null, step bigint not null,
      value double precision not null, nan integer not null, primary key (run, metric)) without rowid`,
    'create index metric_latest_value on metric_latest (metric, value, run)',
    'create table run_param (run bigint not null, name text not null, value text not null, primary key (run, name)) without rowid',
    'create table run_tag (run bigint not null, name text not null, value text not null, primary key (run, name)) without rowid',
    `create table logged_dataset (key integer primary key, experiment bigint not null, name text not null, digest text not null,
      source_type text not null, source text not null, "schema" text, profile text)`,
    'create unique index logged_dataset_name on logged_dataset (experiment, name, digest)',
    `create table run_input (run bigint not null, dataset bigint not null, context text, tags text not null,
      primary key (run, dataset)) without rowid`,
    `create table logged_model (key integer primary key, id text not null unique, experiment bigint not null, name text not null,
      model_type text not null, source_run text not null, status text not null, deleted integer not null, created_at bigint not null,
      changed_at bigint not null)`,
    'create index logged_model_list on logged_model (experiment, deleted, created_at desc, id)',
    `create table logged_model_param (model bigint not null, name text not null, value text not null,
      primary key (model, name)) without rowid`,
    `create table logged_model_tag (model bigint not null, name text not null, value text not null,
      primary key (model, name)) without rowid`,
    `create table logged_model_metric (model bigint not null, metric bigint not null, at bigint not null, step bigint not null,
      run bigint not null, value double precision not null, nan integer not null, dataset_name text not null, dataset_digest text not null,
      primary key (model, metric, at, step, run, value, nan, dataset_name, dataset_digest)) without rowid`,
    'create index logged_model_metric_value on logged_model_metric (metric, value, model)',
    // The model may be one of another experiment, or of none that is here.
    `create table run_model (run bigint not null, made integer not null, model text not null, step bigint not null,
      primary key (run, made, model)) without rowid`,
    'create index run_input_dataset on run_input (dataset)',
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
  await insertDefault(db)
}

const tables = [
  'experiment',
  'experiment_tag',
  'tracked_run',
  'metric_name',
  'metric_point',
  'metric_latest',
  'run_param',
  'run_tag',
  'logged_dataset',
  'run_input',
  'logged_model',
  'logged_model_param',
  'logged_model_tag',
  'logged_model_metric',
  'measured_model',
  'run_model',
] as const

/** Back to what a new database has. */
export async function clearTrackingTables(db: Database): Promise<void> {
  for (const table of tables) await db.deleteFrom(table).execute()
  await insertDefault(db)
}

async function insertDefault(db: Database): Promise<void> {
  const now = Date.now()
  await db
    .insertInto('experiment')
    .values({ key: 0, name: 'Default', artifact_location: null, deleted: 0, created_at: now, changed_at: now })
    .execute()
}

/** What is deleted is found by when it was, and which runs measured a model by either of the two: most never are or do, so both are small. */
export async function markGarbage(db: Database): Promise<void> {
  const statements = [
    'create table measured_model (run bigint not null, model bigint not null, primary key (run, model)) without rowid',
    'insert into measured_model select distinct run, model from logged_model_metric',
    'create index measured_model_model on measured_model (model, run)',
    'create index tracked_run_deleted on tracked_run (deleted, deleted_at, id) where deleted > 0',
    'create index logged_model_deleted on logged_model (deleted, changed_at, id) where deleted > 0',
    'create index experiment_deleted on experiment (deleted, changed_at) where deleted > 0',
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
}

/** Runs are found while somebody types: by how their names begin, in any case. */
export async function indexRunNames(db: Database): Promise<void> {
  await sql`create index tracked_run_name on tracked_run (lower(name)) where deleted = 0`.execute(db)
}
