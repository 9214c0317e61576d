import type { RecordKind, Records } from '../../contract/records.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { Database, SqlDialect } from './dialect.ts'
import { insertEvent, readEventsAfter, readHead, readLatestEvents, sealEvents } from './event-log.ts'
import { insertRecord, putRecord, recordReader, updateRecord } from './records.ts'
import { migrate, tableOf } from './schema.ts'

/**
 * Records and events in a SQL database, brought to the present shape first.
 *
 * @param now the project's time, for events.
 */
export async function openSqlMetadata(dialect: SqlDialect, now: () => number): Promise<Metadata> {
  await migrate(dialect)
  const listeners = new Set<(head: { seq: number; hash: string }) => void>()
  let emitted = 0
  let sealedHead: { seq: number; hash: string } | null = null

  // One writer at a time, so sealing within the commit keeps the order and costs no second write to the disk.
  dialect.beforeCommit(async (db) => {
    if (emitted === 0) return
    emitted = 0
    sealedHead = await sealEvents(db)
  })
  dialect.afterCommit(() => {
    if (!sealedHead) return
    const head = sealedHead
    sealedHead = null
    for (const listener of listeners) listener(head)
  })

  const writerOf = (db: Database): RecordWriter => ({
    ...recordReader(db),
    insert: (kind, record) => insertRecord(db, kind, record, dialect.isUniqueViolation),
    put: (kind, record) => putRecord(db, kind, record),
    update: <K extends RecordKind>(kind: K, id: string, change: Partial<Records[K]>) =>
      updateRecord(db, kind, id, change),
    remove: async (kind, id) => {
      await db.deleteFrom(tableOf(kind)).where('id', '=', id).execute()
    },
    emit: async (event) => {
      emitted += 1
      await insertEvent(db, event, now())
    },
  })

  return {
    ...recordReader(dialect.reader),
    transaction: (work) => dialect.transaction((db) => work(writerOf(db))),
    eventsAfter: (seq, limit) => readEventsAfter(dialect.reader, seq, limit),
    latestEvents: (query) => readLatestEvents(dialect.reader, query),
    eventHead: () => readHead(dialect.reader),
    onSealed: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    sealed: async () => {
      await dialect.transaction(async () => {})
    },
    close: () => dialect.close(),
  }
}
