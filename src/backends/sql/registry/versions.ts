import { type RawBuilder, sql } from 'kysely'
import type { ModelVersionRecord } from '../../../contract/model.ts'
import { ownTagPrefix, promptTag, type VersionNote, type VersionStage } from '../../../contract/registry.ts'
import type { NotedVersion, RegistryReader, RegistrySearch, RegistryWriter } from '../../../ports/registry.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { filterSql, type Searched } from '../tracking/filter-sql.ts'
import { afterPlace, orderBy, orderColumns, pageOf, type Term } from '../tracking/ordered-page.ts'
import { tagsOf } from './models.ts'
import { asksForTag, nameAsked, notBefore } from './search.ts'

interface Row {
  id: string
  model: string
  number: number
  description: string | null
  stage: VersionStage
  changed_at: number | string
  model_name: string
  doc: string
}

type Dialect = Pick<SqlDialect, 'like' | 'member'>

const noteOf = (row: Row): VersionNote => ({
  id: row.id,
  model: row.model,
  number: Number(row.number),
  description: row.description,
  stage: row.stage,
  changedAt: Number(row.changed_at),
})

const versionOf = (row: Row): NotedVersion => ({
  name: row.model_name,
  record: JSON.parse(row.doc) as ModelVersionRecord,
  note: noteOf(row),
})

const selected = sql`n.*, m.name as model_name, v.doc as doc`
// Notes first: in their order the rest is looked up, for as many as the page has.
const joined = sql`version_note n cross join registered_model m on m.key = n.model and m.deleted = 0 and n.number > m.gone_to
  cross join record_model_version v on v.id = n.id`

const attributesIn = ({ member }: Dialect): Record<string, RawBuilder<unknown>> => ({
  name: sql`m.name`,
  version_number: sql`n.number`,
  run_id: sql`v.f_runId`,
  source_path: member('source.uri'),
  creation_timestamp: member('recordedAt'),
  last_updated_timestamp: sql`n.changed_at`,
})

function searchedIn(attributes: Record<string, RawBuilder<unknown>>, dialect: Dialect): Searched {
  /** What the version itself says, by the tag that it is shown as. */
  const own: Record<string, RawBuilder<unknown>> = {
    [`${ownTagPrefix}state`]: sql`v.f_state`,
    [`${ownTagPrefix}task`]: dialect.member('task'),
  }
  return {
    attribute: (key) => attributes[key]!,
    any({ key }, test) {
      const said = Object.hasOwn(own, key) ? own[key] : undefined
      if (said) return test ? sql`(${said} is not null and ${test(said)})` : sql`(${said} is not null)`
      const fits = test ? test(sql`value`) : sql`1 = 1`
      return sql`exists (select 1 from version_tag where version = n.id and name = ${key} and ${fits})`
    },
    absent: ({ entity, key }) => (entity === 'tag' && key === promptTag ? 'false' : undefined),
  }
}

async function search(
  db: Database,
  dialect: Dialect,
  { filter, order, limit, after }: RegistrySearch,
): ReturnType<RegistryReader['searchVersions']> {
  const attributes = attributesIn(dialect)
  const has = (name: string): boolean => order.some(({ key }) => key === name)
  const terms: Term[] = [
    ...order.map(({ key, descending }) => ({ value: attributes[key]!, descending })),
    ...(has('name') ? [] : [{ value: attributes.name!, descending: false }]),
    ...(has('version_number') ? [] : [{ value: attributes.version_number!, descending: true }]),
  ]
  if (after && after.length !== terms.length) return { versions: [], next: null }
  const name = nameAsked(filter)
  const conditions: RawBuilder<unknown>[] = [
    // Of one model its own indexes are in the order that is asked for: its name is the same for all.
    ...(name === null ? [] : [sql`n.model = (select key from registered_model where name = ${name} and deleted = 0)`]),
    ...(filter ? [filterSql(filter, searchedIn(attributes, dialect), dialect)] : []),
    ...(asksForTag(filter, promptTag)
      ? []
      : [sql`not exists (select 1 from version_tag where version = n.id and name = ${promptTag} and value = 'true')`]),
    ...(after ? [notBefore(terms, after), afterPlace(terms, after)] : []),
  ]
  const sorted = name === null ? terms : terms.filter(({ value }) => value !== attributes.name)
  const { rows } = await sql<Row>`
    select ${selected}, ${orderColumns(terms)} from ${joined}
    ${conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``}
    order by ${orderBySorted(terms, sorted)} limit ${limit + 1}`.execute(db)
  const { page, next } = pageOf(rows, limit, terms)
  return { versions: page.map(versionOf), next }
}

