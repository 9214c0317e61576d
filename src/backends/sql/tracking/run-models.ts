import { sql } from 'kysely'
import type { RunModels } from '../../../contract/tracking.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { packedRowsOf } from '../packed-rows.ts'
import { keyOf, keysOf } from './runs.ts'

export async function readRunModels(
  db: Database,
  dialect: SqlDialect,
  ids: readonly string[],
): Promise<Map<string, RunModels>> {
  const keys = await keysOf(db, dialect, ids)
  const models = new Map<string, RunModels>()
  await packedRowsOf<[run: number, made: number, model: string, step: number]>(
    db,
    dialect,
    ['run', 'made', 'model', 'step'],
    [...keys.keys()],
    (among) => sql`from run_model where run in ${among}`,
    ([run, made, model, step]) => {
      const id = keys.get(run)!
      const own = models.get(id) ?? { inputs: [], outputs: [] }
      models.set(id, own)
      if (made === 0) own.inputs.push(model)
      else own.outputs.push({ model, step })
    },
  )
  return models
}

export async function addRunModels(db: Database, id: string, { inputs, outputs }: RunModels): Promise<void> {
  const rows = [
    ...inputs.map((model) => ({ run: keyOf(id), made: 0, model, step: 0 })),
    ...outputs.map(({ model, step }) => ({ run: keyOf(id), made: 1, model, step })),
  ]
  if (rows.length === 0) return
  await db
    .insertInto('run_model')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
