import { mkdirSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Kysely, SqliteDialect, sql } from 'kysely'
import Sqlite from 'libsql'
import { messageOf } from '../../base/errors.ts'
import type { Database, SqlDialect } from '../sql/dialect.ts'
import { SearchDialect } from './search-thread.ts'
import { SqliteSnapshot } from './snapshot.ts'
import { StatementCache } from './statement-cache.ts'

interface Waiting {
  work: (db: Database) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** More than this in one commit would make the first of them wait noticeably. */
const worksPerCommit = 256

/** A pattern of LIKE as one of GLOB, whose own signs stand for themselves in brackets. */
const globOf = (pattern: string): string =>
  pattern
    .replaceAll(/[*?[]/g, (sign) => `[${sign}]`)
    .replaceAll('%', '*')
    .replaceAll('_', '?')

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
    'cache_size = -65536',
  ]) {
    writerFile.exec(`PRAGMA ${pragma}`)
  }
  const readerFile = new Sqlite(path)
  for (const pragma of ['busy_timeout = 5000', 'query_only = ON', 'cache_size = -65536'])
    readerFile.exec(`PRAGMA ${pragma}`)
  const through = (file: Sqlite.Database): Database =>
    new Kysely({ dialect: new SqliteDialect({ database: new StatementCache(file) }) })
  const writer = through(writerFile)
  const reader = through(readerFile)
  const searcher: Database = new Kysely({ dialect: new SearchDialect(path) })

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
      // What arrives together is committed together: another turn of the event loop, as long as it brings more.
      while (waiting.length > 0) {
        for (let before = 0; before < waiting.length && before < worksPerCommit; ) {
          before = waiting.length
          await new Promise(setImmediate)
        }
        await commitTogether(waiting.splice(0, worksPerCommit))
      }
    } finally {
      draining = false
    }
  }

  return {
    reader,
    searcher,
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
    keepCopy: async () => {
      const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
      const folder = join(dirname(path), 'before-upgrade')
      mkdirSync(folder, { recursive: true })
      const draft = join(folder, 'draft')
      const snapshot = new SqliteSnapshot(path, draft)
      snapshot.pin()
      await snapshot.write()
      renameSync(draft, join(folder, `${basename(path, '.db')}-${time}Z.db`))
    },
    member: (field) => sql`json_extract(doc, ${`$.${field}`})`,
    // LIKE ignores case here, and GLOB does not.
    like: (text, pattern, ignoreCase) =>
      ignoreCase ? sql<boolean>`${text} like ${pattern}` : sql<boolean>`${text} glob ${globOf(pattern)}`,
    // In JSON a number has 15 digits here; 17 make it exact, and the last of more may be wrong.
    packed: (columns) =>
      sql`json_group_array(json_array(${sql.join(
        columns.map((column) =>
          typeof column === 'string' ? sql.ref(column) : sql`printf('%!.19g', ${sql.ref(column.real)})`,
        ),
      )}))`,
    among: (values) => sql`(select value from json_each(${JSON.stringify(values)}))`,
    isUniqueViolation: (error) => /UNIQUE constraint failed/.test(messageOf(error)),
    close: async () => {
      while (draining) await new Promise(setImmediate)
      await writer.destroy()
      await reader.destroy()
      await searcher.destroy()
    },
  }
}
