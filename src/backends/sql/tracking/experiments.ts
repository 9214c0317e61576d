import { type RawBuilder, sql } from 'kysely'
import { MillwrightError } from '../../../base/errors.ts'
import { folderPath, folderRange } from '../../../contract/search/experiment-folders.ts'
import type { Experiment } from '../../../contract/tracking.ts'
import type { ExperimentSearch, OrderPlace, TrackingWriter } from '../../../ports/tracking.ts'
import { composed } from '../composed.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { filterSql, type Searched } from './filter-sql.ts'
import { afterPlace, orderBy, orderColumns, pageOf } from './ordered-page.ts'
import { isHere } from './runs.ts'

interface Row {
  key: number | string
  name: string
  artifact_location: string | null
  deleted: number
  created_at: number | string
  changed_at: number | string
}

/** What is no id has no key, and finds nothing. */
export const experimentKey = (id: string): number => (/^\d{1,15}$/.test(id) ? Number(id) : -1)

async function withTags(db: Database, rows: Row[]): Promise<Experiment[]> {
  const tags = new Map<number, Record<string, string>>(rows.map(({ key }) => [Number(key), {}]))
  if (tags.size > 0) {
    const found = await db
      .selectFrom('experiment_tag')
      .selectAll()
      .where('experiment', 'in', [...tags.keys()])
      .orderBy('name')
      .execute()
    for (const { experiment, name, value } of found) tags.get(Number(experiment))![name] = value
  }
  return rows.map((row) => ({
    id: String(row.key),
    name: row.name,
    artifactLocation: row.artifact_location,
    isDeleted: row.deleted !== 0,
    createdAt: Number(row.created_at),
    changedAt: Number(row.changed_at),
    tags: tags.get(Number(row.key))!,
  }))
}

const experimentWith = composed<'key', Row>((db) =>
  db.selectFrom('experiment').selectAll().where('key', '=', 0).where(isHere),
)

export async function readExperiment(db: Database, id: string): Promise<Experiment | undefined> {
  return (await withTags(db, await experimentWith(db, 'key', [experimentKey(id)])))[0]
}

export async function readExperimentNamed(db: Database, name: string): Promise<Experiment | undefined> {
  const rows = await db
    .selectFrom('experiment')
    .selectAll()
    .where('name', '=', name)
    .where(isHere)
    .orderBy('deleted')
    .orderBy('changed_at', 'desc')
    .limit(1)
    .execute()
  return (await withTags(db, rows as Row[]))[0]
}

const attributes: Record<string, RawBuilder<unknown>> = {
  name: sql`e.name`,
  experiment_id: sql`e.key`,
  creation_time: sql`e.created_at`,
  last_update_time: sql`e.changed_at`,
}

/** A name with a `/` that neither is its first sign nor its last. */
const hasFolder = (name: RawBuilder<unknown>): RawBuilder<boolean> => sql`${name} like '_%/_%'`

/** Whether a name lies in a folder or below; null for in any. */
export function nameWithin(name: RawBuilder<unknown>, folder: string | null): RawBuilder<boolean> {
  if (folder === null) return hasFolder(name)
  const [after, before] = folderRange(folder)
  return folderPath(folder) === '' ? sql`1 = 0` : sql`(${name} > ${after} and ${name} < ${before})`
}

const searched: Searched = {
  within: (folder) => nameWithin(sql`e.name`, folder),
  // An id is compared as the text that it is to others.
  attribute: (key) => (key === 'experiment_id' ? sql`cast(e.key as text)` : attributes[key]!),
  any({ key }, test) {
    const fits = test ? test(sql`value`) : sql`1 = 1`
    return sql`exists (select 1 from experiment_tag where experiment = e.key and name = ${key} and ${fits})`
  },
}

export async function searchExperiments(
  db: Database,
  dialect: Pick<SqlDialect, 'like'>,
  { lifecycle, filter, order, limit, after }: ExperimentSearch,
): Promise<{ experiments: Experiment[]; next: OrderPlace | null }> {
  const hasKey = order.some(({ key }) => key === 'experiment_id')
  const terms = [
    ...order.map(({ key, descending }) => ({ value: attributes[key]!, descending })),
    ...(hasKey ? [] : [{ value: sql`e.key`, descending: true }]),
  ]
  if (after && after.length !== terms.length) return { experiments: [], next: null }
  const conditions: RawBuilder<unknown>[] = [
    lifecycle === 'all' ? sql`e.deleted in (0, 1)` : sql`e.deleted = ${lifecycle === 'deleted' ? 1 : 0}`,
    ...(filter ? [filterSql(filter, searched, dialect)] : []),
    ...(after ? [afterPlace(terms, after)] : []),
  ]
  const { rows } = await sql<Row>`
    select e.*, ${orderColumns(terms)} from experiment e where ${sql.join(conditions, sql` and `)}
    order by ${orderBy(terms)} limit ${limit + 1}`.execute(db)
  const { page, next } = pageOf(rows, limit, terms)
  return { experiments: await withTags(db, page), next }
}

type Isolated = (error: unknown) => boolean

const taken = (name: string, cause: unknown): MillwrightError =>
  new MillwrightError('already-exists', `there is already an experiment "${name}"`, {
    field: 'name',
    hint: 'Take another name, or log into that one.',
    cause,
  })

export function experimentWriter(
  db: Database,
  isUniqueViolation: Isolated,
): Pick<TrackingWriter, 'insertExperiment' | 'updateExperiment' | 'setExperimentTag' | 'removeExperimentTag'> {
  return {
    async insertExperiment(experiment) {
      const { name, artifactLocation, isDeleted, createdAt, changedAt, tags } = experiment
      const row = {
        name,
        artifact_location: artifactLocation,
        deleted: Number(isDeleted),
        created_at: createdAt,
        changed_at: changedAt,
      }
      try {
        const [made] = await db.insertInto('experiment').values(row).returning('key').execute()
        const key = Number(made!.key)
        const entries = Object.entries(tags).map(([tag, value]) => ({ experiment: key, name: tag, value }))
        if (entries.length > 0) await db.insertInto('experiment_tag').values(entries).execute()
        return { ...experiment, id: String(key) }
      } catch (error) {
        throw isUniqueViolation(error) ? taken(name, error) : error
      }
    },
    async updateExperiment(id, { name, artifactLocation, isDeleted, changedAt }) {
      const columns = {
        ...(name === undefined ? {} : { name }),
        ...(artifactLocation === undefined ? {} : { artifact_location: artifactLocation }),
        ...(isDeleted === undefined ? {} : { deleted: Number(isDeleted) }),
        ...(changedAt === undefined ? {} : { changed_at: changedAt }),
      }
      try {
        await db.updateTable('experiment').set(columns).where('key', '=', experimentKey(id)).execute()
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        throw taken(name ?? (await readExperiment(db, id))!.name, error)
      }
    },
    async setExperimentTag(id, name, value) {
      await db
        .insertInto('experiment_tag')
        .values({ experiment: experimentKey(id), name, value })
        .onConflict((conflict) => conflict.columns(['experiment', 'name']).doUpdateSet({ value }))
        .execute()
    },
    async removeExperimentTag(id, name) {
      const [result] = await db
        .deleteFrom('experiment_tag')
        .where('experiment', '=', experimentKey(id))
        .where('name', '=', name)
        .execute()
      return Number(result?.numDeletedRows ?? 0) > 0
    },
  }
}
