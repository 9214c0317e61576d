import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import Sqlite from 'libsql'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openSqlMetadata } from '../../src/backends/sql/metadata.ts'
import { openSqlite } from '../../src/backends/sqlite/dialect.ts'
import { day } from '../../src/base/clock.ts'
import { Experiments } from '../../src/domain/tracking/experiments.ts'
import { LoggedModels } from '../../src/domain/tracking/logged-models.ts'
import { TrackedRuns } from '../../src/domain/tracking/tracked-runs.ts'
import { type GarbageRequest, rootOfItem, TrackingGarbage } from '../../src/domain/tracking/tracking-garbage.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright garbage '))
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) })
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true, force: true })
})

const ada = 'user:ada'
const due = (days: number): GarbageRequest => ({
  before: Date.now() - days * day,
  runs: [],
  models: [],
  experiments: [],
})
let opened = 0

async function open() {
  opened += 1
  const path = join(folder, `${opened}.db`)
  const metadata = await openSqlMetadata(openSqlite(path), () => Date.now())
  const file = new Sqlite(path)
  const runs = new TrackedRuns(metadata)
  const models = new LoggedModels(metadata)
  return {
    metadata,
    runs,
    models,
    experiments: new Experiments(metadata),
    garbage: new TrackingGarbage(metadata),
    count: (table: string) => (file.prepare(`select count(*) as n from ${table}`).all()[0] as { n: number }).n,
    newRun: async (experimentId: string) =>
      (await runs.create({ experimentId, name: '', user: 'ada', startedAt: 1, tags: [] }, ada)).run.id,
    newModel: async (experimentId: string, sourceRunId: string) => {
      const asked = { experimentId, name: null, modelType: '', sourceRunId }
      const params = [{ key: 'p', value: '1' }]
      return (await models.create({ ...asked, params, tags: params }, ada)).id
    },
    file: (root: string, path: string) =>
      metadata.transaction((writer) => writer.files.put(root, { path, hash: 'a'.repeat(64), size: 10, at: 1 })),
    close: async () => {
      file.close()
      await metadata.close()
    },
  }
}
type Store = Awaited<ReturnType<typeof open>>

const owned = ['metric_point', 'metric_latest', 'run_param', 'run_tag', 'run_input', 'run_model', 'tracked_file']

async function fill({ runs, metadata, file }: Store, run: string, experimentId: string): Promise<void> {
  const metrics = Array.from({ length: 40 }, (_, step) => ({ metric: `m${step % 4}`, value: step, at: step + 1, step }))
  await runs.log(run, { metrics, params: [{ key: 'lr', value: '1' }], tags: [{ key: 't', value: 'v' }] })
  const dataset = { name: `d ${run}`, digest: '1', sourceType: 'local', source: '{}', schema: null, profile: null }
  await runs.addInputs(run, [{ dataset, tags: [] }])
  await metadata.transaction(({ tracking }) => tracking.addModels(run, { inputs: ['m-1'], outputs: [] }))
  for (const name of ['a', 'b/c']) await file(`${experimentId}/${run}/artifacts`, name)
}

test('a run goes with all that it has when its time is over, and not a day before', async () => {
  const store = await open()
  const { runs, garbage, metadata, count } = store
  const [old, young, active] = [await store.newRun('0'), await store.newRun('0'), await store.newRun('0')]
  for (const run of [old, young, active]) await fill(store, run, '0')
  await runs.delete(old, ada)
  vi.setSystemTime(Date.now() + 29 * day)
  await runs.delete(young, ada)
  expect(await garbage.mark(due(30), ada)).toEqual({ experiment: 0, model: 0, run: 0 })
  vi.setSystemTime(Date.now() + day)
  const found: unknown[] = []
  for await (const item of garbage.find(due(30))) found.push(item)
  expect(found).toMatchObject([{ kind: 'run', id: old, points: 40, values: 9, files: 2, bytes: 20 }])
  expect(await garbage.mark(due(30), ada)).toEqual({ experiment: 0, model: 0, run: 1 })

  // From now on it is there for nobody.
  await expect(runs.get(old)).rejects.toMatchObject({ code: 'not-found' })
  expect((await metadata.tracking.factsOf([old])).size).toBe(0)
  expect(await metadata.tracking.points(old, 'm1', { limit: 10 })).toEqual([])
  await expect(runs.restore(old, ada)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('being removed for good'),
  })
  expect(count('metric_point')).toBe(120)

  expect(await garbage.sweep()).toEqual({ experiment: 0, model: 0, run: 1, points: 40, values: 9, files: 2 })
  await expect(runs.restore(old, ada)).rejects.toMatchObject({ code: 'not-found' })
  for (const [table, each] of [
    ['metric_point', 40],
    ['metric_latest', 4],
    ['tracked_file', 2],
    ['run_input', 1],
    ['logged_dataset', 1],
    ['tracked_run', 1],
  ] as const)
    expect([table, count(table)]).toEqual([table, 2 * each])
  await runs.restore(young, ada)
  expect((await metadata.tracking.factsOf([young])).get(young)!.metrics).toHaveLength(4)
  await metadata.sealed()
  const events = await metadata.latestEvents({ stage: 'training', limit: 2 + 1 })
  expect(events.slice(1).map(({ type, subject, actor, data }) => [type, subject, actor, data])).toEqual([
    [
      'tracking.removed',
      'project:tracking',
      'system',
      { experiment: 0, model: 0, run: 1, points: 40, values: 9, files: 2 },
    ],
    ['tracking.collected', `tracked-run:${old}`, ada, { kind: 'run', ids: [old] }],
  ])
  await store.close()
})

