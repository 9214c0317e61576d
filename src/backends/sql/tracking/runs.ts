import { sql } from 'kysely'
import type { TrackedRun, TrackedRunStatus } from '../../../contract/tracking.ts'
import type { TrackingWriter } from '../../../ports/tracking.ts'
import { composed, composedInsert } from '../composed.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { packedRows } from '../packed-rows.ts'
import { experimentKey } from './experiments.ts'

export interface RunRow {
  key: number | string
  id: string
  experiment: number | string
  name: string
  author: string
  status: string
  started_at: number | string
  ended_at: number | string | null
  deleted: number
  deleted_at: number | string | null
}

export const runColumns = [
  'key',
  'id',
  'experiment',
  'name',
  'author',
  'status',
  'started_at',
  'ended_at',
  'deleted',
  'deleted_at',
] as const satisfies readonly (keyof RunRow)[]

const numberOf = (value: number | string | null): number | null => (value === null ? null : Number(value))

export const runOf = (row: RunRow): TrackedRun => ({
  id: row.id,
  experimentId: String(row.experiment),
  name: row.name,
  user: row.author,
  status: row.status as TrackedRunStatus,
  startedAt: Number(row.started_at),
  endedAt: numberOf(row.ended_at),
  isDeleted: row.deleted !== 0,
  deletedAt: numberOf(row.deleted_at),
})

/** What is being removed for good is there for no read; the store's states are 0 active, 1 deleted, 2 being removed, 3 of which only the id is left. */
export const isHere = sql<boolean>`deleted < 2`

const runWith = composed<'id', RunRow>((db) =>
  db.selectFrom('tracked_run').selectAll().where('id', '=', '').where(isHere),
)

export async function readRun(db: Database, id: string): Promise<TrackedRun | undefined> {
  const [row] = await runWith(db, 'id', [id])
  return row && runOf(row)
}

const keyWith = composed<'id', Pick<RunRow, 'key'>>((db) =>
  db.selectFrom('tracked_run').select('key').where('id', '=', '').where(isHere),
)

/** The run's number within its tables, undefined for an unknown one. */
export async function runKey(db: Database, id: string): Promise<number | undefined> {
  const [row] = await keyWith(db, 'id', [id])
  return row && Number(row.key)
}

/** The run's number within its tables, as part of a statement. */
export const keyOf = (id: string) => sql<number>`(select key from tracked_run where id = ${id} and ${isHere})`

/** Numbers of runs → their ids. */
export async function keysOf(
  db: Database,
  dialect: Pick<SqlDialect, 'packed' | 'among'>,
  ids: readonly string[],
): Promise<Map<number, string>> {
  const rest = sql`from tracked_run where id in ${dialect.among(ids)} and ${isHere}`
  return new Map(await packedRows<[number, string]>(db, dialect, ['key', 'id'], rest))
}

const insertRuns = composedInsert<TrackedRun>(
  (db, rows) => db.insertInto('tracked_run').values(rows),
  ['id', 'experiment', 'name', 'author', 'status', 'started_at', 'ended_at', 'deleted', 'deleted_at'],
)

export function runWriter(db: Database): Pick<TrackingWriter, 'insertRun' | 'updateRun' | 'markRuns'> {
  return {
    async insertRun(run) {
      await insertRuns(db, [run], (each) => [
        each.id,
        experimentKey(each.experimentId),
        each.name,
        each.user,
        each.status,
        each.startedAt,
        each.endedAt,
        Number(each.isDeleted),
        each.deletedAt,
      ])
    },
    async updateRun(id, { name, status, endedAt, isDeleted, deletedAt }) {
      const columns = {
        ...(name === undefined ? {} : { name }),
        ...(status === undefined ? {} : { status }),
        ...(endedAt === undefined ? {} : { ended_at: endedAt }),
        ...(isDeleted === undefined ? {} : { deleted: Number(isDeleted) }),
        ...(deletedAt === undefined ? {} : { deleted_at: deletedAt }),
      }
      if (Object.keys(columns).length > 0)
        await db.updateTable('tracked_run').set(columns).where('id', '=', id).execute()
    },
    async markRuns(experimentId, { isDeleted, deletedAt }) {
      await db
        .updateTable('tracked_run')
        .set({ deleted: Number(isDeleted), deleted_at: deletedAt })
        .where('experiment', '=', experimentKey(experimentId))
        .where('deleted', '=', Number(!isDeleted))
        .execute()
    },
  }
}
