import { sql } from 'kysely'
import { MillwrightError } from '../../base/errors.ts'
import { type RecordKind, type Records, recordIndexes } from '../../contract/records.ts'
import type { Query, RecordReader, Where } from '../../ports/metadata.ts'
import type { Database } from './dialect.ts'
import { columnOf, tableOf } from './schema.ts'

const fieldColumn = (field: string): string => (field === 'id' ? 'id' : columnOf(field))

/** Booleans are stored as 0 and 1, as SQLite's `json_extract` gives them. */
const stored = (value: unknown): unknown => (typeof value === 'boolean' ? Number(value) : value)

function filtered<K extends RecordKind>(db: Database, kind: K, where: Where<K> | undefined) {
  let query = db.selectFrom(tableOf(kind))
  for (const [field, condition] of Object.entries(where ?? {})) {
    if (condition === undefined) continue
    const column = fieldColumn(field)
    if (condition === null) query = query.where(column, 'is', null)
    else if (Array.isArray(condition)) query = query.where(column, 'in', condition.map(stored))
    else if (typeof condition === 'object') {
      const range = condition as { above?: unknown; atLeast?: unknown; below?: unknown; atMost?: unknown }
      if (range.above !== undefined) query = query.where(column, '>', stored(range.above))
      if (range.atLeast !== undefined) query = query.where(column, '>=', stored(range.atLeast))
      if (range.below !== undefined) query = query.where(column, '<', stored(range.below))
      if (range.atMost !== undefined) query = query.where(column, '<=', stored(range.atMost))
    } else query = query.where(column, '=', stored(condition))
  }
  return query
}

export function recordReader(db: Database): RecordReader {
  return {
    async get<K extends RecordKind>(kind: K, id: string): Promise<Records[K] | undefined> {
      const rows = await db.selectFrom(tableOf(kind)).select('doc').where('id', '=', id).execute()
      return rows[0] ? (JSON.parse(rows[0].doc) as Records[K]) : undefined
    },
    async find<K extends RecordKind>(kind: K, query: Query<K> = {}): Promise<Records[K][]> {
      const direction = query.orderBy?.direction ?? 'asc'
      let statement = filtered(db, kind, query.where).select('doc')
      if (query.orderBy && query.orderBy.field !== 'id') {
        statement = statement.orderBy(fieldColumn(query.orderBy.field), direction)
      }
      statement = statement.orderBy('id', direction)
      if (query.limit !== undefined) statement = statement.limit(query.limit)
      if (query.offset !== undefined) {
        if (query.limit === undefined) statement = statement.limit(sql<number>`-1`)
        statement = statement.offset(query.offset)
      }
      return (await statement.execute()).map((row) => JSON.parse(row.doc) as Records[K])
    },
    async count<K extends RecordKind>(kind: K, where?: Where<K>): Promise<number> {
      const rows = await filtered(db, kind, where)
        .select((build) => build.fn.countAll().as('count'))
        .execute()
      return Number(rows[0]?.count ?? 0)
    },
  }
}

function rowOf<K extends RecordKind>(kind: K, record: Records[K]): Record<string, unknown> {
  const row: Record<string, unknown> = { id: record.id, doc: JSON.stringify(record) }
  for (const field of recordIndexes[kind]) {
    row[columnOf(field)] = stored((record as unknown as Record<string, unknown>)[field]) ?? null
  }
  return row
}

export async function insertRecord<K extends RecordKind>(
  db: Database,
  kind: K,
  record: Records[K],
  isUniqueViolation: (error: unknown) => boolean,
): Promise<void> {
  try {
    await db.insertInto(tableOf(kind)).values(rowOf(kind, record)).execute()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new MillwrightError('already-exists', `there is already a ${kind.replaceAll('_', ' ')} "${record.id}"`, {
      cause: error,
    })
  }
}

export async function putRecord<K extends RecordKind>(db: Database, kind: K, record: Records[K]): Promise<void> {
  const { id, ...others } = rowOf(kind, record)
  await db
    .insertInto(tableOf(kind))
    .values({ id, ...others })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(others))
    .execute()
}

export async function updateRecord<K extends RecordKind>(
  db: Database,
  kind: K,
  id: string,
  change: Partial<Records[K]>,
): Promise<Records[K]> {
  const present = await recordReader(db).get(kind, id)
  if (!present) throw new MillwrightError('not-found', `there is no ${kind.replaceAll('_', ' ')} "${id}"`)
  const changed = { ...present, ...change, id: present.id }
  const { id: _, ...columns } = rowOf(kind, changed)
  await db.updateTable(tableOf(kind)).set(columns).where('id', '=', id).execute()
  return changed
}