test('what is named goes at once, and alone; what is not deleted is refused, and then nothing goes', async () => {
  const store = await open()
  const { runs, garbage, experiments, models } = store
  const [first, second, third] = [await store.newRun('0'), await store.newRun('0'), await store.newRun('0')]
  for (const run of [first, second]) await runs.delete(run, ada)
  const named = (more: Partial<GarbageRequest>): GarbageRequest => ({ ...due(30), ...more })
  await expect(garbage.mark(named({ runs: [first, third] }), ada)).rejects.toMatchObject({ code: 'conflict' })
  await expect(garbage.mark(named({ runs: [first, 'nobody'] }), ada)).rejects.toMatchObject({ code: 'not-found' })
  expect((await runs.get(first)).isDeleted).toBe(true)
  expect(await garbage.mark(named({ runs: [first, first] }), ada)).toMatchObject({ run: 1 })
  await garbage.sweep()
  await expect(runs.get(first)).rejects.toMatchObject({ code: 'not-found' })
  expect((await runs.get(second)).isDeleted).toBe(true)

  const { id } = await experiments.create({ name: 'e', artifactLocation: null, tags: [{ key: 'a', value: 'b' }] }, ada)
  const inside = await store.newRun(id)
  const model = await store.newModel(id, inside)
  await experiments.delete(id, ada)
  await runs.restore(inside, ada)
  await expect(garbage.mark(named({ experiments: [id] }), ada)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('restored'),
  })
  vi.setSystemTime(Date.now() + 99 * day)
  expect(await garbage.mark(due(30), ada)).toEqual({ experiment: 0, model: 0, run: 1 })
  await runs.delete(inside, ada)
  expect(await garbage.mark(named({ experiments: [id] }), ada)).toEqual({ experiment: 1, model: 0, run: 0 })
  await expect(experiments.restore(id, ada)).rejects.toMatchObject({ code: 'conflict' })
  await expect(runs.restore(inside, ada)).rejects.toMatchObject({ code: 'conflict' })
  expect(await garbage.sweep()).toMatchObject({ experiment: 1, model: 1, run: 2 })
  await expect(models.get(model, true)).rejects.toMatchObject({ code: 'not-found' })
  expect(store.count('experiment_tag')).toBe(0)
  // Numbers never come again: where files are and what events say goes by them.
  const next = await experiments.create({ name: 'e', artifactLocation: null, tags: [] }, ada)
  expect(Number(next.id)).toBe(Number(id) + 1)
  expect((await experiments.get(next.id)).tags).toEqual({})

  await experiments.delete('0', ada)
  await expect(garbage.mark(named({ experiments: ['0'] }), ada)).rejects.toMatchObject({ code: 'conflict' })
  vi.setSystemTime(Date.now() + 99 * day)
  await garbage.mark(due(30), ada)
  await garbage.sweep()
  expect((await experiments.get('0')).isDeleted).toBe(true)
  await store.close()
})

test('of a run that points of a model name, its id stays for them as long as the model is there', async () => {
  const store = await open()
  const { runs, models, garbage, metadata, count } = store
  const run = await store.newRun('0')
  const model = await store.newModel('0', run)
  const point = {
    metric: 'auc',
    value: 1,
    at: 1,
    step: 0,
    model: { id: model, datasetName: null, datasetDigest: null },
  }
  await runs.log(run, { metrics: [point], params: [], tags: [] })
  await store.file(rootOfItem('model', { id: model, experimentId: '0' }), 'MLmodel')
  await runs.delete(run, ada)
  await garbage.mark(due(0), ada)
  await garbage.sweep()
  await expect(runs.get(run)).rejects.toMatchObject({ code: 'not-found' })
  expect((await metadata.tracking.models.factsOf([model])).get(model)!.metrics).toMatchObject([
    { value: 1, runId: run },
  ])
  expect(count('metric_point')).toBe(0)
  await models.delete(model, ada)
  await garbage.mark(due(0), ada)
  expect(await garbage.sweep()).toMatchObject({ model: 1, run: 0, files: 1 })
  for (const table of ['tracked_run', 'logged_model', 'logged_model_metric', 'measured_model', 'tracked_file'])
    expect([table, count(table)]).toEqual([table, 0])
  await store.close()
})

