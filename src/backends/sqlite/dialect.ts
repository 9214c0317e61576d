import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Kysely, SqliteDialect, sql } from 'kysely'
import Sqlite from 'libsql'
import { messageOf } from '../../base/errors.ts'
import type { Database, SqlDialect } from '../sql/dialect.ts'

interface Waiting {
  work: (db: Database) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** More than this in one commit would make the first of them wait noticeably. */
const worksPerCommit = 256

/**
 * SQLite through libsql, in WAL mode at synchronous=FULL: a commit is on the disk when it returns. Commits are grouped: the works that
 * arrived while the last commit was written share the next one, each behind its own savepoint.
 */
export function openSqlite(path: string): SqlDialect {
  mkdirSync(dirname(path), { recursive: true })
  const writerFile = new Sqlite(path)
  // Another process holding the lock for a moment (a backup, `sqlite3` in a terminal) is waited for.
  for (const pragma of [
    'busy_timeout = 5000',
    'journal_mode = WAL',
    'synchronous = FULL',
    'wal_autocheckpoint = 4000',
  ]) {
    writerFile.exec(`PRAGMA ${pragma}`)
  }
  const readerFile = new Sqlite(path)
  for (const pragma of ['busy_timeout = 5000', 'query_only = ON', 'cache_size = -65536'])
    readerFile.exec(`PRAGMA ${pragma}`)
  // libsql's types follow better-sqlite3's old ones; the methods Kysely calls are the same.
  const writer: Database = new Kysely({ dialect: new SqliteDialect({ database: writerFile as never }) })
  const reader: Database = new Kysely({ dialect: new SqliteDialect({ database: readerFile as never }) })

  const waiting: Waiting[] = []
  let draining = false
  let before: (db: Database) => Promise<void> = async () => {}
  let after: () => void = () => {}

  async function commitTogether(group: Waiting[]): Promise<void> {
    const settled: (() => void)[] = []
    try {
      writerFile.exec('BEGIN IMMEDIATE')
      for (const { work, resolve, reject } of group) {
        writerFile.exec('SAVEPOINT work')
        try {
          const value = await work(writer)
          writerFile.exec('RELEASE work')
          settled.push(() => resolve(value))
        } catch (error) {
          writerFile.exec('ROLLBACK TO work')
          writerFile.exec('RELEASE work')
          settled.push(() => reject(error))
        }
      }
      await before(writer)
      writerFile.exec('COMMIT')
    } catch (error) {
      if (writerFile.inTransaction) writerFile.exec('ROLLBACK')
      for (const { reject } of group) reject(error)
      return
    }
    for (const settle of settled) settle()
    after()
  }

  async function drain(): Promise<void> {
    if (draining) return
    draining = true
    try {
      // A turn of the event loop lets what arrives together be committed together.
      while (waiting.length > 0) {
        await new Promise(setImmediate)
        await commitTogether(waiting.splice(0, worksPerCommit))
      }
    } finally {
      draining = false
    }
  }

  return {
    reader,
    transaction: <T>(work: (db: Database) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
        void drain()
      }),
    beforeCommit: (hook) => {
      before = hook
    },
    afterCommit: (hook) => {
      after = hook
    },
    columnsOf: async (table) => {
      const { rows } = await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(writer)
      return rows.map((row) => row.name)
    },
    member: (field) => sql`json_extract(doc, ${`$.${field}`})`,
    isUniqueViolation: (error) => /UNIQUE constraint failed/.test(messageOf(error)),
    close: async () => {
      while (draining) await new Promise(setImmediate)
      await writer.destroy()
      await reader.destroy()
    },
  }
}
