import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'libsql'
import { expect, test } from 'vitest'
import { SqliteSnapshot } from './snapshot.ts'

test.each([
  ['a table with row numbers', 'create table "t ""x" (id text primary key, value integer)'],
  ['a table without them', 'create table "t ""x" (id text primary key, value integer) without rowid'],
  [
    'one with a key of two columns',
    'create table "t ""x" (id text, value integer, primary key (value, id)) without rowid',
  ],
  ['one with a key of its own number', 'create table "t ""x" (id text, value integer primary key)'],
])('%s is copied as it was at the moment, whole', async (_, schema) => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright snapshot '))
  const path = join(folder, 'a.db')
  const file = new Sqlite(path)
  file.exec('pragma journal_mode = wal')
  file.exec(schema)
  file.exec('create table empty (id text primary key) without rowid')
  const insert = file.prepare('insert into "t ""x" values (?, ?)')
  const add = (from: number, to: number) => {
    file.exec('begin')
    // Not in the order of the key.
    for (let i = from; i < to; i += 1) insert.run(`${(i * 7919) % 100_003}`, i)
    file.exec('commit')
  }
  for (const rows of [0, 1, 1999, 2000, 2001, 6000]) {
    file.exec('delete from "t ""x"')
    add(0, rows)
    const rowsOf = (db: Sqlite.Database) => db.prepare('select id, value from "t ""x" order by value').all()
    const before = rowsOf(file)
    const snapshot = new SqliteSnapshot(path, join(folder, 'copy.db'))
    snapshot.pin()
    const writing = snapshot.write()
    add(rows, rows + 10)
    await writing
    const copy = new Sqlite(join(folder, 'copy.db'))
    expect(rowsOf(copy)).toEqual(before)
    expect(before).toHaveLength(rows)
    copy.close()
  }
  file.close()
})
