import { type RawBuilder, sql } from 'kysely'
import type { Filter } from '../../../contract/search/filter-syntax.ts'
import type { OrderItem } from '../../../contract/search/parse-order.ts'
import type { RunPage, RunSearch } from '../../../ports/tracking.ts'
import type { WideRunSearch } from '../../../ports/tracking-views.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { packedRows } from '../packed-rows.ts'
import { experimentKey, nameWithin } from './experiments.ts'
import { filterSql, pointFits, type Searched } from './filter-sql.ts'
import { metricKey } from './metrics.ts'
import { afterPlace, nullsLast, orderBy, orderColumn, orderColumns, pageOf, type Term } from './ordered-page.ts'
import { type RunRow, runColumns, runOf } from './runs.ts'
import { searchPlace } from './search-place.ts'

type SearchDialect = Pick<SqlDialect, 'like' | 'packed' | 'reader' | 'searcher'>

/** Where artifacts go; as the protocol says it. */
const artifactUri = sql`(select coalesce(rtrim(e.artifact_location, '/'), 'mlflow-artifacts:/' || e.key) || '/' || r.id || '/artifacts'
  from experiment e where e.key = r.experiment)`
const attributes: Record<string, RawBuilder<unknown>> = {
  run_id: sql`r.id`,
  run_name: sql`r.name`,
  user_id: sql`r.author`,
  status: sql`r.status`,
  start_time: sql`r.started_at`,
  end_time: sql`r.ended_at`,
  artifact_uri: artifactUri,
}
const datasetColumns: Record<string, RawBuilder<unknown>> = {
  name: sql`d.name`,
  digest: sql`d.digest`,
  context: sql`i.context`,
}

/** Numbers of experiments, as what `in` looks into. */
export const experimentsAsked = (asked: readonly string[] | { folder: string }): RawBuilder<unknown> =>
  'folder' in asked
    ? sql`(select key from experiment where deleted = 0 and ${nameWithin(sql`name`, asked.folder)})`
    : sql`(${sql.join(asked.map(experimentKey))})`

/** Of many runs so many of the newest are looked at one by one before the others: often they fill the page. */
const newestTried = 4000
/** A page as large as this one is not filled by them. */
const smallPage = 1000
const mostPacked = 10_000

/** Comparisons in a filter; one that looks into texts counts as many. */
function weightOf(filter: Filter): number {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.of.reduce((sum, part) => sum + weightOf(part), 0)
  if (filter.kind === 'not') return weightOf(filter.of)
  return filter.kind === 'comparison' && filter.operator.endsWith('LIKE') ? 10 : 1
}
const isQuick = (filter: Filter): boolean => weightOf(filter) <= 4

/** @param isOneByOne whether the values of metrics are looked up for each run that is looked at, in place of all at once. */
const runsBy = (isOneByOne: boolean): Searched => ({
  within: (folder) => sql`r.experiment in (select key from experiment where ${nameWithin(sql`name`, folder)})`,
  attribute: (key) => attributes[key]!,
  any({ entity, key }, test, ofNaN) {
    if (entity === 'metric') {
      const fits = pointFits(test, ofNaN)
      if (isOneByOne)
        return sql`exists (select 1 from metric_latest where run = r.key and metric = ${metricKey(key)} and ${fits})`
      // The values of a metric lie together: those that fit are looked up once, not for every run.
      return sql`r.key in (select run from metric_latest where metric = ${metricKey(key)} and ${fits})`
    }
    if (entity === 'dataset') {
      const column = datasetColumns[key]!
      const fits = test ? test(column) : sql`1 = 1`
      return sql`exists (select 1 from run_input i join logged_dataset d on d.key = i.dataset
        where i.run = r.key and ${column} is not null and ${fits})`
    }
    const table = sql.raw(entity === 'param' ? 'run_param' : 'run_tag')
    const fits = test ? test(sql`value`) : sql`1 = 1`
    return sql`exists (select 1 from ${table} where run = r.key and name = ${key} and ${fits})`
  },
})
const [together, oneByOne] = [runsBy(false), runsBy(true)]

