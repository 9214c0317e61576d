import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configOf, pipelineOf, runToEnd, withEngine, writeProject } from './engine-setup.ts'

const chain = configOf(
  {
    'p/rows': "context.log('reading'); return [1, 2, 3]",
    'p/sum': 'return add(inputs.rows, context.params.extra)',
    'p/report': "await context.artifact('report.json', { json: { sum: inputs.sum } }, 'report'); return null",
  },
  "import { add } from './add.ts'",
)
const addFile = 'export const add = (all: number[], extra: number) => all.reduce((a, b) => a + b, extra)\n'
const chainPipeline = pipelineOf({
  params: { extra: 10 },
  steps: [
    { name: 'report', needs: ['sum'], reads: [] },
    { name: 'rows', reads: [] },
    { name: 'sum', needs: ['rows'] },
  ],
})

test('runs steps in order, hands outputs on, keeps artifacts, logs and everything a run must record', async () => {
  await withEngine({ 'millwright.config.ts': chain, 'add.ts': addFile }, async (setup) => {
    const { run, steps } = await runToEnd(setup, chainPipeline, { params: { extra: 4 } })
    expect(run).toMatchObject({
      state: 'succeeded',
      params: { extra: 4 },
      startedBy: 'user:test',
      reason: 'a test',
      error: null,
      environment: { node: process.version },
    })
    expect(steps.sum).toMatchObject({ state: 'succeeded', output: 10, attempt: 1, because: 'ran for the first time' })
    expect(steps.report!.artifacts).toMatchObject([{ name: 'report.json', type: 'report', size: 10 }])
    expect(steps.sum!.startedAt!).toBeGreaterThanOrEqual(steps.rows!.endedAt!)
    expect((await setup.engine.readLog(`${run.id}/rows`)).text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z log reading\n$/)
    await setup.metadata.sealed()
    const types = (await setup.metadata.eventsAfter(0, 100)).map((event) => `${event.type} ${event.data.step ?? ''}`)
    expect(types).toEqual([
      'run.started ',
      'step.started rows',
      'step.succeeded rows',
      'step.started sum',
      'step.succeeded sum',
      'step.started report',
      'step.succeeded report',
      'run.succeeded ',
    ])
  })
})

test('a second run reuses everything; a change runs what depends on it, and says which change', async () => {
  await withEngine({ 'millwright.config.ts': chain, 'add.ts': addFile }, async (setup) => {
    const first = await runToEnd(setup, chainPipeline)
    const second = await runToEnd(setup, chainPipeline)
    for (const step of Object.values(second.steps)) {
      expect(step).toMatchObject({
        state: 'reused',
        because: `reused: nothing it depends on has changed since ${first.run.id}`,
      })
    }
    expect(second.steps.report!.artifacts).toEqual(first.steps.report!.artifacts)

    const other = await runToEnd(setup, chainPipeline, { params: { extra: 11 } })
    expect(other.steps.rows!.state).toBe('reused')
    expect(other.steps.sum).toMatchObject({ state: 'succeeded', output: 17 })
    expect(other.steps.sum!.because).toBe(`ran because parameter extra changed since ${second.run.id}`)
    expect(other.steps.report!.because).toBe(`ran because input sum changed since ${second.run.id}`)

    await appendFile(join(setup.projectDir, 'add.ts'), 'export const unused = 1\n')
    const changed = await runToEnd(setup, chainPipeline, { params: { extra: 11 } })
    expect(changed.steps.rows!.because).toBe(`ran because its code changed: add.ts since ${other.run.id}`)
    // What it made is the same as before, but the step that takes it has changed code too.
    expect(changed.steps.sum).toMatchObject({ state: 'succeeded', output: 17 })

    const forced = await runToEnd(setup, chainPipeline, { params: { extra: 11 }, force: ['sum'] })
    expect(forced.steps).toMatchObject({ rows: { state: 'reused' }, sum: { because: 'ran because it was asked to' } })
    expect(forced.steps.report!.state).toBe('reused')
  })
})

test('warm processes run the code as it is now, not as it was', async () => {
  const config = (value: number) => configOf({ 'p/a': `return ${value}` })
  await withEngine({ 'millwright.config.ts': config(1) }, async (setup) => {
    const pipeline = pipelineOf({ steps: [{ name: 'a' }] })
    expect((await runToEnd(setup, pipeline)).steps.a!.output).toBe(1)
    await writeProject(setup.folder, { 'millwright.config.ts': config(2) })
    expect((await runToEnd(setup, pipeline)).steps.a!.output).toBe(2)
  })
})

