import { expect, test } from 'vitest'
import { configOf, pipelineOf, withEngine } from './engine-setup.ts'

const config = configOf({ 'p/slow': 'await new Promise((r) => setTimeout(r, 400)); return context.params.n' })
const request = (whenBusy: 'queue' | 'refuse' | 'replace', n: number, limit = 1) => ({
  pipeline: pipelineOf({ params: { n: 0 }, concurrency: { limit, whenBusy }, steps: [{ name: 'slow' }] }),
  definitionHash: 'test',
  startedBy: 'user:test',
  reason: 'a test',
  params: { n },
})

test('a further run waits for its turn, in order', async () => {
  await withEngine({ 'millwright.config.ts': config }, async ({ engine, metadata }) => {
    const runs = []
    for (const n of [1, 2, 3]) runs.push(await engine.start(request('queue', n)))
    expect(runs.map((run) => run.state)).toEqual(['running', 'queued', 'queued'])
    const [a, b, c] = await Promise.all(runs.map((run) => engine.finished(run.id)))
    expect([a!.state, b!.state, c!.state]).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(b!.startedAt!).toBeGreaterThanOrEqual(a!.endedAt!)
    expect(c!.startedAt!).toBeGreaterThanOrEqual(b!.endedAt!)
    await metadata.sealed()
    expect(await metadata.latestEvents({ limit: 10, type: 'run.queued' })).toHaveLength(2)
  })
})

test('several run at a time when the limit says so', async () => {
  await withEngine({ 'millwright.config.ts': config }, async ({ engine }) => {
    const runs = [await engine.start(request('queue', 1, 2)), await engine.start(request('queue', 2, 2))]
    expect(runs.map((run) => run.state)).toEqual(['running', 'running'])
    await Promise.all(runs.map((run) => engine.finished(run.id)))
  })
})

test('a further run is refused, and leaves nothing behind', async () => {
  await withEngine({ 'millwright.config.ts': config }, async ({ engine, metadata }) => {
    const first = await engine.start(request('refuse', 1))
    await expect(engine.start(request('refuse', 2))).rejects.toMatchObject({
      code: 'pipeline-busy',
      message: `The pipeline 'p' is busy with ${first.id}.`,
    })
    await engine.finished(first.id)
    expect(await metadata.count('run')).toBe(1)
    expect((await engine.start(request('refuse', 2))).state).toBe('running')
  })
})

test('a further run takes the place of the one that waits', async () => {
  await withEngine({ 'millwright.config.ts': config }, async ({ engine }) => {
    const runs = []
    for (const n of [1, 2, 3]) runs.push(await engine.start(request('replace', n)))
    const ended = await Promise.all(runs.map((run) => engine.finished(run.id)))
    expect(ended.map((run) => run.state)).toEqual(['succeeded', 'stopped', 'succeeded'])
  })
})
