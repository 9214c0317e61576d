import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { folderOf } from '../contract/search/experiment-folders.ts'
import { filterArbitrary, rowArbitrary } from '../contract/search/filters.conformance.ts'
import { formatFilter } from '../contract/search/format-filter.ts'
import { matches, type SearchRow } from '../contract/search/match-filter.ts'
import type { OrderItem } from '../contract/search/parse-order.ts'
import { type LoggedModel, loggedModelStatuses, type MetricPoint, type RunInput } from '../contract/tracking.ts'
import type { Metadata } from './metadata.ts'
import { inOrder, runNamed, searchable } from './searchable-runs.conformance.ts'
import type { Lifecycle, OrderPlace } from './tracking.ts'

const experimentNamed = (name: string) => ({
  name,
  artifactLocation: null,
  isDeleted: false,
  createdAt: 1,
  changedAt: 1,
  tags: { b: '2', a: '1' },
})
const input = (digest: string, context: string): RunInput => ({
  dataset: { name: 'orders', digest, sourceType: 'local', source: '{}', schema: null, profile: '{"rows":1}' },
  tags: [{ key: 'context', value: context }],
})

/** By step, then time, then value; a NaN counts as 0, as in MLflow. */
const isLater = (one: MetricPoint, other: MetricPoint): boolean => {
  const [a, b] = [one, other].map(({ step, at, value }) => [step, at, Number.isNaN(value) ? 0 : value])
  const place = [0, 1, 2].find((each) => a![each] !== b![each])
  return place !== undefined && a![place]! > b![place]!
}

const everything = {
  experiments: ['0'] as readonly string[],
  lifecycle: 'all' as Lifecycle,
  filter: undefined,
  order: [] as readonly OrderItem[],
  limit: 1000,
  after: undefined as OrderPlace | undefined,
}

