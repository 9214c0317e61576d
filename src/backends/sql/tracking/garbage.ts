import { type RawBuilder, sql } from 'kysely'
import type {
  CollectedKind,
  DeletedItem,
  StoredRows,
  TrackingGarbageReader,
  TrackingGarbageWriter,
} from '../../../ports/tracking-garbage.ts'
import type { Database } from '../dialect.ts'
import { experimentKey } from './experiments.ts'

const tables = { run: 'tracked_run', model: 'logged_model', experiment: 'experiment' } as const
/** When it was deleted: what is deleted does not change otherwise. */
const times = { run: 'deleted_at', model: 'changed_at', experiment: 'changed_at' } as const
const ids = { run: 'id', model: 'id', experiment: 'key' } as const

/** Tables of what a run or a model has, each with the rest of its primary key. */
const owned = {
  run: {
    metric_point: ['metric', 'at', 'step', 'value', 'nan'],
    metric_latest: ['metric'],
    run_param: ['name'],
    run_tag: ['name'],
    run_model: ['made', 'model'],
  },
  model: {
    logged_model_metric: ['metric', 'at', 'step', 'run', 'value', 'nan', 'dataset_name', 'dataset_digest'],
    logged_model_param: ['name'],
    logged_model_tag: ['name'],
  },
} as const
const pointTables: readonly string[] = ['metric_point', 'logged_model_metric']

/** Rows counted in one go: a count keeps the process from everything else. */
const countedAtOnce = 50_000
/** What is said of a dataset may be megabytes, so that an input counts as so many rows. */
const rowsOfInput = 100

const listed = (columns: readonly string[]): RawBuilder<unknown> => sql.join(columns.map((column) => sql.ref(column)))

/** The rows of an owner before one that is so far on, or all when it has no more. */
async function stretch(
  db: Database,
  { table, owner, key, columns }: { table: string; owner: string; key: number; columns: readonly string[] },
  { after, limit }: { after: readonly unknown[] | null; limit: number },
): Promise<{ condition: RawBuilder<boolean>; next: readonly unknown[] | null }> {
  const own = sql<boolean>`${sql.ref(owner)} = ${key}${after ? sql` and (${listed(columns)}) >= (${sql.join(after)})` : sql``}`
  const { rows } = await sql<Record<string, unknown>>`
    select ${listed(columns)} from ${sql.table(table)} where ${own} order by ${listed(columns)} limit 1 offset ${limit}`.execute(
    db,
  )
  const next = rows[0] ? columns.map((column) => rows[0]![column]) : null
  return { condition: next ? sql<boolean>`${own} and (${listed(columns)}) < (${sql.join(next)})` : own, next }
}

const stretchesOf = (kind: 'run' | 'model', key: number) =>
  Object.entries(owned[kind]).map(([table, columns]) => ({
    table,
    owner: kind,
    key,
    columns: columns as readonly string[],
  }))

interface Row {
  id: string | number
  name: string
  experiment: string | number
  at: string | number | null
}

const itemOf = ({ id, name, experiment, at }: Row): DeletedItem => ({
  id: String(id),
  name,
  experimentId: String(experiment),
  deletedAt: at === null ? null : Number(at),
})

/** As the table has it. */
const idOf = (kind: CollectedKind, id: string): string | number => (kind === 'experiment' ? experimentKey(id) : id)

async function keyOf(db: Database, kind: 'run' | 'model', id: string): Promise<number | undefined> {
  const rows = await db.selectFrom(tables[kind]).select('key').where('id', '=', id).execute()
  return rows[0] && Number(rows[0].key)
}

export const garbageReader = (db: Database): TrackingGarbageReader => ({
  async due(kind, { before, after, limit }) {
    const [table, at, id] = [sql.table(tables[kind]), sql.ref(times[kind]), sql.ref(ids[kind])]
    const from = after ? sql`(${at}, ${id}) > (${after[0]}, ${idOf(kind, after[1])})` : sql`1 = 1`
    const experiment = kind === 'experiment' ? sql`key` : sql`experiment`
    const { rows } = await sql<Row>`
      select ${id} as id, name, ${experiment} as experiment, ${at} as at from ${table}
      where deleted > 0 and deleted = 1 and ${at} <= ${before} and ${from}
        ${
          kind === 'experiment'
            ? sql`and key <> 0 and not exists (select 1 from tracked_run
                where experiment = experiment.key and (deleted = 0 or (deleted = 1 and deleted_at > ${before})))`
            : sql``
        }
      order by ${at}, ${id} limit ${limit}`.execute(db)
    return rows.map(itemOf)
  },
  async within(experimentId, kind, { after, limit }) {
    const at = kind === 'run' ? sql`deleted_at` : sql`case when deleted = 1 then changed_at end`
    const { rows } = await sql<Row>`
      select id, name, experiment, ${at} as at from ${sql.table(tables[kind])}
      where experiment = ${experimentKey(experimentId)} and deleted in (0, 1) and id > ${after} order by id limit ${limit}`.execute(
      db,
    )
    return rows.map(itemOf)
  },
  async marked(kind, limit) {
    const rows = await db
      .selectFrom(tables[kind])
      .select([`${ids[kind]} as id`, `${kind === 'experiment' ? 'key' : 'experiment'} as experiment`])
      .where(sql<boolean>`deleted > 0 and deleted = 2`)
      .limit(limit)
      .execute()
    return rows.map(({ id, experiment }) => ({ id: String(id), experimentId: String(experiment) }))
  },
  async isMarked(kind, id) {
    const rows = await db
      .selectFrom(tables[kind])
      .select('key')
      .where(ids[kind], '=', idOf(kind, id))
      .where('deleted', '=', 2)
      .execute()
    return rows.length > 0
  },
  async rowsOf(kind, id) {
    const count: StoredRows = { points: 0, values: 0 }
    const key = await keyOf(db, kind, id)
    if (key === undefined) return count
    for (const place of stretchesOf(kind, key)) {
      const what = pointTables.includes(place.table) ? 'points' : 'values'
      for (let after: readonly unknown[] | null = null; ; ) {
        const { condition, next }: Awaited<ReturnType<typeof stretch>> = await stretch(db, place, {
          after,
          limit: countedAtOnce,
        })
        const counted = await sql<{ count: number | string }>`
          select count(*) as count from ${sql.table(place.table)} where ${condition}`.execute(db)
        count[what] += Number(counted.rows[0]!.count)
        if (!next) break
        after = next
        await new Promise(setImmediate)
      }
    }
    if (kind === 'run') {
      const inputs = await sql<{ count: number }>`select count(*) as count from run_input where run = ${key}`.execute(
        db,
      )
      count.values += Number(inputs.rows[0]!.count)
    }
    return count
  },
})

