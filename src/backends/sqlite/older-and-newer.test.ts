import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'libsql'
import { expect, test } from 'vitest'
import { openSqlMetadata } from '../sql/metadata.ts'
import { openSqlite } from './dialect.ts'

const setup = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright shape '))
  const path = join(folder, 'metadata.db')
  const open = () => openSqlMetadata(openSqlite(path), () => 0)
  const change = (statement: string) => {
    const file = new Sqlite(path)
    file.exec(statement)
    file.close()
  }
  const copies = () => readdir(join(folder, 'before-upgrade')).catch(() => [])
  return { folder, path, open, change, copies }
}
const alias = (id: string) => ({ id, model: 'late', version: 'late@1', time: 0 }) as never

test('records of an older version are brought to the present shape, and kept as they were', async () => {
  const { folder, open, change, copies } = await setup()
  const first = await open()
  await first.transaction((writer) => writer.insert('alias', alias('late:production')))
  await first.close()
  expect(await copies()).toEqual([])
  // As before aliases were indexed by their model, and before there were alerts.
  change('drop index record_alias_model')
  change('alter table record_alias drop column f_model')
  change('drop table record_alert')
  const second = await open()
  expect(await second.find('alias', { where: { model: 'late' } })).toMatchObject([{ id: 'late:production' }])
  expect(await second.find('alert')).toEqual([])
  await second.close()
  const [copy] = await copies()
  const kept = new Sqlite(join(folder, 'before-upgrade', copy!))
  const columns = kept.prepare('select name from pragma_table_info(?)').all('record_alias') as { name: string }[]
  expect(columns.map(({ name }) => name)).not.toContain('f_model')
  expect(kept.prepare('select count(*) as n from record_alias').get()).toMatchObject({ n: 1 })
  kept.close()
  await (await open()).close()
  expect(await copies()).toEqual([copy])
})

test('records of a newer version are refused, and left as they are', async () => {
  const { path, open, change, copies } = await setup()
  await (await open()).close()
  change("insert into migration (name) values ('9999-of-tomorrow')")
  change('pragma wal_checkpoint(truncate)')
  const before = await readFile(path)
  await expect(open()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('9999-of-tomorrow') })
  expect((await readFile(path)).equals(before)).toBe(true)
  expect(await copies()).toEqual([])
})

test('runs from before their names had an index are found by it', async () => {
  const { path, open, change } = await setup()
  const first = await open()
  await first.transaction(({ tracking }) =>
    tracking.insertRun({
      id: 'a'.repeat(32),
      experimentId: '0',
      name: 'Lucky fox',
      user: 'ada',
      status: 'FINISHED',
      startedAt: 1,
      endedAt: 2,
      isDeleted: false,
      deletedAt: null,
    }),
  )
  await first.close()
  change('drop index tracked_run_name')
  change("delete from migration where name = '0008-run-names'")
  const second = await open()
  expect(await second.tracking.views.runsCalled('lucky', 10)).toMatchObject([{ name: 'Lucky fox' }])
  await second.close()
  const file = new Sqlite(path)
  const plan = file
    .prepare(
      'explain query plan select * from tracked_run where deleted = 0 and lower(name) >= ? and lower(name) < ? order by lower(name)',
    )
    .all('lucky', 'lucky~') as { detail: string }[]
  file.close()
  expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining('USING INDEX tracked_run_name')])
})

test('versions from before there were names and notes beside them get both', async () => {
  const { open, change } = await setup()
  const first = await open()
  const version = (model: string, number: number) =>
    ({ id: `${model}@${number}`, model, number, state: 'registered', runId: null, recordedAt: 100 * number }) as never
  await first.transaction(async (writer) => {
    for (const number of [1, 2, 4]) await writer.insert('model_version', version('late', number))
    await writer.insert('model_version', version('small', 1))
  })
  await first.close()
  for (const table of ['registered_model', 'registered_model_tag', 'version_note', 'version_tag'])
    change(`drop table ${table}`)
  change("delete from migration where name in ('0004-registry', '0007-hidden-versions')")
  // As they were written then.
  change('drop index record_model_version_filesHash')
  change('alter table record_model_version drop column f_filesHash')
  const second = await open()
  expect(await second.registry.models()).toMatchObject([
    { key: 'late', name: 'late', lastNumber: 4, createdAt: 100, changedAt: 400 },
    { key: 'small', name: 'small', lastNumber: 1 },
  ])
  const everything = { filter: undefined, order: [], limit: 10, after: undefined }
  const { versions } = await second.registry.searchVersions(everything)
  expect(versions.map(({ note }) => [note.id, note.stage, note.changedAt])).toEqual([
    ['late@4', 'None', 400],
    ['late@2', 'None', 200],
    ['late@1', 'None', 100],
    ['small@1', 'None', 100],
  ])
  await second.close()
})
