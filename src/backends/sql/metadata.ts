import type { RecordKind, Records } from '../../contract/records.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { Database, SqlDialect } from './dialect.ts'
import {
  countEventsOfTypes,
  insertEvent,
  readEventsAfter,
  readEventsOfTypes,
  readHead,
  readLatestEvents,
  sealEvents,
} from './event-log.ts'
import { insertRecord, putRecord, recordReader, updateRecord } from './records.ts'
import { registryReader, registryWriter } from './registry/registry.ts'
import { migrate, tableOf } from './schema.ts'
import { trackedFileReader, trackedFileWriter } from './tracking/files.ts'
import { RunRevisions } from './tracking/run-revisions.ts'
import { trackingReader, trackingWriter } from './tracking/tracking.ts'

/**
 * Records and events in a SQL database, brought to the present shape first.
 *
 * @param now the project's time, for events.
 */
export async function openSqlMetadata(dialect: SqlDialect, now: () => number): Promise<Metadata> {
  try {
    await migrate(dialect)
  } catch (error) {
    await dialect.close()
    throw error
  }
  const listeners = new Set<(head: { seq: number; hash: string }) => void>()
  let emitted = 0
  let sealedHead: { seq: number; hash: string } | null = null

  // One writer at a time, so sealing within the commit keeps the order and costs no second write to the disk.
  dialect.beforeCommit(async (db) => {
    if (emitted === 0) return
    emitted = 0
    sealedHead = await sealEvents(db)
  })
  const revisions = new RunRevisions()
  dialect.afterCommit(() => {
    revisions.committed()
    if (!sealedHead) return
    const head = sealedHead
    sealedHead = null
    for (const listener of listeners) listener(head)
  })

  const makeWriter = (db: Database): RecordWriter => ({
    ...recordReader(db),
    tracking: trackingWriter(db, dialect, revisions),
    files: trackedFileWriter(db),
    registry: registryWriter(db, dialect),
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

  // A writer is some fifty functions, and a database may have one for all its transactions.
  const writers = new WeakMap<Database, RecordWriter>()
  const writerOf = (db: Database): RecordWriter => {
    const writer = writers.get(db) ?? makeWriter(db)
    writers.set(db, writer)
    return writer
  }

  return {
    ...recordReader(dialect.reader),
    tracking: trackingReader(dialect.reader, dialect, revisions),
    files: trackedFileReader(dialect.reader),
    registry: registryReader(dialect.reader, dialect),
    transaction: (work) => dialect.transaction((db) => work(writerOf(db))),
    eventsAfter: (seq, limit) => readEventsAfter(dialect.reader, seq, limit),
    eventsOfTypes: (after, limit) => readEventsOfTypes(dialect.reader, after, limit),
    countOfTypes: (after, most) => countEventsOfTypes(dialect.reader, after, most),
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
