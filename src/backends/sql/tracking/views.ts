import { type RawBuilder, sql } from 'kysely'
import type { TrackedRun } from '../../../contract/tracking.ts'
import type { MetricValue, TrackedRunRow } from '../../../contract/tracking-view.ts'
import type { ExperimentActivity, RunColumns, TrackingViews } from '../../../ports/tracking-views.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { experimentKey } from './experiments.ts'
import { readBelow, readFolder } from './folders.ts'
import { readCourses } from './metric-courses.ts'
import { experimentsAsked, searchRunIds } from './run-search.ts'
import { isHere, type RunRow, runOf } from './runs.ts'

/** Runs whose names are looked at: the newest, and as many spread over the others. */
const sampled = 200

async function activityOf(db: Database, experiments: readonly string[]): Promise<Map<string, ExperimentActivity>> {
  if (experiments.length === 0) return new Map()
  const { rows } = await sql<{ experiment: number; runs: number; running: number; last_at: number | null }>`
    select experiment, count(*) as runs, sum(case when status = 'RUNNING' then 1 else 0 end) as running,
      max(coalesce(ended_at, started_at)) as last_at
    from tracked_run where experiment in (${sql.join(experiments.map(experimentKey))}) and deleted = 0
    group by experiment`.execute(db)
  return new Map(
    rows.map(({ experiment, runs, running, last_at }) => [
      String(experiment),
      { runs: Number(runs), running: Number(running), lastAt: last_at === null ? null : Number(last_at) },
    ]),
  )
}

const metricValue = (value: number, nan: number): MetricValue =>
  nan !== 0 ? 'NaN' : Math.abs(value) < Number.MAX_VALUE ? value : value > 0 ? 'Infinity' : '-Infinity'

