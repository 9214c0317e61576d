import type { Kysely, RawBuilder } from 'kysely'
import type { PackedColumn } from './packed-rows.ts'

/** Untyped on purpose: the record tables are made from `recordIndexes`, and the typed surface is the `Metadata` port. */
// biome-ignore lint/suspicious/noExplicitAny: table and column names are data here, checked by the port's types.
export type Database = Kysely<any>

/** What the shared queries need to know of a database. Shared code never asks which one it is. */
export interface SqlDialect {
  /** For reads outside a transaction: sees committed data only. */
  readonly reader: Database
  /** As `reader`, for what may take long: nothing else waits for it. */
  readonly searcher: Database
  /**
   * Runs each work atomically and durably, in order; several may share one commit. One that fails rejects its own promise and leaves
   * the others alone. `beforeCommit` runs once in the transaction that is about to commit.
   */
  transaction<T>(work: (db: Database) => Promise<T>): Promise<T>
  beforeCommit(hook: (db: Database) => Promise<void>): void
  afterCommit(hook: () => void): void
  /** Names of a table's columns; empty when there is no such table. */
  columnsOf(table: string): Promise<string[]>
  /** Keeps what is there now, before its shape changes. */
  keepCopy(): Promise<void>
  /** The member of the JSON document in the column `doc`. */
  member(field: string): RawBuilder<unknown>
  /** Whether the text fits the pattern, in which `%` is any text, `_` any one character, and nothing escapes them; without regard to the case of A to Z. */
  like(text: RawBuilder<unknown>, pattern: string, ignoreCase: boolean): RawBuilder<boolean>
  /** All rows as one JSON array of arrays, in the order that they come. */
  packed(columns: readonly PackedColumn[]): RawBuilder<unknown>
  /** The values as what `in` looks into: one shape of statement, however many there are. */
  among(values: readonly (number | string)[]): RawBuilder<unknown>
  isUniqueViolation(error: unknown): boolean
  close(): Promise<void>
}
