import type { Event, NewEvent } from '../contract/events.ts'
import type { RecordKind, Records, recordIndexes } from '../contract/records.ts'

export type IndexedField<K extends RecordKind> = (typeof recordIndexes)[K][number] | 'id'
type Scalar = string | number | boolean | null

/** Each named field must equal the value, be one of the values, or lie in the range. All of them must hold. */
export type Where<K extends RecordKind> = {
  [F in IndexedField<K>]?:
    | Scalar
    | readonly Scalar[]
    | { above?: Scalar; atLeast?: Scalar; below?: Scalar; atMost?: Scalar }
}

export interface Query<K extends RecordKind> {
  where?: Where<K>
  /** Then by id, in the same direction, so that pages never overlap. Default: id ascending. */
  orderBy?: { field: IndexedField<K>; direction?: 'asc' | 'desc' }
  limit?: number
  offset?: number
}

export interface RecordReader {
  get<K extends RecordKind>(kind: K, id: string): Promise<Records[K] | undefined>
  find<K extends RecordKind>(kind: K, query?: Query<K>): Promise<Records[K][]>
  count<K extends RecordKind>(kind: K, where?: Where<K>): Promise<number>
}

/** What a transaction can do. Reads see its own writes. */
export interface RecordWriter extends RecordReader {
  /** @throws `already-exists` when the id is taken. */
  insert<K extends RecordKind>(kind: K, record: Records[K]): Promise<void>
  /** Inserts, or replaces the whole record. */
  put<K extends RecordKind>(kind: K, record: Records[K]): Promise<void>
  /** Replaces the named fields. @throws `not-found` */
  update<K extends RecordKind>(kind: K, id: string, change: Partial<Records[K]>): Promise<Records[K]>
  /** Nothing happens when it is not there. */
  remove(kind: RecordKind, id: string): Promise<void>
  /** The news of the change, in the same transaction: it becomes visible with it, or not at all. */
  emit(event: NewEvent): Promise<void>
}

/**
 * Where the control plane keeps its records and its event log.
 *
 * - A transaction is atomic and durable: when its promise resolves, the change survives the death of process and machine. When
 *   `work` throws, nothing of it remains and the promise rejects with the same error.
 * - Transactions are serialisable. `work` must not wait for anything but the writer it is given; a back end may run it again.
 * - Events are sealed after the commit, by one process at a time: numbered from 1 without gaps, each with the hash of the one before.
 */
export interface Metadata extends RecordReader {
  transaction<T>(work: (writer: RecordWriter) => Promise<T>): Promise<T>
  /** Sealed events after `seq`, in order. */
  eventsAfter(seq: number, limit: number): Promise<Event[]>
  /** Sealed events, newest first. `before` is exclusive. */
  latestEvents(query: {
    before?: number
    limit: number
    type?: string
    subject?: string
    stage?: string
  }): Promise<Event[]>
  /** The last sealed event's place and hash; 0 and '' of an empty log. */
  eventHead(): Promise<{ seq: number; hash: string }>
  /** Calls back after events were sealed, with the new head. @returns a function that ends it. */
  onSealed(listener: (head: { seq: number; hash: string }) => void): () => void
  /** Waits until all committed events are sealed. */
  sealed(): Promise<void>
  close(): Promise<void>
}