/** By the values themselves, for which there are indexes. */
const orderBySorted = (terms: readonly Term[], sorted: readonly Term[]): RawBuilder<unknown> =>
  sorted.length === terms.length
    ? orderBy(terms)
    : sql.join(sorted.map(({ value, descending }) => sql`${value} ${sql.raw(descending ? 'desc' : 'asc')}`))

async function latest(db: Database, models: readonly string[]): Promise<NotedVersion[]> {
  const found: NotedVersion[] = []
  for (let from = 0; from < models.length; from += 500) {
    const { rows } = await sql<Row>`
      select ${selected} from
        (select model as newest_model, max(number) as newest from version_note
          where model in (${sql.join(models.slice(from, from + 500))}) group by model, stage) g
        cross join ${joined} where n.model = g.newest_model and n.number = g.newest order by n.model, n.number`.execute(
      db,
    )
    found.push(...rows.map(versionOf))
  }
  return found
}

type VersionReader = Pick<
  RegistryReader,
  'version' | 'newestVersions' | 'searchVersions' | 'latest' | 'inStage' | 'versionTags' | 'hiddenVersions'
>

export const registeredVersionReader = (db: Database, dialect: Dialect): VersionReader => ({
  async version(model, number) {
    const { rows } = await sql<Row>`
      select ${selected} from ${joined} where n.model = ${model} and n.number = ${number}`.execute(db)
    return rows[0] && versionOf(rows[0])
  },
  async newestVersions(model, { before, limit }) {
    const below = before === undefined ? sql`1 = 1` : sql`n.number < ${before}`
    const { rows } = await sql<Row>`
      select ${selected} from ${joined} where n.model = ${model} and ${below} order by n.number desc limit ${limit}`.execute(
      db,
    )
    return rows.map(versionOf)
  },
  searchVersions: (asked) => search(db, dialect, asked),
  latest: (models) => latest(db, models),
  async inStage(model, stage) {
    const rows = await db
      .selectFrom('version_note')
      .select('number')
      .where('model', '=', model)
      .where('stage', '=', stage)
      .where('number', '>', db.selectFrom('registered_model').select('gone_to').where('key', '=', model))
      .execute()
    return rows.map(({ number }) => Number(number))
  },
  versionTags: (ids) => tagsOf(db, ['version_tag', 'version'], ids),
  async hiddenVersions(limit) {
    const { rows } = await sql<{ id: string; files: string | null }>`
      select n.id as id, v.f_filesHash as files from registered_model m
        cross join version_note n on n.model = m.key and n.number <= m.gone_to
        left join record_model_version v on v.id = n.id
      where m.gone_to >= 0 limit ${limit}`.execute(db)
    return rows.map(({ id, files }) => ({ id, filesHash: files }))
  },
})

type VersionWriter = Pick<
  RegistryWriter,
  | 'insertNote'
  | 'updateNote'
  | 'touchNotes'
  | 'hideVersions'
  | 'forgetHidden'
  | 'removeNote'
  | 'setVersionTag'
  | 'removeVersionTag'
>

export const registeredVersionWriter = (db: Database): VersionWriter => ({
  async insertNote({ id, model, number, description, stage, changedAt }) {
    await db
      .insertInto('version_note')
      .values({ id, model, number, description, stage, changed_at: changedAt })
      .execute()
  },
  async updateNote(id, { description, stage, changedAt }) {
    const columns = {
      ...(description === undefined ? {} : { description }),
      ...(stage === undefined ? {} : { stage }),
      ...(changedAt === undefined ? {} : { changed_at: changedAt }),
    }
    await db.updateTable('version_note').set(columns).where('id', '=', id).execute()
  },
  async touchNotes(model, changedAt) {
    await db.updateTable('version_note').set({ changed_at: changedAt }).where('model', '=', model).execute()
  },
  async hideVersions(model) {
    await db
      .updateTable('registered_model')
      .set(({ ref }) => ({ gone_to: ref('last_number') }))
      .where('key', '=', model)
      .execute()
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from version_note where model = ${model}`.execute(db)
    return Number(rows[0]!.count)
  },
  async forgetHidden() {
    await sql`update registered_model set gone_to = -1 where gone_to >= 0 and not exists
      (select 1 from version_note n where n.model = registered_model.key and n.number <= registered_model.gone_to)`.execute(
      db,
    )
  },
  async removeNote(id) {
    await db.deleteFrom('version_tag').where('version', '=', id).execute()
    await db.deleteFrom('version_note').where('id', '=', id).execute()
  },
  async setVersionTag(id, tag) {
    await db
      .insertInto('version_tag')
      .values({ version: id, name: tag.key, value: tag.value })
      .onConflict((conflict) => conflict.columns(['version', 'name']).doUpdateSet({ value: tag.value }))
      .execute()
  },
  async removeVersionTag(id, name) {
    await db.deleteFrom('version_tag').where('version', '=', id).where('name', '=', name).execute()
  },
})
