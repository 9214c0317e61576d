import { sql } from 'kysely'
import type { RunFacts, RunInput } from '../../../contract/tracking.ts'
import type { DatasetUse, TrackingWriter } from '../../../ports/tracking.ts'
import { composedInsert } from '../composed.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { packedRowsOf } from '../packed-rows.ts'
import { experimentKey } from './experiments.ts'
import { type PackedPoint, pointColumns, unpackedPoint } from './metrics.ts'
import { keyOf, keysOf, runKey } from './runs.ts'

export async function readFacts(
  db: Database,
  dialect: SqlDialect,
  ids: readonly string[],
): Promise<Map<string, RunFacts>> {
  const keys = await keysOf(db, dialect, ids)
  const runs = [...keys.keys()]
  const facts = new Map<number, RunFacts>(runs.map((run) => [run, { metrics: [], params: [], tags: [] }]))
  const names = new Map<number, string>()
  await packedRowsOf<[run: number, metric: number, ...PackedPoint]>(
    db,
    dialect,
    ['run', 'metric', ...pointColumns],
    runs,
    (among) => sql`from metric_latest where run in ${among}`,
    ([run, metric, ...point]) => {
      // The name takes the number's place below, when all are known.
      names.set(metric, '')
      facts.get(run)!.metrics.push(unpackedPoint(String(metric), point))
    },
  )
  for (const [table, list] of [
    ['run_param', 'params'],
    ['run_tag', 'tags'],
  ] as const)
    await packedRowsOf<[run: number, name: string, value: string]>(
      db,
      dialect,
      ['run', 'name', 'value'],
      runs,
      (among) => sql`from ${sql.table(table)} where run in ${among}`,
      ([run, key, value]) => facts.get(run)![list].push({ key, value }),
    )
  await packedRowsOf<[key: number, name: string]>(
    db,
    dialect,
    ['key', 'name'],
    [...names.keys()],
    (among) => sql`from metric_name where key in ${among}`,
    ([key, name]) => names.set(key, name),
  )
  for (const { metrics } of facts.values()) {
    for (const point of metrics) point.metric = names.get(Number(point.metric))!
    metrics.sort((a, b) => (a.metric < b.metric ? -1 : 1))
  }
  return new Map(runs.map((run) => [keys.get(run)!, facts.get(run)!]))
}

export async function readParams(db: Database, id: string, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const rows = await db
    .selectFrom('run_param')
    .select(['name', 'value'])
    .where('run', '=', keyOf(id))
    .where('name', 'in', names)
    .execute()
  return new Map(rows.map(({ name, value }) => [name, value]))
}

const datasetColumns = ['name', 'digest', 'source_type', 'source', 'schema', 'profile'] as const

export async function readInputs(
  db: Database,
  dialect: SqlDialect,
  ids: readonly string[],
): Promise<Map<string, RunInput[]>> {
  const keys = await keysOf(db, dialect, ids)
  const inputs = new Map<string, RunInput[]>()
  await packedRowsOf<[run: number, tags: string, string, string, string, string, string | null, string | null]>(
    db,
    dialect,
    ['run', 'tags', ...datasetColumns],
    [...keys.keys()],
    (among) =>
      sql`from (select run_input.run, run_input.tags, logged_dataset.* from run_input
        join logged_dataset on logged_dataset.key = run_input.dataset where run in ${among} order by run, dataset) as inputs`,
    ([run, tags, name, digest, sourceType, source, schema, profile]) => {
      const id = keys.get(run)!
      const list = inputs.get(id) ?? []
      if (list.length === 0) inputs.set(id, list)
      list.push({ dataset: { name, digest, sourceType, source, schema, profile }, tags: JSON.parse(tags) })
    },
  )
  return inputs
}

const pairColumns = ['run', 'name', 'value'] as const
const insertParams = composedInsert<{ key: string; value: string }>(
  (db, rows) => db.insertInto('run_param').values(rows),
  pairColumns,
)
const putTags = composedInsert<[name: string, value: string]>(
  (db, rows) =>
    db
      .insertInto('run_tag')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['run', 'name']).doUpdateSet({ value: sql`excluded.value` })),
  pairColumns,
)

export function factWriter(db: Database): Pick<TrackingWriter, 'addParams' | 'setTags' | 'removeTag' | 'addInputs'> {
  return {
    async addParams(id, params) {
      if (params.length === 0) return
      const run = await runKey(db, id)
      await insertParams(db, params, ({ key, value }) => [run, key, value])
    },
    async setTags(id, tags) {
      // Of a name that comes twice the last counts.
      const last = new Map(tags.map(({ key, value }) => [key, value]))
      if (last.size === 0) return
      const run = await runKey(db, id)
      await putTags(db, [...last], ([name, value]) => [run, name, value])
    },
    async removeTag(id, key) {
      const [result] = await db.deleteFrom('run_tag').where('run', '=', keyOf(id)).where('name', '=', key).execute()
      return Number(result?.numDeletedRows ?? 0) > 0
    },
    async addInputs(id, inputs) {
      for (const { dataset, tags } of inputs) {
        await db
          .insertInto('logged_dataset')
          .values({
            experiment: sql`(select experiment from tracked_run where id = ${id})`,
            name: dataset.name,
            digest: dataset.digest,
            source_type: dataset.sourceType,
            source: dataset.source,
            schema: dataset.schema,
            profile: dataset.profile,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
        const text = JSON.stringify(tags)
        const context = tags.find(({ key }) => key === 'mlflow.data.context')?.value ?? null
        await db
          .insertInto('run_input')
          .values({
            run: keyOf(id),
            dataset: sql`(select key from logged_dataset where name = ${dataset.name} and digest = ${dataset.digest}
              and experiment = (select experiment from tracked_run where id = ${id}))`,
            context,
            tags: text,
          })
          .onConflict((conflict) => conflict.columns(['run', 'dataset']).doUpdateSet({ context, tags: text }))
          .execute()
      }
    },
  }
}

export async function readDatasets(db: Database, experiments: readonly string[], limit: number): Promise<DatasetUse[]> {
  if (experiments.length === 0) return []
  const rows = await db
    .selectFrom('logged_dataset as d')
    .innerJoin('run_input as i', 'i.dataset', 'd.key')
    .select(['d.experiment', 'd.name', 'd.digest', 'i.context'])
    .distinct()
    .where('d.experiment', 'in', experiments.map(experimentKey))
    .orderBy('d.experiment')
    .orderBy('d.name')
    .orderBy('d.digest')
    .orderBy('i.context')
    .limit(limit)
    .execute()
  return rows.map(({ experiment, name, digest, context }) => ({
    experimentId: String(experiment),
    name: String(name),
    digest: String(digest),
    context: context === null ? null : String(context),
  }))
}
