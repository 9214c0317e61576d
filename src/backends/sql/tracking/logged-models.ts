import { type RawBuilder, sql } from 'kysely'
import type { LoggedModel, LoggedModelFacts, LoggedModelStatus } from '../../../contract/tracking.ts'
import type {
  LoggedModelReader,
  LoggedModelWriter,
  MeasuredOn,
  ModelSearch,
  OrderPlace,
} from '../../../ports/tracking.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { experimentKey } from './experiments.ts'
import { filterSql, pointFits, type Searched } from './filter-sql.ts'
import { metricKey, pointOf } from './metrics.ts'
import { afterPlace, nullsLast, orderBy, orderColumns, pageOf, type Term } from './ordered-page.ts'
import { isHere } from './runs.ts'

interface Row {
  key: number | string
  id: string
  experiment: number | string
  name: string
  model_type: string
  source_run: string
  status: string
  deleted: number
  created_at: number | string
  changed_at: number | string
}

const rowsPerStatement = 1000

const modelOf = (row: Row): LoggedModel => ({
  id: row.id,
  experimentId: String(row.experiment),
  name: row.name,
  modelType: row.model_type,
  sourceRunId: row.source_run,
  status: row.status as LoggedModelStatus,
  isDeleted: row.deleted !== 0,
  createdAt: Number(row.created_at),
  changedAt: Number(row.changed_at),
})

const modelKey = (id: string) => sql<number>`(select key from logged_model where id = ${id})`

/** What was not said has no value. */
const attributes: Record<string, RawBuilder<unknown>> = {
  name: sql`m.name`,
  model_id: sql`m.id`,
  model_type: sql`nullif(m.model_type, '')`,
  status: sql`m.status`,
  source_run_id: sql`nullif(m.source_run, '')`,
  creation_timestamp: sql`m.created_at`,
  last_updated_timestamp: sql`m.changed_at`,
}

const isOn = ({ name, digest }: MeasuredOn): RawBuilder<boolean> =>
  digest === null ? sql`dataset_name = ${name}` : sql`(dataset_name = ${name} and dataset_digest = ${digest})`

/** Whether a point was measured on one of them. */
const onAny = (datasets: readonly MeasuredOn[]): RawBuilder<boolean> =>
  datasets.length === 0 ? sql`1 = 1` : sql`(${sql.join(datasets.map(isOn), sql` or `)})`

const searched = (datasets: readonly MeasuredOn[]): Searched => ({
  attribute: (key) => attributes[key]!,
  any({ entity, key }, test, ofNaN) {
    if (entity === 'metric') {
      const fits = pointFits(test, ofNaN)
      return sql`m.key in (select model from logged_model_metric where metric = ${metricKey(key)} and ${fits}
        and ${onAny(datasets)})`
    }
    const table = sql.raw(entity === 'param' ? 'logged_model_param' : 'logged_model_tag')
    const fits = test ? test(sql`value`) : sql`1 = 1`
    return sql`exists (select 1 from ${table} where model = m.key and name = ${key} and ${fits})`
  },
})

function termsOf({ entity, key, descending, dataset }: ModelSearch['order'][number]): Term[] {
  if (entity === 'attribute') return nullsLast(attributes[key]!, descending)
  // Of several points the last one counts.
  const last = (column: string): RawBuilder<unknown> =>
    sql`(select ${sql.raw(column)} from logged_model_metric where model = m.key and metric = ${metricKey(key)}
      and ${onAny(dataset ? [dataset] : [])} order by at desc, step desc, run limit 1)`
  return [
    { value: sql`coalesce(${last('nan')}, 2)`, descending: false },
    { value: last('value'), descending },
  ]
}

async function search(
  db: Database,
  dialect: Pick<SqlDialect, 'like'>,
  { experiments, filter, datasets, order, limit, after }: ModelSearch,
): Promise<{ models: LoggedModel[]; next: OrderPlace | null }> {
  if (experiments.length === 0) return { models: [], next: null }
  const has = (name: string): boolean => order.some(({ entity, key }) => entity === 'attribute' && key === name)
  const terms: Term[] = [
    ...order.flatMap(termsOf),
    ...(has('creation_timestamp') ? [] : [{ value: sql`m.created_at`, descending: true }]),
    ...(has('model_id') ? [] : [{ value: sql`m.id`, descending: false }]),
  ]
  if (after && after.length !== terms.length) return { models: [], next: null }
  const conditions: RawBuilder<unknown>[] = [
    sql`m.experiment in (${sql.join(experiments.map(experimentKey))})`,
    sql`m.deleted = 0`,
    ...(filter ? [filterSql(filter, searched(datasets), dialect)] : []),
    ...(datasets.length > 0
      ? [sql`exists (select 1 from logged_model_metric where model = m.key and ${onAny(datasets)})`]
      : []),
    ...(after ? [afterPlace(terms, after)] : []),
  ]
  const { rows } = await sql<Row>`
    select m.*, ${orderColumns(terms)} from logged_model m where ${sql.join(conditions, sql` and `)}
    order by ${orderBy(terms)} limit ${limit + 1}`.execute(db)
  const { page, next } = pageOf(rows, limit, terms)
  return { models: page.map(modelOf), next }
}