async function rowsOf(
  db: Database,
  ids: readonly string[],
  { metrics, params, tags }: RunColumns,
): Promise<TrackedRunRow[]> {
  if (ids.length === 0) return []
  const found = (await db
    .selectFrom('tracked_run')
    .selectAll()
    .where('id', 'in', ids)
    .where(isHere)
    .execute()) as RunRow[]
  const rows = new Map<number, TrackedRunRow>()
  for (const row of found)
    rows.set(Number(row.key), {
      run: runOf(row),
      metrics: metrics.map(() => null),
      params: params.map(() => null),
      tags: tags.map(() => null),
    })
  const keys = [...rows.keys()]
  if (metrics.length > 0 && keys.length > 0) {
    const place = placesOf(metrics)
    const names = await db.selectFrom('metric_name').select(['key', 'name']).where('name', 'in', metrics).execute()
    const nameOf = new Map(names.map(({ key, name }) => [Number(key), name as string]))
    if (nameOf.size > 0)
      for (const { run, metric, value, nan } of await db
        .selectFrom('metric_latest')
        .select(['run', 'metric', 'value', 'nan'])
        .where('run', 'in', keys)
        .where('metric', 'in', [...nameOf.keys()])
        .execute())
        rows.get(Number(run))!.metrics[place.get(nameOf.get(Number(metric))!)!] = metricValue(Number(value), nan)
  }
  for (const [table, names, list] of [
    ['run_param', params, 'params'],
    ['run_tag', tags, 'tags'],
  ] as const) {
    if (names.length === 0 || keys.length === 0) continue
    const place = placesOf(names)
    for (const { run, name, value } of await db
      .selectFrom(table)
      .select(['run', 'name', 'value'])
      .where('run', 'in', keys)
      .where('name', 'in', names)
      .execute())
      rows.get(Number(run))![list][place.get(name)!] = value
  }
  const byId = new Map([...rows.values()].map((row) => [row.run.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

const placesOf = (names: readonly string[]): Map<string, number> => new Map(names.map((name, place) => [name, place]))

async function namesOf(
  db: Database,
  dialect: Pick<SqlDialect, 'like'>,
  of: Parameters<TrackingViews['names']>[0],
  kind: 'metric' | 'param' | 'tag',
  { text, limit }: { text: string; limit: number },
): Promise<string[]> {
  const asked = 'runs' in of ? of.runs : of.experiments
  if ('length' in asked && asked.length === 0) return []
  const looked =
    'runs' in of
      ? sql`(select key from tracked_run where id in (${sql.join(of.runs)}) and ${isHere})`
      : sql`(select key from (select key, row_number() over (order by started_at desc) as place, count(*) over () as runs
          from tracked_run where experiment in ${experimentsAsked(of.experiments)} and deleted = 0) as listed
          where place <= ${sampled} or place % (runs / ${sampled} + 1) = 0)`
  // The pattern has no way to mean its own signs: what they find too much is dropped below.
  const fits = (name: RawBuilder<unknown>): RawBuilder<unknown> =>
    text === '' ? sql`1 = 1` : dialect.like(name, `%${text}%`, true)
  const named =
    kind === 'metric'
      ? sql`select m.name as name, count(*) as runs from metric_latest l join metric_name m on m.key = l.metric
          where l.run in ${looked} and ${fits(sql`m.name`)} group by m.name`
      : sql`select name, count(*) as runs from ${sql.raw(kind === 'param' ? 'run_param' : 'run_tag')}
          where run in ${looked} and ${fits(sql`name`)} group by name`
  const { rows } = await sql<{ name: string }>`
    select name, runs from (${named}) as found order by runs desc, name limit ${limit}`.execute(db)
  const wanted = text.toLowerCase()
  return rows.map(({ name }) => name).filter((name) => name.toLowerCase().includes(wanted))
}

/** Ids are hexadecimal; with fewer signs every number would be the beginning of one. */
const leastOfId = /^[0-9a-f]{8,32}$/

/** Runs of which any part of the name is looked at: all of them would be a table for each key. */
const newest = 2000
/** Above all signs that a name can go on with. */
const lastSign = '\u{10ffff}'
// As the database does it in an index: of other letters the case counts.
const lowered = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

async function runsCalled(
  db: Database,
  { like }: Pick<SqlDialect, 'like'>,
  text: string,
  limit: number,
): Promise<TrackedRun[]> {
  const wanted = lowered(text)
  // Said as the index says it: of a value that is given beside the statement it would not be known.
  const isActive = sql<boolean>`deleted = 0`
  const runs = db.selectFrom('tracked_run').selectAll().where(isActive).limit(limit)
  const ofNewest = await db
    .selectFrom(db.selectFrom('tracked_run').selectAll().orderBy('key', 'desc').limit(newest).as('tracked_run'))
    .selectAll()
    .where(isActive)
    .where(like(sql.ref('name'), `%${text}%`, true) as RawBuilder<boolean>)
    .orderBy('key', 'desc')
    // With signs of a pattern in it there may be more than are meant.
    .$if(!/[%_]/.test(text), (query) => query.limit(limit))
    .execute()
  const name = sql<string>`lower(name)`
  const begins = await runs
    .where(name, '>=', wanted)
    .where(name, '<', wanted + lastSign)
    .orderBy(name)
    .execute()
  const byId = leastOfId.test(text)
    ? await runs
        .where('id', '>=', text)
        .where('id', '<', text + lastSign)
        .orderBy('id')
        .execute()
    : []
  const found = [...byId, ...ofNewest.filter((run) => lowered(run.name as string).includes(wanted)), ...begins]
  return [...new Map((found as RunRow[]).map((row) => [row.id, runOf(row)])).values()].slice(0, limit)
}

export const trackingViews = (db: Database, dialect: SqlDialect): TrackingViews => ({
  activityOf: (experiments) => activityOf(db, experiments),
  folder: (path, page) => readFolder(db, path, page),
  below: (folder, limit) => readBelow(db, folder, limit),
  runIds: (search) => searchRunIds(db, dialect, search),
  rowsOf: (ids, columns) => rowsOf(db, ids, columns),
  runsCalled: (text, limit) => runsCalled(db, dialect, text, limit),
  names: (of, kind, page) => namesOf(db, dialect, of, kind, page),
  courses: (query) => readCourses(db, dialect, query),
})