const removedBy = async (statement: RawBuilder<unknown>, db: Database): Promise<number> =>
  Number((await statement.execute(db)).numAffectedRows ?? 0)

/** An input of a run, and what was said of the dataset when no other run read it. */
async function removeInput(db: Database, run: number): Promise<boolean> {
  const { rows } = await sql<{ dataset: number }>`
    select dataset from run_input where run = ${run} order by dataset limit 1`.execute(db)
  const dataset = rows[0] && Number(rows[0].dataset)
  if (dataset === undefined) return false
  await sql`delete from run_input where run = ${run} and dataset = ${dataset}`.execute(db)
  await sql`delete from logged_dataset where key = ${dataset}
    and not exists (select 1 from run_input where dataset = ${dataset})`.execute(db)
  return true
}

/** That runs measured a model; those of which nothing but the id is there for the model's sake go with it. */
async function removeMeasured(db: Database, model: number, limit: number): Promise<number> {
  const { rows } = await sql<{ run: number }>`
    select run from measured_model where model = ${model} order by run limit ${limit}`.execute(db)
  if (rows.length === 0) return 0
  for (const { run } of rows) {
    await sql`delete from measured_model where run = ${Number(run)} and model = ${model}`.execute(db)
    await sql`delete from tracked_run where key = ${Number(run)} and deleted = 3
      and not exists (select 1 from measured_model where run = ${Number(run)})`.execute(db)
  }
  return rows.length
}

export const garbageWriter = (db: Database): TrackingGarbageWriter => ({
  ...garbageReader(db),
  async mark(kind, asked, before) {
    if (asked.length === 0) return []
    const id = sql.ref(ids[kind])
    const isDue = before === null ? sql`1 = 1` : sql`${sql.ref(times[kind])} <= ${before}`
    const { rows } = await sql<{ id: string | number }>`
      update ${sql.table(tables[kind])} set deleted = 2
      where ${id} in (${sql.join(asked.map((each) => idOf(kind, each)))}) and deleted = 1 and ${isDue}
      returning ${id} as id`.execute(db)
    return rows.map((row) => String(row.id))
  },
  async markWithin(experimentId, limit) {
    let count = 0
    for (const kind of ['run', 'model'] as const)
      count += await removedBy(
        sql`update ${sql.table(tables[kind])} set deleted = 2 where key in (select key from ${sql.table(tables[kind])}
          where experiment = ${experimentKey(experimentId)} and deleted in (0, 1) limit ${limit})`,
        db,
      )
    return count
  },
  async removeRows(kind, id, limit) {
    const removed = { points: 0, values: 0, isEmpty: false }
    const key = await keyOf(db, kind, id)
    if (key === undefined) return { ...removed, isEmpty: true }
    let left = limit
    for (const place of stretchesOf(kind, key)) {
      if (left <= 0) return removed
      const { condition } = await stretch(db, place, { after: null, limit: left })
      const gone = await removedBy(sql`delete from ${sql.table(place.table)} where ${condition}`, db)
      removed[pointTables.includes(place.table) ? 'points' : 'values'] += gone
      left -= gone
    }
    for (; kind === 'run' && left > 0; left -= rowsOfInput) {
      if (!(await removeInput(db, key))) break
      removed.values += 1
    }
    if (kind === 'model' && left > 0) left -= await removeMeasured(db, key, left)
    return { ...removed, isEmpty: left > 0 }
  },
  async remove(kind, id) {
    if (kind === 'experiment') {
      const key = experimentKey(id)
      await db.deleteFrom('experiment_tag').where('experiment', '=', key).execute()
      // The greatest number stays taken, or the next experiment would get it again.
      await sql`update experiment set deleted = 3, name = '' where key = ${key} and deleted = 2`.execute(db)
      await sql`delete from experiment where deleted > 0 and deleted = 3
        and key < (select max(key) from experiment)`.execute(db)
      return
    }
    const key = await keyOf(db, kind, id)
    if (key === undefined) return
    if (kind === 'run') {
      const named = await sql`
        update tracked_run set deleted = 3, name = '', author = '' where key = ${key} and deleted = 2
          and exists (select 1 from measured_model where run = ${key})`.execute(db)
      if (Number(named.numAffectedRows ?? 0) > 0) return
    }
    await db.deleteFrom(tables[kind]).where('key', '=', key).where('deleted', '=', 2).execute()
  },
})
