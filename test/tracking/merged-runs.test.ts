import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openSqlMetadata } from '../../src/backends/sql/metadata.ts'
import { openSqlite } from '../../src/backends/sqlite/dialect.ts'
import { filterArbitrary, rowArbitrary } from '../../src/contract/search/filters.conformance.ts'
import type { SearchRow } from '../../src/contract/search/match-filter.ts'
import type { OrderItem } from '../../src/contract/search/parse-order.ts'
import type { TrackedRun, TrackedRunStatus } from '../../src/contract/tracking.ts'
import { searchMerged } from '../../src/domain/tracking/merged-runs.ts'
import { attributesOf, insertLogged } from '../../src/ports/searchable-runs.conformance.ts'
import type { OrderPlace } from '../../src/ports/tracking.ts'

const everything = { experiments: ['0'], lifecycle: 'all', filter: undefined, order: [], after: undefined } as const

const key = fc.constantFrom('a', 'b', 'val.loss', 'é')
const item = fc.oneof(
  fc.tuple(fc.constantFrom('metric' as const, 'param' as const, 'tag' as const), key),
  fc.tuple(
    fc.constant('attribute' as const),
    fc.constantFrom('run_name', 'start_time', 'end_time', 'status', 'user_id', 'run_id', 'artifact_uri'),
  ),
)
const orderArbitrary = fc
  .uniqueArray(fc.tuple(item, fc.boolean()), { maxLength: 3, selector: ([[entity, name]]) => `${entity}.${name}` })
  .map((items) => items.map(([[entity, name], descending]): OrderItem => ({ entity, key: name, descending })))
const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const

/** Runs with facts that filters and orders meet, the same in a store and as rows. */
function made(sample: readonly SearchRow[], names: readonly string[]): { run: TrackedRun; row: SearchRow }[] {
  return sample.map((row, at) => {
    const run: TrackedRun = {
      id: at.toString(16).padStart(32, 'c'),
      experimentId: '0',
      name: names[at]!,
      user: names[(at * 7) % names.length]!,
      status: statuses[at % 5] as TrackedRunStatus,
      startedAt: at % 7,
      endedAt: at % 3 === 0 ? null : at % 11,
      isDeleted: false,
      deletedAt: null,
    }
    return {
      run,
      row: {
        attributes: attributesOf(run),
        metrics: row.metrics ?? {},
        params: row.params ?? {},
        tags: row.tags ?? {},
      },
    }
  })
}

it('runs of two sources are found and paged as those of one would be', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright merged '))
  const store = (name: string) => openSqlMetadata(openSqlite(join(folder, name)), () => 0)
  const [whole, part] = await Promise.all([store('whole.db'), store('part.db')])
  const names = fc.sample(fc.constantFrom('a', 'B', 'é', 'ab', '', '🙂', '\uff5e', 'a b'), { numRuns: 60, seed: 3 })
  const all = made(fc.sample(rowArbitrary('runs'), { numRuns: 60, seed: 7 }), names)
  const put = (metadata: typeof whole, runs: typeof all) =>
    metadata.transaction(async ({ tracking }) => {
      for (const { run, row } of runs) await insertLogged(tracking, run, row)
    })
  await put(whole, all)
  await put(
    part,
    all.filter((_, at) => at % 2 === 0),
  )
  const others = all.filter((_, at) => at % 2 === 1)
  let pages = 0
  let found = 0
  await fc.assert(
    fc.asyncProperty(
      orderArbitrary,
      fc.option(filterArbitrary('runs'), { nil: undefined }),
      fc.integer({ min: 1, max: 25 }),
      async (order, filter, limit) => {
        const search = { ...everything, order, filter }
        const expected = (await whole.tracking.searchRuns({ ...search, limit: 100 })).runs.map(({ id }) => id)
        const ids: string[] = []
        for (let after: OrderPlace | undefined; ; pages += 1) {
          const page = await searchMerged(part.tracking, others, { ...search, limit, after })
          ids.push(...page.runs.map((each) => ('run' in each ? each.run.id : each.id)))
          expect(page.runs.length).toBeLessThanOrEqual(limit)
          if (!page.next) break
          expect(page.runs).toHaveLength(limit)
          after = JSON.parse(JSON.stringify(page.next))
        }
        expect(ids).toEqual(expected)
        found += ids.length
      },
    ),
    { numRuns: 400 },
  )
  expect(pages).toBeGreaterThan(400)
  expect(found).toBeGreaterThan(2000)
  expect(await searchMerged(part.tracking, others, { ...everything, limit: 5, after: [1] })).toEqual({
    runs: [],
    next: null,
  })
  await Promise.all([whole.close(), part.close()])
  await rm(folder, { recursive: true, force: true })
})
