import { sql } from 'kysely'
import { newId } from '../../base/ids.ts'
import { type Event, eventTypes, type NewEvent } from '../../contract/events.ts'
import { sealOf } from '../../ports/event-chain.ts'
import type { EventPlaces, EventQuery } from '../../ports/metadata.ts'
import { composed, composedInsert } from './composed.ts'
import type { Database } from './dialect.ts'

interface Row {
  id: string
  seq: number
  type: string
  stage: string
  subject: string
  actor: string
  message: string
  level: string
  time: number | string
  recorded_at: number | string
  data: string
  previous_hash: string
  hash: string
}

const eventOf = (row: Row): Event => ({
  seq: row.seq,
  id: row.id,
  type: row.type,
  stage: row.stage,
  subject: row.subject,
  actor: row.actor,
  message: row.message,
  level: row.level as Event['level'],
  time: Number(row.time),
  recordedAt: Number(row.recorded_at),
  data: JSON.parse(row.data),
  previousHash: row.previous_hash ?? '',
  hash: row.hash ?? '',
})

const insertRows = composedInsert<NewEvent>(
  (db, rows) => db.insertInto('event').values(rows),
  ['id', 'type', 'stage', 'subject', 'actor', 'message', 'level', 'time', 'recorded_at', 'data'],
)
const lastSealed = composed<'last', { seq: number | string; hash: string }>((db) =>
  db.selectFrom('event').select(['seq', 'hash']).where('seq', 'is not', null).orderBy('seq', 'desc').limit(1),
)
const openRows = composed<'open', Row>((db) =>
  db.selectFrom('event').selectAll().where('seq', 'is', null).orderBy('id'),
)
const seal = composed<'one'>((db) =>
  db.updateTable('event').set({ seq: 0, previous_hash: '', hash: '' }).where('id', '=', ''),
)

export async function insertEvent(db: Database, event: NewEvent, time: number): Promise<void> {
  await insertRows(db, [event], () => [
    newId('evt'),
    event.type,
    eventTypes[event.type],
    event.subject,
    event.actor,
    event.message,
    event.level ?? 'info',
    Math.round(time),
    Date.now(),
    JSON.stringify(event.data ?? {}),
  ])
}

/** The last sealed place and hash, as `db` sees them. */
export async function readHead(db: Database): Promise<{ seq: number; hash: string }> {
  const [row] = await lastSealed(db, 'last', [1])
  return row ? { seq: Number(row.seq), hash: row.hash } : { seq: 0, hash: '' }
}

/** Gives every unsealed event that `db` sees its number and its hash, in the order of the ids. @returns the new head, null if none was open. */
export async function sealEvents(db: Database): Promise<{ seq: number; hash: string } | null> {
  const open = await openRows(db, 'open', [])
  if (open.length === 0) return null
  let head = await readHead(db)
  for (const row of open) {
    const sealed = { ...eventOf(row), seq: head.seq + 1, previousHash: head.hash }
    const { hash: _, ...said } = sealed
    head = { seq: sealed.seq, hash: sealOf(said) }
    await seal(db, 'one', [head.seq, sealed.previousHash, head.hash, row.id])
  }
  return head
}

export async function readEventsAfter(db: Database, seq: number, limit: number): Promise<Event[]> {
  const rows = await db.selectFrom('event').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit).execute()
  return (rows as Row[]).map(eventOf)
}

const ofType = composed<'one', Row>((db) =>
  db.selectFrom('event').selectAll().where('type', '=', '').where('seq', '>', 0).orderBy('seq').limit(1),
)
const countOfType = composed<'one', { count: number | string }>((db) =>
  db
    .selectFrom(db.selectFrom('event').select('seq').where('type', '=', '').where('seq', '>', 0).limit(1).as('some'))
    .select((build) => build.fn.countAll().as('count')),
)

/** Of each type by its index, so that a rare one costs no walk through all the others. */
export async function readEventsOfTypes(db: Database, after: EventPlaces, limit: number): Promise<Event[]> {
  const found: Row[] = []
  for (const [type, seq] of after) found.push(...(await ofType(db, 'one', [type, seq, limit])))
  return found
    .sort((a, b) => a.seq - b.seq)
    .slice(0, limit)
    .map(eventOf)
}

export async function countEventsOfTypes(db: Database, after: EventPlaces, most: number): Promise<number> {
  let count = 0
  for (const [type, seq] of after) {
    const [row] = await countOfType(db, 'one', [type, seq, most - count])
    count += Number(row?.count ?? 0)
    if (count >= most) break
  }
  return count
}

export async function readLatestEvents(db: Database, query: EventQuery): Promise<Event[]> {
  let statement = db.selectFrom('event').selectAll().where('seq', 'is not', null)
  if (query.before !== undefined) statement = statement.where('seq', '<', query.before)
  for (const field of ['type', 'subject', 'stage', 'level', 'actor'] as const) {
    const wanted = query[field]
    if (wanted !== undefined) statement = statement.where(field, '=', wanted)
  }
  if (query.text !== undefined) {
    const text = `%${query.text.toLowerCase().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
    const holds = (field: 'message' | 'subject' | 'actor') =>
      sql<boolean>`lower(${sql.ref(field)}) like ${text} escape '\\'`
    statement = statement.where((where) => where.or([holds('message'), holds('subject'), holds('actor')]))
  }
  return ((await statement.orderBy('seq', 'desc').limit(query.limit).execute()) as Row[]).map(eventOf)
}
