import { sql } from 'kysely'
import type { Course, CourseQuery } from '../../../ports/tracking-views.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { metricKey } from './metrics.ts'
import { keysOf } from './runs.ts'

/** So many points in all are given as they are. */
const fewPoints = 4000
/** Rows that one statement reads: others have their turn between two. */
const rowsAtOnce = 20_000
/** Rows that one request reads, over all its runs; beyond that the stretches of a run are sampled. */
const mostRows = 2_000_000
/** Points that are read where a sampled stretch begins. */
const perStretch = 8
/** Stretches by which a quotient is moved, so that steps below the first one leave it positive: division cuts towards zero. */
const stepShift = 1_000_000

interface Source {
  id: string
  key: number
  metric: number
  origin: number
}
interface Row {
  at: number
  step: number
  value: number
  nan: number
}

/** As part of the statement: a bound number would be no whole one to the database, and division would leave a rest. */
const whole = (value: number) => sql.raw(Math.trunc(value).toFixed(0))

const isFinitePoint = ({ value, nan }: Pick<Row, 'value' | 'nan'>): boolean =>
  nan === 0 && Math.abs(value) < Number.MAX_VALUE

/** Courses of a metric; see the port. */
export async function readCourses(
  db: Database,
  dialect: Pick<SqlDialect, 'packed' | 'among'>,
  query: CourseQuery,
): Promise<{ width: number | null; courses: Course[] }> {
  const { runs, metric } = query
  const ids = runs.map(({ id }) => id)
  const keys = new Map([...(await keysOf(db, dialect, ids))].map(([key, id]) => [id, key]))
  const [named] = (await sql<{ key: number | null }>`select ${metricKey(metric)} as key`.execute(db)).rows
  const sources = runs.flatMap(({ id, origin }): Source[] => {
    const key = keys.get(id)
    return key === undefined || named?.key == null ? [] : [{ id, key, metric: Number(named.key), origin }]
  })
  const few = await readFew(db, sources, query)
  if (few) return { width: null, courses: few }

  const extent = await extentOf(db, sources, query)
  const width = Math.max(1, Math.ceil((extent.to - extent.from + 1) / query.most))
  const courses: Course[] = []
  for (const source of sources)
    courses.push(await readStretches(db, source, query, { ...extent, width }, mostRows / sources.length))
  return { width, courses }
}

const axisOf = ({ origin }: Source, { by }: CourseQuery) => (by === 'step' ? sql`step` : sql`at - ${whole(origin)}`)

/** The bounds of a query as a condition on the columns, so that an index on time is used. */
function within({ origin }: Source, { by, from, to }: CourseQuery) {
  const column = sql.raw(by)
  const less = by === 'step' ? 0 : origin
  return sql`${from === undefined ? sql`1 = 1` : sql`${column} >= ${from + less}`} and
    ${to === undefined ? sql`1 = 1` : sql`${column} <= ${to + less}`}`
}

/** All points, where they are few; else null. */
async function readFew(db: Database, sources: readonly Source[], query: CourseQuery): Promise<Course[] | null> {
  let left = fewPoints
  const courses: Course[] = []
  for (const source of sources) {
    const { rows } = await sql<Row & { x: number }>`
      select ${axisOf(source, query)} as x, value, nan from metric_point
      where run = ${source.key} and metric = ${source.metric} and ${within(source, query)}
      limit ${left + 1}`.execute(db)
    left -= rows.length
    if (left < 0) return null
    rows.sort((a, b) => Number(a.x) - Number(b.x))
    courses.push({
      run: source.id,
      points: rows.length,
      isSampled: false,
      notFinite: rows.filter((row) => !isFinitePoint(row)).length,
      xs: rows.map(({ x }) => Number(x)),
      values: rows.map((row) => (isFinitePoint(row) ? Number(row.value) : null)),
    })
  }
  return courses
}

/** The range of the axis: as asked, else from what all runs have. */
async function extentOf(
  db: Database,
  sources: readonly Source[],
  query: CourseQuery,
): Promise<{ from: number; to: number }> {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  if (query.from === undefined || query.to === undefined)
    for (const source of sources) {
      const [least, most] = await (query.by === 'step' ? stepExtent : timeExtent)(db, source, mostRows / sources.length)
      if (least === null || most === null) continue
      from = Math.min(from, Number(least))
      to = Math.max(to, Number(most))
    }
  return { from: Math.floor(query.from ?? from), to: Math.ceil(query.to ?? to) }
}

type Extent = readonly [least: number | null, most: number | null]

/** The index has the two ends. */
async function timeExtent(db: Database, { key, metric, origin }: Source): Promise<Extent> {
  const end = (order: 'asc' | 'desc') => sql<{ x: number }>`select at - ${whole(origin)} as x from metric_point
    where run = ${key} and metric = ${metric} order by at ${sql.raw(order)} limit 1`
  const [[first], [last]] = [(await end('asc').execute(db)).rows, (await end('desc').execute(db)).rows]
  return [first?.x ?? null, last?.x ?? null]
}

