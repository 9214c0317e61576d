import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { folderOf } from '../contract/search/experiment-folders.ts'
import { filterArbitrary, rowArbitrary } from '../contract/search/filters.conformance.ts'
import { formatFilter } from '../contract/search/format-filter.ts'
import { matches, type SearchRow } from '../contract/search/match-filter.ts'
import type { OrderItem } from '../contract/search/parse-order.ts'
import { type LoggedModel, loggedModelStatuses } from '../contract/tracking.ts'
import type { Metadata } from './metadata.ts'
import { experimentNamed, inOrder, runNamed, searchable } from './searchable-runs.conformance.ts'
import type { Lifecycle, OrderPlace } from './tracking.ts'

const everything = {
  experiments: ['0'] as readonly string[],
  lifecycle: 'all' as Lifecycle,
  filter: undefined,
  order: [] as readonly OrderItem[],
  limit: 1000,
  after: undefined as OrderPlace | undefined,
}

/** What every back end for tracking must find. */
export function trackingSearchConformance(name: string, setup: () => Promise<{ metadata: Metadata }>): void {
  describe(`searches of tracking: ${name}`, () => {
    test('of any runs and any filter: what is found is what the plain meaning of the filter finds', async () => {
      const { metadata } = await setup()
      const rows = await searchable(metadata)
      let found = 0
      await fc.assert(
        fc.asyncProperty(filterArbitrary('runs'), async (filter) => {
          const { runs } = await metadata.tracking.searchRuns({ ...everything, filter })
          const expected = [...rows].filter(([, row]) => matches(filter, row, 'runs')).map(([id]) => id)
          expect(runs.map(({ id }) => id).sort(), formatFilter(filter)).toEqual(expected.sort())
          found += runs.length > 0 && runs.length < rows.size ? 1 : 0
        }),
        { numRuns: 600 },
      )
      expect(found).toBeGreaterThan(100)
      await metadata.close()
    })

    test('in any order and by pages of any size: all that is found, once, each where it belongs', async () => {
      const { metadata } = await setup()
      const rows = await searchable(metadata)
      const key = fc.constantFrom('a', 'b', 'val.loss', 'é')
      const item = fc.oneof(
        fc.tuple(fc.constantFrom('metric' as const, 'param' as const, 'tag' as const), key),
        fc.tuple(
          fc.constant('attribute' as const),
          fc.constantFrom('run_name', 'start_time', 'end_time', 'status', 'user_id'),
        ),
      )
      const order = fc
        .uniqueArray(fc.tuple(item, fc.boolean()), {
          maxLength: 3,
          selector: ([[entity, name]]) => `${entity}.${name}`,
        })
        .map((items) => items.map(([[entity, name], descending]): OrderItem => ({ entity, key: name, descending })))
      await fc.assert(
        fc.asyncProperty(order, fc.integer({ min: 1, max: 9 }), async (items, limit) => {
          const ids: string[] = []
          for (let after: OrderPlace | undefined; ; ) {
            const page = await metadata.tracking.searchRuns({ ...everything, order: items, limit, after })
            ids.push(...page.runs.map(({ id }) => id))
            if (!page.next) break
            expect(page.runs).toHaveLength(limit)
            // As it comes back from a client.
            after = JSON.parse(JSON.stringify(page.next))
          }
          const sorted = [...rows.keys()].sort((one, other) =>
            inOrder(items, [one, rows.get(one)!], [other, rows.get(other)!]),
          )
          expect(ids).toEqual(sorted)
        }),
        { numRuns: 150 },
      )
      await metadata.close()
    })

    test('only runs of the experiments and of the state that are asked for', async () => {
      const { metadata } = await setup()
      const { id } = await metadata.transaction(({ tracking }) => tracking.insertExperiment(experimentNamed('e')))
      await metadata.transaction(async ({ tracking }) => {
        for (const run of [runNamed('1', id), runNamed('2', id), runNamed('3')]) await tracking.insertRun(run)
        await tracking.updateRun(runNamed('2').id, { isDeleted: true, deletedAt: 5 })
      })
      const names = async (change: Partial<typeof everything>) =>
        (await metadata.tracking.searchRuns({ ...everything, lifecycle: 'active', ...change })).runs.map(
          (run) => run.name,
        )
      expect(await names({ experiments: [id] })).toEqual(['1'])
      expect(await names({ experiments: [id], lifecycle: 'deleted' })).toEqual(['2'])
      expect(await names({ experiments: ['0', id], lifecycle: 'all' })).toEqual(['1', '2', '3'])
      expect(await names({ experiments: [] })).toEqual([])
      expect(await names({ experiments: ['x', '99'] })).toEqual([])
      await metadata.close()
    })

    test('of any experiments and any filter: what is found is what the plain meaning of the filter finds, in pages', async () => {
      const { metadata } = await setup()
      const rows = new Map<string, SearchRow>()
      const { name: first, createdAt, changedAt } = (await metadata.tracking.experiment('0'))!
      rows.set('0', {
        attributes: {
          ...{ name: first, experiment_id: '0', creation_time: createdAt, last_update_time: changedAt },
          folder: folderOf(first),
        },
        tags: {},
      })
      await metadata.transaction(async ({ tracking }) => {
        for (const [place, row] of fc.sample(rowArbitrary('experiments'), { numRuns: 30, seed: 5 }).entries()) {
          const tags = { ...row.tags }
          const made = {
            ...experimentNamed(
              `${row.attributes.folder ? `${row.attributes.folder}/` : ''}${row.attributes.name ?? 'none'}${place < 15 ? '' : place}`,
            ),
            tags,
            createdAt: place % 4,
            changedAt: place,
          }
          try {
            const { id, name } = await tracking.insertExperiment(made)
            rows.set(id, {
              attributes: {
                ...{ name, experiment_id: id, creation_time: place % 4, last_update_time: place },
                folder: folderOf(name),
              },
              tags,
            })
          } catch (error) {
            expect(error).toMatchObject({ code: 'already-exists' })
          }
        }
      })
      await fc.assert(
        fc.asyncProperty(filterArbitrary('experiments'), fc.integer({ min: 1, max: 12 }), async (filter, limit) => {
          const ids: string[] = []
          const order: OrderItem[] = [{ entity: 'attribute', key: 'creation_time', descending: true }]
          for (let after: OrderPlace | undefined; ; ) {
            const page = await metadata.tracking.experiments({ lifecycle: 'all', filter, order, limit, after })
            ids.push(...page.experiments.map(({ id }) => id))
            if (!page.next) break
            after = page.next
          }
          const created = (id: string): number => Number(rows.get(id)!.attributes.creation_time)
          const expected = [...rows].filter(([, row]) => matches(filter, row, 'experiments')).map(([id]) => id)
          expect(ids, formatFilter(filter)).toEqual(
            expected.sort((a, b) => created(b) - created(a) || Number(b) - Number(a)),
          )
        }),
        { numRuns: 300 },
      )
      await metadata.close()
    })

    test('of any logged models and any filter: what is found is what the plain meaning of the filter finds, in pages', async () => {
      const { metadata } = await setup()
      const rows = new Map<string, SearchRow>()
      const run = runNamed('e1')
      await metadata.transaction(({ tracking }) => tracking.insertRun(run))
      const pairs = (record = {}) => Object.entries<string>(record).map(([key, value]) => ({ key, value }))
      for (const [place, row] of fc.sample(rowArbitrary('loggedModels'), { numRuns: 40, seed: 9 }).entries()) {
        const { attributes, metrics, params, tags } = row
        const model: LoggedModel = {
          id: `m-${place.toString(16).padStart(32, '0')}`,
          experimentId: '0',
          name: String(attributes.name ?? ''),
          modelType: String(attributes.model_type ?? ''),
          sourceRunId: String(attributes.source_run_id ?? ''),
          status: loggedModelStatuses[place % 4]!,
          isDeleted: false,
          createdAt: place % 5,
          changedAt: place,
        }
        await metadata.transaction(async ({ tracking }) => {
          await tracking.models.insert(model)
          await tracking.models.addParams(model.id, pairs(params))
          await tracking.models.setTags(model.id, pairs(tags))
          const points = Object.entries(metrics ?? {}).flatMap(([metric, values]) =>
            [values].flat().map((value, step) => ({
              metric,
              value: value as number,
              at: 1,
              step,
              model: { id: model.id, datasetName: step === 0 ? 'd' : null, datasetDigest: null },
            })),
          )
          for (let time = 0; time < 2; time += 1) await tracking.addPoints(run.id, points)
        })
        rows.set(model.id, {
          attributes: {
            name: model.name,
            model_id: model.id,
            model_type: model.modelType || null,
            source_run_id: model.sourceRunId || null,
            status: model.status,
            creation_timestamp: model.createdAt,
            last_updated_timestamp: model.changedAt,
          },
          metrics: metrics ?? {},
          params: params ?? {},
          tags: tags ?? {},
        })
      }
      const [first] = rows.keys()
      expect((await metadata.tracking.models.factsOf([first!])).get(first!)?.params).toHaveLength(
        Object.keys(rows.get(first!)!.params!).length,
      )
      await fc.assert(
        fc.asyncProperty(filterArbitrary('loggedModels'), fc.integer({ min: 1, max: 15 }), async (filter, limit) => {
          const ids: string[] = []
          const asked = { experiments: ['0'], filter, datasets: [], order: [], limit }
          for (let after: OrderPlace | undefined; ; ) {
            const page = await metadata.tracking.models.search({ ...asked, after })
            ids.push(...page.models.map(({ id }) => id))
            if (!page.next) break
            after = page.next
          }
          const created = (id: string): number => Number(rows.get(id)!.attributes.creation_timestamp)
          const expected = [...rows].filter(([, row]) => matches(filter, row, 'loggedModels')).map(([id]) => id)
          expect(ids, formatFilter(filter)).toEqual(
            expected.sort((a, b) => created(b) - created(a) || (a < b ? -1 : 1)),
          )
        }),
        { numRuns: 300 },
      )
      await metadata.close()
    })
  })
}