test('fans out over a list, joins the outputs in order, and reuses element by element', async () => {
  const config = configOf({
    'p/days': 'return context.params.days',
    'p/double': 'return context.element * 2',
    'p/total': 'return inputs.double.reduce((a, b) => a + b, 0)',
  })
  const pipeline = pipelineOf({
    params: { days: [1, 2, 3, 4, 5] },
    steps: [
      { name: 'days' },
      { name: 'double', needs: ['days'], forEach: 'steps.days', takes: [], reads: [] },
      { name: 'total', needs: ['double'], reads: [] },
    ],
  })
  await withEngine({ 'millwright.config.ts': config }, async (setup) => {
    const first = await runToEnd(setup, pipeline)
    expect(first.steps.double).toMatchObject({
      state: 'succeeded',
      output: [2, 4, 6, 8, 10],
      elements: { total: 5, ran: 5, reused: 0, failed: 0 },
    })
    expect(first.steps['double/3']).toMatchObject({ index: 3, element: 4, output: 8 })
    expect(first.steps.total!.output).toBe(30)
    const more = await runToEnd(setup, pipeline, { params: { days: [2, 3, 4, 5, 6] } })
    expect(more.steps.double).toMatchObject({ output: [4, 6, 8, 10, 12], elements: { ran: 1, reused: 4 } })
    const same = await runToEnd(setup, pipeline)
    expect(same.steps.double).toMatchObject({
      state: 'reused',
      output: [2, 4, 6, 8, 10],
      elements: { ran: 0, reused: 5 },
    })
    const none = await runToEnd(setup, pipeline, { params: { days: [] } })
    expect(none.steps).toMatchObject({ double: { state: 'succeeded', output: [] }, total: { output: 0 } })
    await setup.metadata.sealed()
    const events = await setup.metadata.eventsAfter(0, 1000)
    expect(events.filter((event) => event.subject.includes('/double/'))).toEqual([])
  })
})

test('a list that is none, and a failed element, fail the step alone', async () => {
  const config = configOf({
    'p/each': "if (context.element === 2) throw new Error('no two'); return context.element",
    'p/after': 'return 1',
    'p/other': 'return 2',
  })
  const steps = [{ name: 'each', forEach: 'params.list' }, { name: 'after', needs: ['each'] }, { name: 'other' }]
  await withEngine({ 'millwright.config.ts': config }, async (setup) => {
    const broken = await runToEnd(setup, pipelineOf({ params: { list: [1, 2, 3] }, steps }))
    expect(broken.run.state).toBe('failed')
    expect(broken.steps).toMatchObject({
      each: { state: 'failed', error: '1 of 3 elements failed; the first, 1: no two' },
      'each/2': { state: 'succeeded' },
      after: { state: 'blocked', error: 'each, which it needs, failed.' },
      other: { state: 'succeeded' },
    })
    const noList = await runToEnd(setup, pipelineOf({ params: { list: 3 }, steps }))
    expect(noList.steps.each!.error).toBe('The step each runs for each of params.list, which is 3. It must be a list.')
  })
})

test('conditions skip a step; what needs it goes on without its output', async () => {
  const config = configOf({ 'p/gate': 'return { passed: false }', 'p/out': 'return 1', 'p/end': 'return inputs' })
  const pipeline = pipelineOf({
    steps: [
      { name: 'gate' },
      { name: 'out', needs: ['gate'], when: { value: 'steps.gate.passed', is: 'equal', to: true } },
      { name: 'end', needs: ['out'] },
    ],
  })
  await withEngine({ 'millwright.config.ts': config }, async (setup) => {
    const { run, steps } = await runToEnd(setup, pipeline)
    expect(run.state).toBe('succeeded')
    expect(steps.out).toMatchObject({
      state: 'skipped',
      because: 'skipped: it runs when steps.gate.passed is equal to true',
    })
    expect(steps.end!.output).toEqual({ out: null })
  })
})

test('retries with growing pauses, and tells', async () => {
  await withEngine({}, async (setup) => {
    const counter = join(setup.folder, 'tries')
    await writeFile(counter, '')
    const body = `
      const fs = await import('node:fs')
      fs.appendFileSync(${JSON.stringify(counter)}, Date.now() + '\\n')
      if (context.attempt < 3) throw new Error('not yet')
      return context.attempt`
    await writeProject(setup.folder, { 'millwright.config.ts': configOf({ 'p/a': body }) })
    const retries = { attempts: 3, backoffMs: 60, factor: 3 }
    const { steps, run } = await runToEnd(setup, pipelineOf({ steps: [{ name: 'a', retries }] }))
    expect(steps.a).toMatchObject({ state: 'succeeded', output: 3, attempt: 3, error: null })
    const times = (await readFile(counter, 'utf8')).trim().split('\n').map(Number)
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(60)
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(180)
    await setup.metadata.sealed()
    const retried = await setup.metadata.latestEvents({ limit: 10, type: 'step.retried' })
    expect(retried.map((event) => event.data)).toMatchObject([
      { attempt: 2, error: 'not yet', waitMs: 180, run: run.id },
      { attempt: 1, waitMs: 60 },
    ])
  })
})

test('parameters that are not the pipeline’s, or of another type, are refused by name', async () => {
  await withEngine({ 'millwright.config.ts': chain, 'add.ts': addFile }, async ({ engine }) => {
    const request = { pipeline: chainPipeline, definitionHash: 'test', startedBy: 'user:test', reason: 'a test' }
    await expect(engine.start({ ...request, params: { extras: 1 } })).rejects.toMatchObject({
      code: 'invalid-request',
      field: 'params.extras',
      hint: 'It takes extra.',
    })
    await expect(engine.start({ ...request, params: { extra: 'x' } })).rejects.toMatchObject({ field: 'params.extra' })
    await expect(engine.start({ ...request, force: ['rowz'] })).rejects.toMatchObject({ code: 'invalid-request' })
  })
})
