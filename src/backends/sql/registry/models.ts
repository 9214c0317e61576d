import { type RawBuilder, sql } from 'kysely'
import { MillwrightError } from '../../../base/errors.ts'
import { promptTag, type RegisteredModel, type RegistryTag } from '../../../contract/registry.ts'
import type { RegistryReader, RegistrySearch, RegistryWriter } from '../../../ports/registry.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { filterSql, type Searched } from '../tracking/filter-sql.ts'
import { afterPlace, orderBy, orderColumns, pageOf, type Term } from '../tracking/ordered-page.ts'
import { asksForTag, notBefore } from './search.ts'

interface Row {
  key: string
  name: string
  description: string | null
  last_number: number
  deleted: number
  created_at: number | string
  changed_at: number | string
}

const modelOf = (row: Row): RegisteredModel => ({
  key: row.key,
  name: row.name,
  description: row.description,
  lastNumber: Number(row.last_number),
  isDeleted: row.deleted !== 0,
  createdAt: Number(row.created_at),
  changedAt: Number(row.changed_at),
})

/** Tags of many, by what has them. */
export async function tagsOf(
  db: Database,
  [table, owner]: readonly ['registered_model_tag', 'model'] | readonly ['version_tag', 'version'],
  ids: readonly string[],
): Promise<Map<string, RegistryTag[]>> {
  const tags = new Map<string, RegistryTag[]>(ids.map((id) => [id, []]))
  for (let from = 0; from < ids.length; from += 1000) {
    const rows = await db
      .selectFrom(table)
      .select([owner, 'name', 'value'])
      .where(owner, 'in', ids.slice(from, from + 1000))
      .orderBy('name')
      .execute()
    for (const row of rows) tags.get(row[owner])!.push({ key: row.name, value: row.value })
  }
  return tags
}

const attributes: Record<string, RawBuilder<unknown>> = {
  name: sql`m.name`,
  last_updated_timestamp: sql`m.changed_at`,
}

const searched: Searched = {
  attribute: (key) => attributes[key]!,
  any({ key }, test) {
    const fits = test ? test(sql`value`) : sql`1 = 1`
    return sql`exists (select 1 from registered_model_tag where model = m.key and name = ${key} and ${fits})`
  },
  absent: ({ entity, key }) => (entity === 'tag' && key === promptTag ? 'false' : undefined),
}

async function search(
  db: Database,
  dialect: Pick<SqlDialect, 'like'>,
  { filter, order, limit, after }: RegistrySearch,
): ReturnType<RegistryReader['searchModels']> {
  const terms: Term[] = [
    ...order.map(({ key, descending }) => ({ value: attributes[key]!, descending })),
    ...(order.some(({ key }) => key === 'name') ? [] : [{ value: sql`m.name`, descending: false }]),
  ]
  if (after && after.length !== terms.length) return { models: [], next: null }
  const conditions: RawBuilder<unknown>[] = [
    sql`m.deleted = 0`,
    ...(filter ? [filterSql(filter, searched, dialect)] : []),
    ...(asksForTag(filter, promptTag)
      ? []
      : [
          sql`not exists (select 1 from registered_model_tag where model = m.key and name = ${promptTag} and value = 'true')`,
        ]),
    ...(after ? [notBefore(terms, after), afterPlace(terms, after)] : []),
  ]
  const { rows } = await sql<Row>`
    select m.*, ${orderColumns(terms)} from registered_model m where ${sql.join(conditions, sql` and `)}
    order by ${orderBy(terms)} limit ${limit + 1}`.execute(db)
  const { page, next } = pageOf(rows, limit, terms)
  return { models: page.map(modelOf), next }
}

type ModelReader = Pick<RegistryReader, 'model' | 'modelNamed' | 'models' | 'searchModels' | 'modelTags'>

export const registeredModelReader = (db: Database, dialect: Pick<SqlDialect, 'like'>): ModelReader => ({
  async model(key) {
    const rows = await db.selectFrom('registered_model').selectAll().where('key', '=', key).execute()
    return rows[0] && modelOf(rows[0] as Row)
  },
  async modelNamed(name) {
    const found = db.selectFrom('registered_model').selectAll().where('name', '=', name).where('deleted', '=', 0)
    const rows = await found.execute()
    return rows[0] && modelOf(rows[0] as Row)
  },
  async models() {
    const rows = await db.selectFrom('registered_model').selectAll().where('deleted', '=', 0).orderBy('name').execute()
    return (rows as Row[]).map(modelOf)
  },
  searchModels: (asked) => search(db, dialect, asked),
  modelTags: (keys) => tagsOf(db, ['registered_model_tag', 'model'], keys),
})

export const registeredModelWriter = (
  db: Database,
  isUniqueViolation: (error: unknown) => boolean,
): Pick<RegistryWriter, 'insertModel' | 'updateModel' | 'setModelTag' | 'removeModelTag'> => ({
  async insertModel({ key, name, description, lastNumber, isDeleted, createdAt, changedAt }) {
    const row = {
      key,
      name,
      description,
      last_number: lastNumber,
      deleted: Number(isDeleted),
      created_at: createdAt,
      changed_at: changedAt,
    }
    await db.insertInto('registered_model').values(row).execute()
  },
  async updateModel(key, { name, description, lastNumber, isDeleted, changedAt }) {
    const columns = {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(lastNumber === undefined ? {} : { last_number: lastNumber }),
      ...(isDeleted === undefined ? {} : { deleted: Number(isDeleted) }),
      ...(changedAt === undefined ? {} : { changed_at: changedAt }),
    }
    try {
      await db.updateTable('registered_model').set(columns).where('key', '=', key).execute()
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      throw new MillwrightError('already-exists', `there is already a model "${name}"`, { field: 'name', cause: error })
    }
  },
  async setModelTag(key, tag) {
    await db
      .insertInto('registered_model_tag')
      .values({ model: key, name: tag.key, value: tag.value })
      .onConflict((conflict) => conflict.columns(['model', 'name']).doUpdateSet({ value: tag.value }))
      .execute()
  },
  async removeModelTag(key, name) {
    await db.deleteFrom('registered_model_tag').where('model', '=', key).where('name', '=', name).execute()
  },
})
