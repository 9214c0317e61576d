import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'libsql'
import { expect, test } from 'vitest'
import { StatementCache } from './statement-cache.ts'

test('a statement that is kept sees what others write, holds nothing on to, and survives a change of its table', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'millwright statements ')), 'a.db')
  const writer = new Sqlite(path)
  writer.exec('pragma journal_mode = wal')
  writer.exec('create table t (a integer primary key)')
  const cache = new StatementCache(new Sqlite(path))
  const rows = () => cache.prepare('select * from t order by a').all([])
  // Around the hundred rows that the driver reads at a time.
  for (const count of [0, 1, 99, 100, 101, 200, 250]) {
    writer.exec('delete from t')
    for (let a = 0; a < count; a += 1) writer.prepare('insert into t values (?)').run(a)
    expect(rows()).toHaveLength(count)
    // Fails where a reader still stands at an earlier moment.
    expect(writer.pragma('wal_checkpoint(truncate)')).toMatchObject([{ busy: 0 }])
  }
  writer.exec('alter table t add column b text default x')
  expect(rows()[0]).toMatchObject({ a: 0, b: 'x' })
  expect(() => cache.prepare('insert into t (a) values (?)').run([0])).toThrow(/UNIQUE/)
  expect(cache.prepare('insert into t (a) values (?)').run([1000]).changes).toBe(1)
  expect(rows()).toHaveLength(251)
  // Of more shapes than are kept each still answers.
  for (let shape = 0; shape < 1000; shape += 1)
    expect(cache.prepare(`select ${shape} as n`).all([])).toMatchObject([{ n: shape }])
  expect(rows()).toHaveLength(251)
  cache.close()
  writer.close()
})
