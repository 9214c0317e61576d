import { newId } from '../../base/ids.ts'
import { type Event, eventTypes, type NewEvent } from '../../contract/events.ts'
import { sealOf } from '../../ports/event-chain.ts'
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

export async function insertEvent(db: Database, event: NewEvent, time: number): Promise<void> {
  const row = {
    id: newId('evt'),
    type: event.type,
    stage: eventTypes[event.type],
    subject: event.subject,
    actor: event.actor,
    message: event.message,
    level: event.level ?? 'info',
    time: Math.round(time),
    recorded_at: Date.now(),
    data: JSON.stringify(event.data ?? {}),
  }
  await db.insertInto('event').values(row).execute()
}

/** The last sealed place and hash, as `db` sees them. */
export async function readHead(db: Database): Promise<{ seq: number; hash: string }> {
  const rows = await db
    .selectFrom('event')
    .select(['seq', 'hash'])
    .where('seq', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(1)
    .execute()
  return rows[0] ? { seq: Number(rows[0].seq), hash: rows[0].hash as string } : { seq: 0, hash: '' }
}

/** Gives every unsealed event that `db` sees its number and its hash, in the order of the ids. @returns the new head, null if none was open. */
export async function sealEvents(db: Database): Promise<{ seq: number; hash: string } | null> {
  const open = (await db.selectFrom('event').selectAll().where('seq', 'is', null).orderBy('id').execute()) as Row[]
  if (open.length === 0) return null
  let head = await readHead(db)
  for (const row of open) {
    const sealed = { ...eventOf(row), seq: head.seq + 1, previousHash: head.hash }
    const { hash: _, ...said } = sealed
    head = { seq: sealed.seq, hash: sealOf(said) }
    await db
      .updateTable('event')
      .set({ seq: head.seq, previous_hash: sealed.previousHash, hash: head.hash })
      .where('id', '=', row.id)
      .execute()
  }
  return head
}

export async function readEventsAfter(db: Database, seq: number, limit: number): Promise<Event[]> {
  const rows = await db.selectFrom('event').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit).execute()
  return (rows as Row[]).map(eventOf)
}

export async function readLatestEvents(
  db: Database,
  query: { before?: number; limit: number; type?: string; subject?: string; stage?: string },
): Promise<Event[]> {
  let statement = db.selectFrom('event').selectAll().where('seq', 'is not', null)
  if (query.before !== undefined) statement = statement.where('seq', '<', query.before)
  if (query.type !== undefined) statement = statement.where('type', '=', query.type)
  if (query.subject !== undefined) statement = statement.where('subject', '=', query.subject)
  if (query.stage !== undefined) statement = statement.where('stage', '=', query.stage)
  return ((await statement.orderBy('seq', 'desc').limit(query.limit).execute()) as Row[]).map(eventOf)
}