function termsOf({ entity, key, descending }: OrderItem): Term[] {
  if (entity === 'attribute') return nullsLast(attributes[key]!, descending)
  if (entity === 'param' || entity === 'tag') {
    const table = sql.raw(entity === 'param' ? 'run_param' : 'run_tag')
    return nullsLast(sql`(select value from ${table} where run = r.key and name = ${key})`, descending)
  }
  const latest = (column: string): RawBuilder<unknown> =>
    sql`(select ${sql.raw(column)} from metric_latest where run = r.key and metric = ${metricKey(key)})`
  return [
    { value: sql`coalesce(${latest('nan')}, 2)`, descending: false },
    { value: latest('value'), descending },
  ]
}

/** Of what a filter finds of the runs of experiments, in order, the columns that are asked for; and by what it is ordered. */
async function foundRuns<R extends Partial<RunRow>>(
  db: Database,
  dialect: SearchDialect,
  columns: readonly (keyof R & string)[],
  { experiments, lifecycle, filter, order, limit, after: from }: WideRunSearch,
): Promise<{ rows: R[]; terms: Term[] }> {
  const isByTime = order.some(({ entity, key }) => entity === 'attribute' && key === 'start_time')
  const terms: Term[] = [
    ...order.flatMap(termsOf),
    ...(isByTime ? [] : [{ value: sql`r.started_at`, descending: true }]),
    { value: sql`r.id`, descending: false },
  ]
  if (('length' in experiments && experiments.length === 0) || (from && from.length !== terms.length))
    return { rows: [], terms }
  const conditions: RawBuilder<unknown>[] = [
    sql`r.experiment in ${experimentsAsked(experiments)}`,
    lifecycle === 'all' ? sql`r.deleted in (0, 1)` : sql`r.deleted = ${lifecycle === 'deleted' ? 1 : 0}`,
  ]
  if (from) {
    // The index on time finds the place at once.
    if (order.length === 0) conditions.push(sql`r.started_at <= ${from[0]}`)
    conditions.push(afterPlace(terms, from))
  }
  // The newest alone are found by an index.
  const place = filter || order.length > 0 ? await searchPlace(db, dialect) : db
  const among = sql.join(conditions, sql` and `)
  const found = async (isFound: RawBuilder<unknown>, by: Database): Promise<R[]> => {
    const own = sql.join(columns.map((column) => sql.ref(`r.${column}`)))
    const statement = sql<R>`select ${own}, ${orderColumns(terms)} from tracked_run r
      where ${isFound} order by ${orderBy(terms)} limit ${limit}`
    // Of a metric the digits would have to be asked for; and the text of very many would be long.
    if (order.length > 0 || limit > mostPacked) return (await statement.execute(by)).rows
    const names = [...columns, ...terms.map((_, at) => orderColumn(at))]
    return (await packedRows(by, dialect, names, sql`from (${statement}) as found`)).map((values) => {
      const row: Record<string, unknown> = {}
      for (let at = 0; at < names.length; at += 1) row[names[at]!] = values[at]
      return row as R
    })
  }
  if (!filter) return { rows: await found(among, place), terms }
  if (place === dialect.searcher && order.length === 0 && limit <= smallPage + 1) {
    const oldest = sql`(select r.started_at from tracked_run r where ${among} order by r.started_at desc limit 1 offset ${newestTried})`
    const isNew = sql`r.started_at >= coalesce(${oldest}, ${Number.MIN_SAFE_INTEGER})`
    // A few milliseconds at most: to ask the other place would take as long.
    const by = isQuick(filter) ? db : place
    const rows = await found(sql`${among} and ${isNew} and ${filterSql(filter, oneByOne, dialect)}`, by)
    if (rows.length === limit) return { rows, terms }
  }
  return { rows: await found(sql`${among} and ${filterSql(filter, together, dialect)}`, place), terms }
}

/** Runs of experiments that a filter finds, a page of them in order. Pages never overlap, and nothing is left out between them. */
export async function searchRuns(db: Database, dialect: SearchDialect, search: RunSearch): Promise<RunPage> {
  const { limit } = search
  const { rows, terms } = await foundRuns<RunRow>(db, dialect, runColumns, {
    ...search,
    limit: limit + 1,
  })
  const { page, places, next } = pageOf(rows, limit, terms)
  return { runs: page.map(runOf), places, next }
}

/** Ids alone, of as many as are asked for. */
export async function searchRunIds(
  db: Database,
  dialect: SearchDialect,
  search: Omit<WideRunSearch, 'after'>,
): Promise<string[]> {
  const { rows } = await foundRuns<Pick<RunRow, 'id'>>(db, dialect, ['id'], { ...search, after: undefined })
  return rows.map(({ id }) => id)
}