/** Steps need not rise with time; the greatest one is kept beside the points. */
async function stepExtent(db: Database, { key, metric }: Source, budget: number): Promise<Extent> {
  const { rows } = await sql<{ least: number | null; most: number | null }>`
    select min(step) as least, (select step from metric_latest where run = ${key} and metric = ${metric}) as most
    from (select step from metric_point where run = ${key} and metric = ${metric} limit ${whole(budget)}) as some`.execute(
    db,
  )
  // Between two runs others have their turn.
  await new Promise(setImmediate)
  return [rows[0]!.least, rows[0]!.most]
}

interface Stretch {
  count: number
  finite: number
  sum: number
  low: number
  high: number
}
type Stretches = Map<number, Stretch>

function add(stretches: Stretches, place: number, more: Stretch): void {
  const own = stretches.get(place)
  if (!own) {
    stretches.set(place, { ...more })
    return
  }
  own.count += more.count
  own.finite += more.finite
  own.sum += more.sum
  own.low = Math.min(own.low, more.low)
  own.high = Math.max(own.high, more.high)
}

async function readStretches(
  db: Database,
  source: Source,
  query: CourseQuery,
  grid: { from: number; to: number; width: number },
  budget: number,
): Promise<Course> {
  const { key, metric } = source
  const stretches: Stretches = new Map()
  const { from, width } = grid
  // Time is read within its bounds, and so never lies below.
  const shift = query.by === 'step' ? stepShift : 0
  const base = shift * width - from
  const mine = sql`run = ${key} and metric = ${metric} and ${within(source, query)}`
  let after: Row | undefined
  let read = 0
  let isSampled = false
  for (;;) {
    const rest = after
      ? sql`and (at, step, value, nan) > (${after.at}, ${after.step}, ${after.value}, ${after.nan})`
      : sql``
    const page = sql`select at, step, value, nan from metric_point where ${mine} ${rest} order by at, step, value, nan`
    const finite = sql`nan = 0 and abs(value) < ${Number.MAX_VALUE}`
    const { rows } = await sql<{
      place: number
      n: number
      finite: number
      total: number | null
      low: number | null
      high: number | null
    }>`
      select (${axisOf(source, query)} + ${whole(base)}) / ${whole(width)} as place, count(*) as n,
        sum(case when ${finite} then 1 else 0 end) as finite, sum(case when ${finite} then value end) as total,
        min(case when ${finite} then value end) as low, max(case when ${finite} then value end) as high
      from (${page} limit ${rowsAtOnce}) as page group by 1`.execute(db)
    let count = 0
    for (const row of rows) {
      count += Number(row.n)
      add(stretches, Number(row.place) - shift, {
        count: Number(row.n),
        finite: Number(row.finite),
        sum: Number(row.total ?? 0),
        low: row.low === null ? Number.POSITIVE_INFINITY : Number(row.low),
        high: row.high === null ? Number.NEGATIVE_INFINITY : Number(row.high),
      })
    }
    read += count
    if (count < rowsAtOnce) break
    after = (await sql<Row>`${page} limit 1 offset ${rowsAtOnce - 1}`.execute(db)).rows[0]
    if (!after) break
    if (read >= budget) {
      isSampled = true
      await sampleRest(db, source, query, grid, after, stretches)
      break
    }
    await new Promise(setImmediate)
  }
  return courseOf(source.id, stretches, grid, isSampled)
}

/** Of each stretch of the time that is left, the first few points: a look for each, however many points there are. */
async function sampleRest(
  db: Database,
  source: Source,
  query: CourseQuery,
  { from, width }: { from: number; width: number },
  after: Row,
  stretches: Stretches,
): Promise<void> {
  const mine = sql`run = ${source.key} and metric = ${source.metric} and ${within(source, query)}`
  const [last] = (await sql<Row>`select at from metric_point where ${mine} order by at desc limit 1`.execute(db)).rows
  const looks = Math.max(10, query.most)
  const stride = Math.max(1, Math.ceil((Number(last!.at) - Number(after.at)) / looks))
  for (let at = Number(after.at) + 1; at <= Number(last!.at); at += stride) {
    const { rows } = await sql<Row & { x: number }>`
      select ${axisOf(source, query)} as x, value, nan from metric_point
      where ${mine} and at >= ${at} and at < ${at + stride} order by at limit ${perStretch}`.execute(db)
    for (const row of rows) {
      const finite = isFinitePoint(row)
      const value = Number(row.value)
      add(stretches, Math.floor((Number(row.x) - from) / width), {
        count: 1,
        finite: finite ? 1 : 0,
        sum: finite ? value : 0,
        low: finite ? value : Number.POSITIVE_INFINITY,
        high: finite ? value : Number.NEGATIVE_INFINITY,
      })
    }
  }
}

function courseOf(
  run: string,
  stretches: Stretches,
  { from, width }: { from: number; width: number },
  isSampled: boolean,
): Course {
  const places = [...stretches.keys()].sort((a, b) => a - b)
  const all = places.map((place) => stretches.get(place)!)
  const some = (value: (stretch: Stretch) => number) =>
    all.map((stretch) => (stretch.finite === 0 ? null : value(stretch)))
  return {
    run,
    points: all.reduce((sum, { count }) => sum + count, 0),
    isSampled,
    notFinite: all.reduce((sum, { count, finite }) => sum + count - finite, 0),
    xs: places.map((place) => from + place * width),
    values: some(({ sum, finite }) => sum / finite),
    low: some(({ low }) => low),
    high: some(({ high }) => high),
  }
}
