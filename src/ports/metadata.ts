import type { Event, EventType, NewEvent } from '../contract/events.ts'
import type { RecordKind, Records, recordIndexes } from '../contract/records.ts'
import type { RegistryReader, RegistryWriter } from './registry.ts'
import type { TrackedFileReader, TrackedFileWriter } from './tracked-files.ts'
import type { TrackingReader, TrackingWriter } from './tracking.ts'

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

/** Which events; all that is said must hold. */
export interface EventQuery {
  /** Only older ones than this place. */
  before?: number | undefined
  limit: number
  type?: string | undefined
  subject?: string | undefined
  stage?: string | undefined
  level?: Event['level'] | undefined
  actor?: string | undefined
  /** A part of the message, of the subject or of the actor, whatever its case. */
  text?: string | undefined
}

/** Of types of events, the places after which they are asked for. */
export type EventPlaces = ReadonlyMap<EventType, number>

export interface RecordReader {
  get<K extends RecordKind>(kind: K, id: string): Promise<Records[K] | undefined>
  find<K extends RecordKind>(kind: K, query?: Query<K>): Promise<Records[K][]>
  count<K extends RecordKind>(kind: K, where?: Where<K>): Promise<number>
}

/** What a transaction can do. Reads see its own writes. */
export interface RecordWriter extends RecordReader {
  readonly tracking: TrackingWriter
  readonly files: TrackedFileWriter
  readonly registry: RegistryWriter
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

/** Notes what a transaction makes, by its id, within that transaction. */
export type NoteMade = (writer: RecordWriter, id: string) => Promise<void>
export const noNote: NoteMade = async () => {}

/**
 * Where the control plane keeps its records and its event log.
 *
 * - A transaction is atomic and durable: when its promise resolves, the change survives the death of process and machine. When
 *   `work` throws, nothing of it remains and the promise rejects with the same error.
 * - Transactions are serialisable. `work` must not wait for anything but the writer it is given; a back end may run it again.
 * - Events are sealed after the commit, by one process at a time: numbered from 1 without gaps, each with the hash of the one before.
 */
export interface Metadata extends RecordReader {
  readonly tracking: TrackingReader
  readonly files: TrackedFileReader
  readonly registry: RegistryReader
  transaction<T>(work: (writer: RecordWriter) => Promise<T>): Promise<T>
  /** Sealed events after `seq`, in order. */
  eventsAfter(seq: number, limit: number): Promise<Event[]>
  /** Sealed events of some types, in order: of each type those after its own place. What stands between costs nothing. */
  eventsOfTypes(after: EventPlaces, limit: number): Promise<Event[]>
  /** How many of them there are; `most` for that many and more. */
  countOfTypes(after: EventPlaces, most: number): Promise<number>
  /** Sealed events, newest first. `before` is exclusive. */
  latestEvents(query: EventQuery): Promise<Event[]>
  /** The last sealed event's place and hash; 0 and '' of an empty log. */
  eventHead(): Promise<{ seq: number; hash: string }>
  /** Calls back after events were sealed, with the new head. @returns a function that ends it. */
  onSealed(listener: (head: { seq: number; hash: string }) => void): () => void
  /** Waits until all committed events are sealed. */
  sealed(): Promise<void>
  close(): Promise<void>
}
