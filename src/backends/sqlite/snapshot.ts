import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import Sqlite from 'libsql'
import { MillwrightError } from '../../base/errors.ts'

const rowsAtOnce = 2000

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

interface SchemaPart {
  type: string
  name: string
  sql: string
}

/**
 * A copy of a database as it is at one moment, while others go on writing to it. SQLite's own backup begins anew with every write of another connection;
 * a reader in WAL mode keeps seeing the moment at which it began, so the tables are copied through one.
 */
export class SqliteSnapshot {
  private readonly source: Sqlite.Database
  private readonly schema: SchemaPart[]

  /** @param copy where the copy goes; a file that is there is replaced. */
  constructor(
    path: string,
    private readonly copy: string,
  ) {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(copy + end, { force: true })
    this.source = new Sqlite(path)
    this.source.exec('PRAGMA busy_timeout = 5000')
    this.schema = this.source
      .prepare("select type, name, sql from sqlite_master where sql is not null and name not like 'sqlite_%'")
      .all() as SchemaPart[]
    const made = new Sqlite(copy)
    try {
      // Nobody reads a copy that is not whole.
      for (const pragma of ['journal_mode = OFF', 'synchronous = OFF']) made.exec(`PRAGMA ${pragma}`)
      for (const { type, sql } of this.schema) if (type === 'table') made.exec(sql)
    } finally {
      made.close()
    }
    this.source.exec(`ATTACH '${copy.replaceAll("'", "''")}' AS copy`)
    this.source.exec('PRAGMA copy.synchronous = OFF')
  }

  /** The moment: takes no longer than one look into the database. */
  pin(): void {
    this.source.exec('BEGIN')
    this.source.prepare('select count(*) from main.sqlite_master').get()
  }

  /** Copies what was there at that moment, in turns that let others work, and flushes it. @throws `internal` when the copy is not whole. */
  async write(): Promise<void> {
    try {
      for (const { type, name } of this.schema) if (type === 'table') await this.copyTable(name)
      this.source.exec('COMMIT')
    } finally {
      this.source.close()
    }
    const made = new Sqlite(this.copy)
    try {
      for (const { type, sql } of this.schema) if (type !== 'table') made.exec(sql)
      const { integrity_check: said } = made.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
      if (said !== 'ok') throw new MillwrightError('internal', `the copy of the records is not whole: ${said}`)
    } finally {
      made.close()
    }
    const file = await open(this.copy, 'r+')
    await file.sync().finally(() => file.close())
  }

  /** For a copy that is not wanted any more. */
  abandon(): void {
    if (this.source.open) this.source.close()
  }

  private async copyTable(name: string): Promise<void> {
    const table = quoted(name)
    const key = this.keyOf(name)
    const order = key.join(', ')
    // Of a key of one column SQLite looks up the plain comparison alone.
    const [these, those] = key.length === 1 ? [order, '?'] : [`(${order})`, `(${key.map(() => '?').join(', ')})`]
    const isRest = `${these} > ${those}`
    const asked = key.map((column, at) => `${column} as k${at}`).join(', ')
    const ahead = (where: string) =>
      this.source.prepare(
        `select ${asked} from main.${table} ${where} order by ${order} limit 1 offset ${rowsAtOnce - 1}`,
      )
    const [first, next] = [ahead(''), ahead(`where ${isRest}`)]
    const insert = `insert into copy.${table} select * from main.${table}`
    // What is left is less than a turn where no row stands so far ahead.
    for (let from: unknown[] | null = null; ; ) {
      const row = (from === null ? first.get() : next.get(...from)) as Record<string, unknown> | undefined
      const to = row === undefined ? null : key.map((_, at) => row[`k${at}`])
      const where = [from === null ? '' : isRest, to === null ? '' : `${these} <= ${those}`]
        .filter(Boolean)
        .join(' and ')
      this.source
        .prepare(`${insert}${where === '' ? '' : ` where ${where}`} order by ${order}`)
        .run(...(from ?? []), ...(to ?? []))
      if (to === null) return
      from = to
      await new Promise(setImmediate)
    }
  }

  /** The columns that a table is ordered by on the disk. */
  private keyOf(name: string): string[] {
    const columns = this.source.prepare('select name from pragma_table_info(?) where pk > 0 order by pk').all(name) as {
      name: string
    }[]
    const { wr } = this.source.prepare('select wr from pragma_table_list(?) where schema = ?').get(name, 'main') as {
      wr: number
    }
    return wr === 1 ? columns.map((column) => quoted(column.name)) : ['rowid']
  }
}
