import { describe, expect, test } from 'vitest'
import type { Metadata } from './metadata.ts'
import { runNamed } from './searchable-runs.conformance.ts'
import type { TrackingWriter } from './tracking.ts'

const [one, other] = [runNamed('a1'), runNamed('b2')]
const pair = [{ key: 'key', value: 'value' }]
const dataset = { name: 'orders', digest: 'd', sourceType: 'local', source: '{}', schema: null, profile: null }
const model = 'm-0123456789abcdef0123456789abcdef'

/** Every change of what a run is or has; those of many runs change both. */
const changes: Record<string, { change: (tracking: TrackingWriter) => Promise<unknown>; isOfAll?: true }> = {
  'its name': { change: (tracking) => tracking.updateRun(one.id, { name: 'new' }) },
  'a point': { change: (tracking) => tracking.addPoints(one.id, [{ metric: 'm', value: 1, at: 1, step: 0 }]) },
  'a param': { change: (tracking) => tracking.addParams(one.id, pair) },
  'a tag': { change: (tracking) => tracking.setTags(one.id, pair) },
  'a tag that goes': { change: (tracking) => tracking.removeTag(one.id, 'key') },
  'an input': { change: (tracking) => tracking.addInputs(one.id, [{ dataset, tags: [] }]) },
  'a model': { change: (tracking) => tracking.addModels(one.id, { inputs: [], outputs: [{ model, step: 1 }] }) },
  'all of an experiment': {
    change: (tracking) => tracking.markRuns('0', { isDeleted: true, deletedAt: 5 }),
    isOfAll: true,
  },
  'where the experiment keeps files': {
    change: (tracking) => tracking.updateExperiment('0', { artifactLocation: 's3://bucket' }),
    isOfAll: true,
  },
  'marked as garbage': { change: (tracking) => tracking.garbage.mark('run', [one.id], null), isOfAll: true },
  'rows removed': { change: (tracking) => tracking.garbage.removeRows('run', one.id, 100), isOfAll: true },
  removed: { change: (tracking) => tracking.garbage.remove('run', one.id), isOfAll: true },
  'the store cleared': { change: (tracking) => tracking.clear(), isOfAll: true },
}

/** What every back end must tell of changes of runs. */
export function runRevisionsConformance(name: string, setup: () => Promise<{ metadata: Metadata }>): void {
  describe(`revisions of runs: ${name}`, () => {
    test('each change is told when it is committed, and not before; another run stays as it was', async () => {
      const { metadata } = await setup()
      const { revisions } = metadata.tracking
      await metadata.transaction(async ({ tracking }) => {
        await tracking.insertRun(one)
        await tracking.insertRun(other)
      })
      expect(revisions.of(one.id)).toBe(revisions.now())
      for (const [what, { change, isOfAll = false }] of Object.entries(changes)) {
        const before = revisions.now()
        const ofOther = revisions.of(other.id)
        await metadata.transaction(async ({ tracking }) => {
          await change(tracking)
          expect(revisions.of(one.id), what).toBeLessThanOrEqual(before)
        })
        expect(revisions.of(one.id), what).toBeGreaterThan(before)
        if (isOfAll) expect(revisions.of(other.id), what).toBeGreaterThan(before)
        else expect(revisions.of(other.id), what).toBe(ofOther)
      }
      await metadata.close()
    })

    test('what changes nothing of runs is not told', async () => {
      const { metadata } = await setup()
      const before = metadata.tracking.revisions.now()
      await metadata.transaction((writer) => writer.tracking.setExperimentTag('0', 'team', 'a'))
      expect(metadata.tracking.revisions.now()).toBe(before)
      await metadata.close()
    })

    test('of very many runs the first are forgotten, and count as changed', async () => {
      const { metadata } = await setup()
      const { revisions } = metadata.tracking
      await metadata.transaction(({ tracking }) => tracking.insertRun(one))
      const before = revisions.now()
      for (let round = 0; round < 11; round += 1)
        await metadata.transaction(async ({ tracking }) => {
          for (let place = 0; place < 10_000; place += 1)
            await tracking.addPoints(`${round}-${place}`.padStart(32, '0'), [])
        })
      expect(revisions.of(one.id)).toBeGreaterThan(before)
      await metadata.close()
    })
  })
}
