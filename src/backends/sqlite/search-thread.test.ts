import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { filterArbitrary } from '../../contract/search/filters.conformance.ts'
import { formatFilter } from '../../contract/search/format-filter.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { searchable } from '../../ports/searchable-runs.conformance.ts'
import type { RunSearch } from '../../ports/tracking.ts'
import type { SqlDialect } from '../sql/dialect.ts'
import { openSqlMetadata } from '../sql/metadata.ts'
import { openSqlite } from './dialect.ts'

let folder: string
let dialect: SqlDialect
let metadata: Metadata
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright searches '))
  dialect = openSqlite(join(folder, 'metadata.db'))
  metadata = await openSqlMetadata(dialect, () => 0)
})
afterEach(async () => {
  await metadata.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs of which every third has the tag `team`. */
async function makeRuns(count: number): Promise<void> {
  await dialect.transaction(async (db) => {
    await sql`with recursive number(n) as (select 1 union all select n + 1 from number where n < ${count})
      insert into tracked_run (id, experiment, name, author, status, started_at, ended_at, deleted, deleted_at)
      select printf('%032x', n), 0, 'run ' || n, 'ada', 'FINISHED', n, n, 0, null from number`.execute(db)
    await sql`insert into run_tag (run, name, value) select key, 'team', 'a' from tracked_run where started_at % 3 = 0`.execute(
      db,
    )
  })
}
const asked: RunSearch = {
  experiments: ['0'],
  lifecycle: 'active',
  filter: parseFilter("tags.team = 'a'", 'runs'),
  order: [],
  limit: 3,
  after: undefined,
}
/** Whether the event loop had a turn before the search was done. */
async function letsOthersWork(search: RunSearch): Promise<boolean> {
  let turns = 0
  const turn = setImmediate(() => {
    turns += 1
  })
  await metadata.tracking.searchRuns(search)
  clearImmediate(turn)
  return turns > 0
}

it('a search among many runs lets others work; among few, and without a filter, there is nothing to wait for', async () => {
  await makeRuns(5001)
  expect(await letsOthersWork({ ...asked, filter: parseFilter("tags.team = 'b'", 'runs') })).toBe(true)
  expect(await letsOthersWork({ ...asked, filter: parseFilter("tags.team LIKE '%a%'", 'runs') })).toBe(true)
  expect(await letsOthersWork({ ...asked, filter: undefined })).toBe(false)
  // The newest fill the page, and few comparisons find them.
  expect(await letsOthersWork(asked)).toBe(false)
  const found = await metadata.tracking.searchRuns(asked)
  expect(found.runs.map(({ name }) => name)).toEqual(['run 5001', 'run 4998', 'run 4995'])
  const next = await metadata.tracking.searchRuns({ ...asked, after: found.next! })
  expect(next.runs.map(({ name }) => name)).toEqual(['run 4992', 'run 4989', 'run 4986'])
})

it('the newest are tried first: what is found, in pages, is what is found among all', async () => {
  await makeRuns(5001)
  await searchable(metadata)
  const byTime: RunSearch['order'] = [{ entity: 'attribute', key: 'start_time', descending: true }]
  const pages = async (search: RunSearch): Promise<string[][]> => {
    const found: string[][] = []
    for (let after: RunSearch['after']; found.length < 4; ) {
      const page = await metadata.tracking.searchRuns({ ...search, after })
      found.push(page.runs.map(({ id }) => id))
      if (!page.next) break
      after = page.next
    }
    return found
  }
  let beyond = 0
  await fc.assert(
    fc.asyncProperty(filterArbitrary('runs'), fc.constantFrom(1, 3, 700), async (filter, limit) => {
      const search = { ...asked, filter, limit }
      const found = await pages(search)
      // An order that is stated is not known to be that of the index.
      expect(found, formatFilter(filter)).toEqual(await pages({ ...search, order: byTime }))
      if (found.length > 1) beyond += 1
    }),
    { numRuns: 60 },
  )
  expect(beyond).toBeGreaterThan(10)
})

it('among few it is made at once', async () => {
  await makeRuns(9)
  expect(await letsOthersWork(asked)).toBe(false)
})

it('sees what was committed before it was asked, and within a transaction what that has written', async () => {
  await makeRuns(5001)
  await dialect.transaction((db) => sql`update tracked_run set name = 'committed' where started_at = 5001`.execute(db))
  expect((await metadata.tracking.searchRuns(asked)).runs[0]!.name).toBe('committed')
  const id = (5001).toString(16).padStart(32, '0')
  const within = await metadata.transaction(async (writer) => {
    await writer.tracking.updateRun(id, { name: 'within' })
    return writer.tracking.searchRuns(asked)
  })
  expect(within.runs[0]!.name).toBe('within')
})

it('a statement that fails says why, writes are refused, and the next one is answered', async () => {
  const { searcher } = dialect
  await expect(sql`select 1 from nowhere`.execute(searcher)).rejects.toThrow('no such table')
  await expect(sql`delete from tracked_run`.execute(searcher)).rejects.toThrow(/readonly/)
  const { rows } = await sql<{ one: number }>`select ${1} as one`.execute(searcher)
  expect(rows).toEqual([{ one: 1 }])
  const many = await Promise.all(
    Array.from({ length: 50 }, (_, n) => sql<{ n: number }>`select ${n} as n`.execute(searcher)),
  )
  expect(many.map((each) => each.rows[0]!.n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
})