/** What every back end for tracking must do. `reopen` closes the store and opens it on the same data. */
export function trackingConformance(
  name: string,
  setup: () => Promise<{ metadata: Metadata; reopen: () => Promise<Metadata> }>,
): void {
  describe(`tracking: ${name}`, () => {
    test('cleared, it is as it was when it was new', async () => {
      const { metadata, reopen } = await setup()
      const all = { lifecycle: 'all' as Lifecycle, filter: undefined, order: [], limit: 10, after: undefined }
      const [before] = (await metadata.tracking.experiments(all)).experiments
      const run = runNamed('a'.repeat(32))
      const fill = () =>
        metadata.transaction(async ({ tracking, files, registry }) => {
          const { id } = await tracking.insertExperiment(experimentNamed('one'))
          await tracking.updateExperiment(id, { artifactLocation: 's3://bucket/one' })
          await tracking.insertRun({ ...run, experimentId: id })
          await tracking.addPoints(run.id, [{ metric: 'm', value: 1, at: 1, step: 0 }])
          await tracking.addParams(run.id, [{ key: 'p', value: '1' }])
          await tracking.setTags(run.id, [{ key: 't', value: '1' }])
          await tracking.addInputs(run.id, [input('d', 'training')])
          await files.put(`${id}/${run.id}/artifacts`, { path: 'a', hash: 'f'.repeat(64), size: 1, at: 1 })
          const model = { key: 'm', name: 'm', description: null, lastNumber: 0, isDeleted: false }
          await registry.insertModel({ ...model, createdAt: 1, changedAt: 1 })
          return id
        })
      const first = await fill()
      expect((await metadata.tracking.experiment(first))?.artifactLocation).toBe('s3://bucket/one')
      await metadata.transaction(async ({ tracking, files, registry }) => {
        await tracking.clear()
        await files.clear()
        await registry.clear()
      })
      const later = await reopen()
      const { experiments } = await later.tracking.experiments(all)
      expect(experiments).toEqual([{ ...before, createdAt: expect.any(Number), changedAt: expect.any(Number) }])
      expect(await later.tracking.run(run.id)).toBeUndefined()
      expect(await later.files.references(null, 10)).toEqual([])
      expect(await later.registry.modelNamed('m')).toBeUndefined()
    })
    test('experiments have numbers and names of their own; names of deleted ones are free', async () => {
      const { metadata, reopen } = await setup()
      expect(await metadata.tracking.experiment('0')).toMatchObject({ name: 'Default', isDeleted: false })
      const one = await metadata.transaction(({ tracking }) => tracking.insertExperiment(experimentNamed('one')))
      expect(await metadata.tracking.experiment(one.id)).toEqual(one)
      const again = () => metadata.transaction(({ tracking }) => tracking.insertExperiment(experimentNamed('one')))
      await expect(again()).rejects.toMatchObject({ code: 'already-exists', field: 'name' })
      await metadata.transaction(({ tracking }) => tracking.updateExperiment(one.id, { isDeleted: true, changedAt: 2 }))
      expect((await metadata.tracking.experimentNamed('one'))?.id).toBe(one.id)
      const other = await again()
      expect(other.id).not.toBe(one.id)
      expect((await metadata.tracking.experimentNamed('one'))?.id).toBe(other.id)
      await expect(
        metadata.transaction(({ tracking }) => tracking.updateExperiment(one.id, { isDeleted: false })),
      ).rejects.toMatchObject({ code: 'already-exists' })
      await metadata.transaction(async ({ tracking }) => {
        await tracking.setExperimentTag(one.id, 'a', '3')
        expect(await tracking.removeExperimentTag(one.id, 'b')).toBe(true)
        expect(await tracking.removeExperimentTag(one.id, 'b')).toBe(false)
      })
      const later = await reopen()
      expect((await later.tracking.experiment(one.id))?.tags).toEqual({ a: '3' })
      for (const id of ['x', '-1', '1e1', '99', '99999999999999999999'])
        expect(await later.tracking.experiment(id)).toBeUndefined()
      await later.close()
    })

    test('runs keep what is logged, the last value of a tag, and the same write again changes nothing', async () => {
      const { metadata, reopen } = await setup()
      const run = runNamed('a1')
      const points: MetricPoint[] = [
        { metric: 'loss', value: 0.5, at: 10, step: 1 },
        { metric: 'loss', value: Number.NaN, at: 11, step: 2 },
        { metric: 'gain', value: Infinity, at: 10, step: -1 },
      ]
      await metadata.transaction(({ tracking }) => tracking.insertRun(run))
      for (let time = 0; time < 2; time += 1) {
        await metadata.transaction(async ({ tracking }) => {
          await tracking.addPoints(run.id, points)
          await tracking.setTags(run.id, [
            { key: 'who', value: 'x' },
            { key: 'who', value: String(time) },
          ])
          await tracking.addInputs(run.id, [input('d1', 'training'), input('d2', `test ${time}`)])
          const known = await tracking.paramsOf(run.id, ['depth', 'rate'])
          if (time === 0) expect(known.size).toBe(0)
          else expect(known).toEqual(new Map([['depth', '3']]))
          if (time === 0) await tracking.addParams(run.id, [{ key: 'depth', value: '3' }])
        })
      }
      await metadata.transaction(async ({ tracking }) => {
        await tracking.updateRun(run.id, { status: 'FINISHED', endedAt: 5 })
        await tracking.setTags(run.id, [{ key: 'gone', value: '' }])
        expect(await tracking.removeTag(run.id, 'gone')).toBe(true)
        expect(await tracking.removeTag(run.id, 'gone')).toBe(false)
      })
      const later = await reopen()
      expect(await later.tracking.run(run.id)).toEqual({ ...run, status: 'FINISHED', endedAt: 5 })
      expect((await later.tracking.factsOf([run.id, 'unknown'])).get(run.id)).toEqual({
        metrics: [{ metric: 'gain', value: Number.MAX_VALUE, at: 10, step: -1 }, points[1]],
        params: [{ key: 'depth', value: '3' }],
        tags: [{ key: 'who', value: '1' }],
      })
      expect((await later.tracking.inputsOf([run.id])).get(run.id)).toEqual([
        input('d1', 'training'),
        input('d2', 'test 1'),
      ])
      expect(await later.tracking.points(run.id, 'loss', { limit: 10 })).toEqual(points.slice(0, 2))
      expect(await later.tracking.points(run.id, 'other', { limit: 10 })).toEqual([])
      expect(await later.tracking.run('unknown')).toBeUndefined()
      await later.close()
    })

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

    test('a sample of any points has the first of each of its parts, and the last of all', async () => {
      const { metadata } = await setup()
      const run = runNamed('sampled')
      await metadata.transaction(({ tracking }) => tracking.insertRun(run))
      let made = 0
      const point = fc.record({ at: fc.nat(9), step: fc.nat(9), value: fc.constantFrom(-1, 0, 1.5, Number.NaN) })
      await fc.assert(
        fc.asyncProperty(fc.array(point, { maxLength: 60 }), fc.integer({ min: 1, max: 70 }), async (points, limit) => {
          made += 1
          const metric = `m${made}`
          await metadata.transaction(({ tracking }) =>
            tracking.addPoints(
              run.id,
              points.map((each) => ({ metric, ...each })),
            ),
          )
          const keyOf = ({ at, step, value }: (typeof points)[number]) =>
            [step, at, Number.isNaN(value) ? 0 : value, Number.isNaN(value) ? 1 : 0] as const
          const all = [...new Map(points.map((each) => [keyOf(each).join(), each])).values()].sort((a, b) => {
            const [one, other] = [keyOf(a), keyOf(b)]
            const at = one.findIndex((part, place) => part !== other[place])
            return at < 0 ? 0 : one[at]! - other[at]!
          })
          const expected: typeof points = []
          // As many longer parts as are left over, in front.
          const [length, longer] = [Math.floor(all.length / limit), all.length % limit]
          for (let part = 0, from = 0; part < limit && from < all.length; part += 1) {
            expected.push(all[from]!)
            from += length + (part < longer ? 1 : 0)
          }
          const last = all.at(-1)
          if (last && expected.at(-1) !== last) expected.splice(limit - 1, 1, last)
          const sampled = await metadata.tracking.sampledPoints(run.id, metric, { limit })
          expect(sampled.map(keyOf)).toEqual(expected.map(keyOf))
        }),
        { numRuns: 60 },
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

    test('a write that fails in the middle leaves nothing of itself', async () => {
      const { metadata } = await setup()
      const run = runNamed('b1')
      await metadata.transaction(({ tracking }) => tracking.insertRun(run))
      const broken = metadata.transaction(async ({ tracking }) => {
        await tracking.addPoints(run.id, [{ metric: 'fresh', value: 1, at: 1, step: 0 }])
        throw new Error('no')
      })
      await expect(broken).rejects.toThrow('no')
      expect((await metadata.tracking.factsOf([run.id])).get(run.id)?.metrics).toEqual([])
      await metadata.transaction(({ tracking }) =>
        tracking.addPoints(run.id, [{ metric: 'fresh', value: 2, at: 1, step: 0 }]),
      )
      expect(await metadata.tracking.points(run.id, 'fresh', { limit: 9 })).toHaveLength(1)
      await metadata.close()
    })

    test('runs of an experiment are deleted and restored together, others are left alone', async () => {
      const { metadata } = await setup()
      const { id } = await metadata.transaction(({ tracking }) => tracking.insertExperiment(experimentNamed('e')))
      await metadata.transaction(async ({ tracking }) => {
        for (const run of [runNamed('c1', id), runNamed('c2', id), runNamed('c3')]) await tracking.insertRun(run)
        await tracking.updateRun(runNamed('c2').id, { isDeleted: true, deletedAt: 5 })
        await tracking.markRuns(id, { isDeleted: true, deletedAt: 7 })
      })
      const deletedAt = async () =>
        Promise.all(['c1', 'c2', 'c3'].map(async (each) => (await metadata.tracking.run(runNamed(each).id))!.deletedAt))
      expect(await deletedAt()).toEqual([7, 5, null])
      await metadata.transaction(({ tracking }) => tracking.markRuns(id, { isDeleted: false, deletedAt: null }))
      expect(await deletedAt()).toEqual([null, null, null])
      await metadata.close()
    })

    test('of any points, in any order and any batches: pages are all of them in order, and the latest is the greatest', async () => {
      const { metadata } = await setup()
      let count = 0
      const point = fc.record({
        metric: fc.constantFrom('m', 'n'),
        value: fc.constantFrom(-1, 0, 0.5, 1e300, Number.NaN),
        at: fc.integer({ min: 0, max: 3 }),
        step: fc.integer({ min: -1, max: 3 }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(point, { maxLength: 8 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 4 }),
          async (batches, limit) => {
            count += 1
            const run = runNamed(`d${count.toString(16)}f`)
            await metadata.transaction(({ tracking }) => tracking.insertRun(run))
            for (const batch of batches) {
              await metadata.transaction(({ tracking }) => tracking.addPoints(run.id, batch))
            }
            const all = batches.flat()
            for (const metric of ['m', 'n']) {
              const mine = all.filter((each) => each.metric === metric)
              const order = ({ at, step, value }: MetricPoint) => [
                at,
                step,
                Number.isNaN(value) ? 0 : value,
                Number.isNaN(value) ? 1 : 0,
              ]
              const expected = [...new Map(mine.map((each) => [String(order(each)), each])).values()].sort((a, b) => {
                const [x, y] = [order(a), order(b)]
                const place = [0, 1, 2, 3].find((each) => x[each] !== y[each])!
                return x[place]! - y[place]!
              })
              const read: MetricPoint[] = []
              for (;;) {
                const page = await metadata.tracking.points(run.id, metric, { after: read.at(-1), limit })
                read.push(...page)
                if (page.length < limit) break
              }
              expect(read).toEqual(expected)
              const latest = (await metadata.tracking.factsOf([run.id]))
                .get(run.id)!
                .metrics.find((each) => each.metric === metric)
              const best = mine.reduce<MetricPoint | undefined>(
                (so, each) => (so === undefined || isLater(each, so) ? each : so),
                undefined,
              )
              // Of a NaN and a 0 at one place either may be the latest.
              expect(latest === undefined ? latest : { ...latest, value: latest.value || 0 }).toEqual(
                best === undefined ? best : { ...best, value: best.value || 0 },
              )
            }
          },
        ),
        { numRuns: 60 },
      )
      await metadata.close()
    })
  })
}
