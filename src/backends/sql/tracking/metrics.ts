import { type RawBuilder, sql } from 'kysely'
import type { MetricPoint } from '../../../contract/tracking.ts'
import type { PointPlace } from '../../../ports/tracking.ts'
import { composed, composedInsert } from '../composed.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { type PackedColumn, packedRows } from '../packed-rows.ts'
import { keyOf, runKey } from './runs.ts'

interface PointRow {
  at: number | string
  step: number | string
  value: number
  nan: number
}

const largest = Number.MAX_VALUE

/** As it is stored. */
function columnsOf({ value, at, step }: PointPlace): { at: number; step: number; value: number; nan: number } {
  if (Number.isNaN(value)) return { at, step, value: 0, nan: 1 }
  return { at, step, value: Math.max(-largest, Math.min(largest, value)), nan: 0 }
}

export const pointOf = (metric: string, row: PointRow): MetricPoint => ({
  metric,
  value: row.nan === 0 ? Number(row.value) : Number.NaN,
  at: Number(row.at),
  step: Number(row.step),
})

/** What a point is packed of, and how it comes out. */
export const pointColumns: readonly PackedColumn[] = ['at', 'step', { real: 'value' }, 'nan']
export type PackedPoint = [at: number, step: number, value: string, nan: number]

export const unpackedPoint = (metric: string, [at, step, value, nan]: PackedPoint): MetricPoint => ({
  metric,
  value: nan === 0 ? Number(value) : Number.NaN,
  at,
  step,
})

/** A metric's number, as part of a statement. */
export const metricKey = (name: string): RawBuilder<unknown> => sql`(select key from metric_name where name = ${name})`

const numberNamed = composed<'name', { key: number | string }>((db) =>
  db.selectFrom('metric_name').select('key').where('name', '=', ''),
)
const addName = composed<'name'>((db) =>
  db
    .insertInto('metric_name')
    .values({ name: '' })
    .onConflict((conflict) => conflict.doNothing()),
)

/** Names → their numbers, given to new ones. */
async function numbersOf(db: Database, names: Iterable<string>): Promise<Map<string, number>> {
  const numbers = new Map<string, number>()
  for (const name of names) {
    let [found] = await numberNamed(db, 'name', [name])
    if (!found) {
      await addName(db, 'name', [name])
      ;[found] = await numberNamed(db, 'name', [name])
    }
    numbers.set(name, Number(found!.key))
  }
  return numbers
}

const rowColumns = ['run', 'metric', 'at', 'step', 'value', 'nan'] as const
const insertPoints = composedInsert<Row>(
  (db, rows) =>
    db
      .insertInto('metric_point')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing()),
  rowColumns,
)
const keepLatest = composedInsert<Row>(
  (db, rows) =>
    db
      .insertInto('metric_latest')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['run', 'metric'])
          .doUpdateSet({
            at: sql`excluded.at`,
            step: sql`excluded.step`,
            value: sql`excluded.value`,
            nan: sql`excluded.nan`,
          })
          .where(
            sql<boolean>`(excluded.step, excluded.at, excluded.value) > (metric_latest.step, metric_latest.at, metric_latest.value)`,
          ),
      ),
  rowColumns,
)

/** A point as it lies in a table. */
type Row = Stored & { run: number; metric: number }
const pointValues = ({ run, metric, at, step, value, nan }: Row) => [run, metric, at, step, value, nan]

/** A statement takes some thousand values. */
const rowsPerStatement = 500

export async function addPoints(db: Database, id: string, points: readonly MetricPoint[]): Promise<void> {
  if (points.length === 0) return
  const numbers = await numbersOf(db, new Set(points.map(({ metric }) => metric)))
  const run = (await runKey(db, id))!
  const rows = points.map((point): Row => ({ run, metric: numbers.get(point.metric)!, ...columnsOf(point) }))
  await insertPoints(db, rows, pointValues)
  const ofModels = points.flatMap(({ model }, place) => {
    if (!model) return []
    const { id: modelId, datasetName, datasetDigest } = model
    const key = sql`(select key from logged_model where id = ${modelId})`
    return [{ ...rows[place]!, model: key, dataset_name: datasetName ?? '', dataset_digest: datasetDigest ?? '' }]
  })
  for (let from = 0; from < ofModels.length; from += rowsPerStatement) {
    await db
      .insertInto('logged_model_metric')
      .values(ofModels.slice(from, from + rowsPerStatement))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  for (const modelId of new Set(points.flatMap(({ model }) => (model ? [model.id] : []))))
    await db
      .insertInto('measured_model')
      .values({ run, model: sql`(select key from logged_model where id = ${modelId})` })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  const latest = new Map<number, Row>()
  for (const row of rows) {
    const other = latest.get(row.metric)
    if (!other || isLater(row, other)) latest.set(row.metric, row)
  }
  await keepLatest(db, [...latest.values()], pointValues)
}

type Stored = ReturnType<typeof columnsOf>
const isLater = (one: Stored, other: Stored): boolean =>
  one.step !== other.step ? one.step > other.step : one.at !== other.at ? one.at > other.at : one.value > other.value

export async function readPoints(
  db: Database,
  dialect: SqlDialect,
  id: string,
  metric: string,
  page: { after?: PointPlace | undefined; limit: number },
): Promise<MetricPoint[]> {
  const conditions = [sql`run = ${keyOf(id)}`, sql`metric = ${metricKey(metric)}`]
  if (page.after) {
    const { at, step, value, nan } = columnsOf(page.after)
    conditions.push(sql`(at, step, value, nan) > (${at}, ${step}, ${value}, ${nan})`)
  }
  const rows = await packedRows<PackedPoint>(
    db,
    dialect,
    pointColumns,
    sql`from (select at, step, value, nan from metric_point where ${sql.join(conditions, sql` and `)}
      order by at, step, value, nan limit ${page.limit}) as points`,
  )
  return rows.map((row) => unpackedPoint(metric, row))
}

export async function samplePoints(
  db: Database,
  dialect: SqlDialect,
  id: string,
  metric: string,
  { steps, limit }: { steps?: { from: number; to: number } | undefined; limit: number },
): Promise<MetricPoint[]> {
  const conditions = [sql`run = ${keyOf(id)}`, sql`metric = ${metricKey(metric)}`]
  if (steps) conditions.push(sql`step between ${steps.from} and ${steps.to}`)
  const all = sql`from metric_point where ${sql.join(conditions, sql` and `)}`
  const order = sql`order by step, at, value, nan`
  const read = (rest: RawBuilder<unknown>) => packedRows<PackedPoint>(db, dialect, pointColumns, rest)
  const sampled = await read(sql`from (select at, step, value, nan from (
      select at, step, value, nan, row_number() over (partition by part ${order}) as place from (
        select at, step, value, nan, ntile(${limit}) over (${order}) as part ${all}) as parts) as placed
    where place = 1 ${order}) as points`)
  const [last] = await read(sql`from (select at, step, value, nan ${all}
    order by step desc, at desc, value desc, nan desc limit 1) as points`)
  if (last && sampled.at(-1)?.join() !== last.join()) sampled.splice(limit - 1, 1, last)
  return sampled.map((row) => unpackedPoint(metric, row))
}
