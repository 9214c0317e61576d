import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  configOf,
  makeProject,
  openEngine,
  pipelineOf,
  runToEnd,
  stepsOf,
  withEngine,
  writeProject,
} from './engine-setup.ts'

/** Each step notes that it ran; `b` fails while the file `broken` is there. */
function notingConfig(folder: string): string {
  const note = (name: string) => `
    const fs = await import('node:fs')
    fs.appendFileSync(${JSON.stringify(join(folder, 'ran'))}, '${name}' + (context.element ?? '') + ' ')`
  return configOf({
    'p/a': `${note('a')}; return 1`,
    'p/b': `${note('b')}
      if (context.element === 2 && fs.existsSync(${JSON.stringify(join(folder, 'broken'))})) throw new Error('broken')
      return context.element`,
    'p/c': `${note('c')}; return inputs.b`,
    'p/d': `${note('d')}; return 4`,
  })
}
const pipeline = pipelineOf({
  params: { list: [1, 2, 3] },
  steps: [
    { name: 'a' },
    { name: 'b', needs: ['a'], forEach: 'params.list' },
    { name: 'c', needs: ['b'] },
    { name: 'd', needs: ['a'], sideEffects: true },
  ],
})
const sorted = (text: string) => text.trim().split(' ').sort()

test('resume goes on after a failure and repeats nothing that is done', async () => {
  await withEngine({}, async (setup) => {
    await writeProject(setup.folder, { 'millwright.config.ts': notingConfig(setup.folder) })
    await writeFile(join(setup.folder, 'broken'), '')
    const failed = await runToEnd(setup, pipeline)
    expect(failed.run.state).toBe('failed')
    await rm(join(setup.folder, 'broken'))
    await writeFile(join(setup.folder, 'ran'), '')
    await setup.engine.resume(failed.run.id)
    const run = await setup.engine.finished(failed.run.id)
    expect(run).toMatchObject({ state: 'succeeded', error: null, id: failed.run.id })
    expect(sorted(await readFile(join(setup.folder, 'ran'), 'utf8'))).toEqual(['b2', 'c'])
    const steps = await stepsOf(setup.metadata, run.id)
    expect(steps.c!.output).toEqual([1, 2, 3])
    expect(steps.b).toMatchObject({ state: 'succeeded', elements: { total: 3, ran: 3, failed: 0 } })
    await expect(setup.engine.resume(run.id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(setup.engine.resume('run_none')).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('a re-run from a step keeps what comes before, and does not touch what does not depend on it', async () => {
  await withEngine({}, async (setup) => {
    await writeProject(setup.folder, { 'millwright.config.ts': notingConfig(setup.folder) })
    const first = await runToEnd(setup, pipeline)
    await writeFile(join(setup.folder, 'ran'), '')
    const started = await setup.engine.rerunFrom(first.run.id, 'b', { startedBy: 'user:ada', reason: 'again' })
    const run = await setup.engine.finished(started.id)
    expect(run).toMatchObject({ state: 'succeeded', from: first.run.id, params: first.run.params })
    expect(sorted(await readFile(join(setup.folder, 'ran'), 'utf8'))).toEqual(['b1', 'b2', 'b3', 'c'])
    const steps = await stepsOf(setup.metadata, run.id)
    expect(steps.a).toMatchObject({ state: 'reused', because: `kept from ${first.run.id}`, output: 1 })
    expect(steps.d).toMatchObject({ state: 'reused', reusedFrom: `${first.run.id}/d` })
    await expect(
      setup.engine.rerunFrom(first.run.id, 'x', { startedBy: 'user:ada', reason: 'again' }),
    ).rejects.toMatchObject({ code: 'invalid-request', hint: 'Its steps are a, b, c, d.' })
  })
})

test('a step with side effects is never reused', async () => {
  await withEngine({}, async (setup) => {
    await writeProject(setup.folder, { 'millwright.config.ts': notingConfig(setup.folder) })
    await runToEnd(setup, pipeline)
    const { steps } = await runToEnd(setup, pipeline)
    expect([steps.a!.state, steps.b!.state, steps.c!.state, steps.d!.state]).toEqual([
      'reused',
      'reused',
      'reused',
      'succeeded',
    ])
    expect(steps.d!.because).toContain('never reused')
  })
})

test('a control plane that closes leaves its runs to the next one: those under way, those that wait, those that must not go on', async () => {
  const folder = await makeProject({})
  await writeProject(folder, { 'millwright.config.ts': notingConfig(folder) })
  const sleep = (seconds: number) => ({ kind: 'command', command: ['sh', '-c', `sleep ${seconds}`] })
  const slow = (name: string, afterCrash: 'continue' | 'fail') =>
    pipelineOf({ name, afterCrash, steps: [{ name: 'd' }, { name: 'wait', needs: ['d'], run: sleep(1) }] })
  const commands = pipelineOf({ name: 'once', afterCrash: 'fail', steps: [{ name: 'wait', run: sleep(30) }] })
  const request = { definitionHash: 'test', startedBy: 'user:test', reason: 'a test' }
  const first = await openEngine(folder)
  const p = slow('p', 'continue')
  const runs = [
    await first.engine.start({ ...request, pipeline: p, force: true }),
    await first.engine.start({ ...request, pipeline: p, force: true }),
    await first.engine.start({ ...request, pipeline: commands }),
  ]
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await stepsOf(first.metadata, runs[0]!.id)).d!.state === 'succeeded') break
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  await first.engine.close()
  const states = await first.metadata.find('run')
  expect(states.map((run) => run.state)).toEqual(['interrupted', 'queued', 'interrupted'])
  await expect(first.engine.start({ ...request, pipeline: p })).rejects.toMatchObject({ code: 'unavailable' })
  await first.close()

  const second = await openEngine(folder)
  try {
    const going = await second.engine.recover()
    expect(going.map((run) => run.id).sort()).toEqual([runs[0]!.id, runs[1]!.id])
    for (const { id } of runs.slice(0, 2)) {
      expect(await second.engine.finished(id)).toMatchObject({ state: 'succeeded' })
    }
    // Forced, so the second run ran its own; the first one's was done before the break.
    expect(sorted(await readFile(join(folder, 'ran'), 'utf8'))).toEqual(['d', 'd'])
    expect(await second.engine.finished(runs[2]!.id)).toMatchObject({
      state: 'failed',
      error: 'The control plane ended while it ran.',
    })
    const steps = await stepsOf(second.metadata, runs[2]!.id)
    expect(steps.wait).toMatchObject({ state: 'failed', error: 'The control plane ended while it ran.' })
  } finally {
    await second.close()
    await rm(folder, { recursive: true, force: true })
  }
})