const command = fc.oneof(
  fc.record({ kind: fc.constant('experiment' as const) }),
  fc.record({ kind: fc.constant('run' as const), of: fc.nat(20) }),
  fc.record({ kind: fc.constant('model' as const), of: fc.nat(20) }),
  fc.record({
    kind: fc.constant('change' as const),
    to: fc.constantFrom('delete' as const, 'restore' as const),
    what: fc.constantFrom('run' as const, 'run' as const, 'model' as const, 'experiment' as const),
    of: fc.nat(40),
  }),
  fc.record({ kind: fc.constant('days' as const), of: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('collect' as const),
    isKilled: fc.boolean(),
    days: fc.integer({ min: 0, max: 30 }),
  }),
)

interface Known {
  experimentId: string
  deletedAt: number | null
}

test('whatever is deleted, restored and collected, what is left is what a plain model of it says', {
  timeout: 240_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 15, maxLength: 45 }), async (commands) => {
      const store = await open()
      const { runs, models, experiments, metadata, count } = store
      const known = {
        experiment: new Map<string, Known>([['0', { experimentId: '0', deletedAt: null }]]),
        run: new Map<string, Known>(),
        model: new Map<string, Known>(),
      }
      const nth = (map: Map<string, Known>, place: number): [string, Known] | undefined =>
        [...map][map.size === 0 ? 0 : place % map.size]
      for (const asked of commands) {
        const now = Date.now()
        if (asked.kind === 'experiment') {
          const name = `e${opened} ${known.experiment.size} ${now} ${Math.random()}`
          const { id } = await experiments.create({ name, artifactLocation: null, tags: [] }, ada)
          expect(known.experiment.has(id)).toBe(false)
          known.experiment.set(id, { experimentId: id, deletedAt: null })
        } else if (asked.kind === 'run' || asked.kind === 'model') {
          const [experimentId, about] = nth(known.experiment, asked.of)!
          if (about.deletedAt !== null) continue
          const id = asked.kind === 'run' ? await store.newRun(experimentId) : await store.newModel(experimentId, '')
          known[asked.kind].set(id, { experimentId, deletedAt: null })
          if (asked.kind === 'run') await fill(store, id, experimentId)
          else await store.file(rootOfItem('model', { id, experimentId }), 'x')
        } else if (asked.kind === 'change') {
          const isDelete = asked.to === 'delete'
          const [id, about] = nth(known[asked.what], asked.of) ?? []
          if (!id || !about || (about.deletedAt !== null) === isDelete) continue
          if (asked.what === 'model') {
            if (!isDelete) continue
            await models.delete(id, ada)
          } else await { run: runs, experiment: experiments }[asked.what][asked.to](id, ada)
          about.deletedAt = isDelete ? now : null
          if (asked.what === 'experiment')
            for (const run of known.run.values())
              if (run.experimentId === id && (run.deletedAt !== null) !== isDelete)
                run.deletedAt = isDelete ? now : null
        } else if (asked.kind === 'days') vi.setSystemTime(now + asked.of * day)
        else {
          const isOld = ({ deletedAt }: Known) => deletedAt !== null && deletedAt <= now - asked.days * day
          const gone = [...known.experiment].filter(
            ([id, about]) =>
              id !== '0' &&
              isOld(about) &&
              [...known.run.values()].every((run) => run.experimentId !== id || isOld(run)),
          )
          for (const [id] of gone) known.experiment.delete(id)
          for (const map of [known.run, known.model])
            for (const [id, about] of map) if (isOld(about) || !known.experiment.has(about.experimentId)) map.delete(id)
          const garbage = new TrackingGarbage(metadata)
          await garbage.mark(due(asked.days), ada)
          const sweeping = garbage.sweep()
          if (asked.isKilled) await garbage.close()
          await sweeping
        }
        for (const [id, { deletedAt }] of known.run) expect((await runs.get(id)).deletedAt).toBe(deletedAt)
      }
      await new TrackingGarbage(metadata).sweep()
      const { tracking } = metadata
      for (const [id, { deletedAt }] of known.experiment) {
        expect((await experiments.get(id)).isDeleted).toBe(deletedAt !== null)
        const asked = { experiments: [id], lifecycle: 'all', filter: undefined, order: [], limit: 1000 } as const
        const { runs: inside } = await tracking.searchRuns({ ...asked, after: undefined })
        const mine = [...known.run].filter(([, run]) => run.experimentId === id)
        expect(inside.map((run) => run.id).sort()).toEqual(mine.map(([run]) => run).sort())
      }
      const facts = await tracking.factsOf([...known.run.keys()])
      for (const id of known.run.keys())
        expect([facts.get(id)!.metrics.length, facts.get(id)!.params.length]).toEqual([4, 1])
      const perRun = [40, 4, 1, 2, 1, 1, 2]
      expect(owned.map((table) => [table, count(table)])).toEqual(
        owned.map((table, place) => [
          table,
          perRun[place]! * known.run.size + (table === 'tracked_file' ? known.model.size : 0),
        ]),
      )
      expect([count('tracked_run'), count('logged_model'), count('logged_model_param')]).toEqual([
        known.run.size,
        known.model.size,
        known.model.size,
      ])
      await store.close()
    }),
    { numRuns: 15 },
  )
})
