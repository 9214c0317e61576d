import { describe, expect, test } from 'vitest'
import type { MetricPoint, RunInput } from '../contract/tracking.ts'
import type { Metadata } from './metadata.ts'
import { experimentNamed, runNamed } from './searchable-runs.conformance.ts'
import type { Lifecycle } from './tracking.ts'

const input = (digest: string, context: string): RunInput => ({
  dataset: { name: 'orders', digest, sourceType: 'local', source: '{}', schema: null, profile: '{"rows":1}' },
  tags: [{ key: 'context', value: context }],
})

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
  })
}
