import type { Kysely, RawBuilder } from 'kysely'

/** Untyped on purpose: the record tables are made from `recordIndexes`, and the typed surface is the `Metadata` port. */
// biome-ignore lint/suspicious/noExplicitAny: table and column names are data here, checked by the port's types.
export type Database = Kysely<any>

/** What the shared queries need to know of a database. Shared code never asks which one it is. */
export interface SqlDialect {
  /** For reads outside a transaction: sees committed data only. */
  readonly reader: Database
  /**
   * Runs each work atomically and durably, in order; several may share one commit. One that fails rejects its own promise and leaves
   * the others alone. `beforeCommit` runs once in the transaction that is about to commit.
   */
  transaction<T>(work: (db: Database) => Promise<T>): Promise<T>
  beforeCommit(hook: (db: Database) => Promise<void>): void
  afterCommit(hook: () => void): void
  /** Names of a table's columns; empty when there is no such table. */
  columnsOf(table: string): Promise<string[]>
  /** The member of the JSON document in the column `doc`. */
  member(field: string): RawBuilder<unknown>
  isUniqueViolation(error: unknown): boolean
  close(): Promise<void>
}