async function factsOf(db: Database, ids: readonly string[]): Promise<Map<string, LoggedModelFacts>> {
  const facts = new Map<string, LoggedModelFacts>()
  for (let from = 0; from < ids.length; from += rowsPerStatement) {
    const part = ids.slice(from, from + rowsPerStatement)
    const keys = new Map<number, string>()
    for (const { key, id } of await db
      .selectFrom('logged_model')
      .select(['key', 'id'])
      .where('id', 'in', part)
      .where(isHere)
      .execute())
      keys.set(Number(key), id)
    for (const id of keys.values()) facts.set(id, { params: [], tags: [], metrics: [] })
    const of = (model: number | string): LoggedModelFacts => facts.get(keys.get(Number(model))!)!
    for (const [table, list] of [
      ['logged_model_param', 'params'],
      ['logged_model_tag', 'tags'],
    ] as const) {
      const rows = await db
        .selectFrom(table)
        .selectAll()
        .where('model', 'in', [...keys.keys()])
        .execute()
      for (const { model, name, value } of rows) of(model)[list].push({ key: name, value })
    }
    const points = await db
      .selectFrom('logged_model_metric')
      .innerJoin('metric_name', 'metric_name.key', 'logged_model_metric.metric')
      .innerJoin('tracked_run', 'tracked_run.key', 'logged_model_metric.run')
      .select(['model', 'metric_name.name as name', 'at', 'step', 'value', 'nan', 'tracked_run.id as run_id'])
      .select(['dataset_name', 'dataset_digest'])
      .where('model', 'in', [...keys.keys()])
      .orderBy('name')
      .orderBy('at')
      .orderBy('step')
      .execute()
    for (const row of points)
      of(row.model).metrics.push({
        ...pointOf(row.name, row as never),
        runId: row.run_id,
        datasetName: row.dataset_name || null,
        datasetDigest: row.dataset_digest || null,
      })
  }
  return facts
}

export const loggedModelReader = (db: Database, dialect: Pick<SqlDialect, 'like'>): LoggedModelReader => ({
  async get(id) {
    const rows = await db.selectFrom('logged_model').selectAll().where('id', '=', id).where(isHere).execute()
    return rows[0] && modelOf(rows[0] as Row)
  },
  search: (asked) => search(db, dialect, asked),
  factsOf: (ids) => factsOf(db, ids),
})

export const loggedModelWriter = (db: Database, dialect: Pick<SqlDialect, 'like'>): LoggedModelWriter => ({
  ...loggedModelReader(db, dialect),
  async insert(model) {
    await db
      .insertInto('logged_model')
      .values({
        id: model.id,
        experiment: experimentKey(model.experimentId),
        name: model.name,
        model_type: model.modelType,
        source_run: model.sourceRunId,
        status: model.status,
        deleted: Number(model.isDeleted),
        created_at: model.createdAt,
        changed_at: model.changedAt,
      })
      .execute()
  },
  async update(id, { status, isDeleted, changedAt }) {
    const columns = {
      ...(status === undefined ? {} : { status }),
      ...(isDeleted === undefined ? {} : { deleted: Number(isDeleted) }),
      ...(changedAt === undefined ? {} : { changed_at: changedAt }),
    }
    await db.updateTable('logged_model').set(columns).where('id', '=', id).execute()
  },
  async addParams(id, params) {
    if (params.length === 0) return
    const rows = params.map(({ key, value }) => ({ model: modelKey(id), name: key, value }))
    await db.insertInto('logged_model_param').values(rows).execute()
  },
  async setTags(id, tags) {
    // Of a name that comes twice the last counts.
    const last = new Map(tags.map(({ key, value }) => [key, value]))
    if (last.size === 0) return
    await db
      .insertInto('logged_model_tag')
      .values([...last].map(([name, value]) => ({ model: modelKey(id), name, value })))
      .onConflict((conflict) => conflict.columns(['model', 'name']).doUpdateSet({ value: sql`excluded.value` }))
      .execute()
  },
  async removeTag(id, key) {
    const [result] = await db
      .deleteFrom('logged_model_tag')
      .where('model', '=', modelKey(id))
      .where('name', '=', key)
      .execute()
    return Number(result?.numDeletedRows ?? 0) > 0
  },
})
