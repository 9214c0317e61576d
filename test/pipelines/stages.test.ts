import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { Stage } from '../../src/domain/pipelines/stage-registry.ts'
import { makeProject, openEngine, pipelineOf, runToEnd, writeProject } from './engine-setup.ts'

const stageFile = `import { suffix } from './suffix.mjs'
export default async (context, services) => {
  context.log('in ' + process.pid)
  return [services.greet(context.params.name) + suffix, process.pid]
}
`

test('stages run inline or in a warm process with the services of the wiring, and are keyed by their code', async () => {
  const folder = await makeProject({
    'stage.mjs': stageFile,
    'suffix.mjs': "export const suffix = '!'\n",
    'wiring.mjs': "export const wire = async () => ({ greet: (name) => 'hello ' + name })\n",
  })
  let version = '1'
  const stages = new Map<string, Stage>([
    [
      'greet',
      {
        kind: 'module',
        module: pathToFileURL(join(folder, 'project', 'stage.mjs')),
        readsFrom: async ({ params }) => ({ [`dataset ${params.name}`]: version }),
      },
    ],
    [
      'register',
      {
        kind: 'inline',
        sideEffects: true,
        run: async (context) => {
          const kept = await context.artifact('card', 'text', 'report')
          const path = await context.inputPath(kept)
          context.log('registers')
          return { pid: process.pid, input: context.inputs.greet!.output, card: await readFile(path, 'utf8') }
        },
      },
    ],
    ['slow', { kind: 'inline', run: () => new Promise((resolve) => setTimeout(resolve, 5000)) }],
    ['broken', { kind: 'inline', run: async () => Promise.reject(new Error('no such alias')) }],
  ])
  const stage = (name: string) => ({ kind: 'stage', stage: name })
  const pipeline = pipelineOf({
    params: { name: 'ada' },
    steps: [
      { name: 'greet', run: stage('greet') },
      { name: 'register', run: stage('register'), needs: ['greet'] },
    ],
  })
  const setup = await openEngine(folder, { stages, wiring: join(folder, 'project', 'wiring.mjs') })
  try {
    const first = await runToEnd(setup, pipeline)
    expect(first.run.error).toBeNull()
    const [greeting, pid] = first.steps.greet!.output as [string, number]
    expect(greeting).toBe('hello ada!')
    expect(pid).not.toBe(process.pid)
    expect(first.steps.register!.output).toEqual({ pid: process.pid, input: ['hello ada!', pid], card: 'text' })
    expect(first.steps.register!.artifacts).toMatchObject([{ name: 'card', type: 'report' }])
    expect((await setup.engine.readLog(`${first.run.id}/register`)).text).toContain('log registers')

    const second = await runToEnd(setup, pipeline)
    expect(second.steps).toMatchObject({ greet: { state: 'reused' }, register: { state: 'succeeded' } })
    version = '2'
    const third = await runToEnd(setup, pipeline)
    expect(third.steps.greet!.because).toBe(`ran because dataset ada changed since ${second.run.id}`)
    await writeProject(folder, { 'suffix.mjs': "export const suffix = '?'\n" })
    expect((await runToEnd(setup, pipeline)).steps.greet!.because).toContain('Millwright changed from 0.0.0')

    const failing = pipelineOf({
      name: 'failing',
      steps: [
        { name: 'slow', run: stage('slow'), timeoutMs: 100 },
        { name: 'broken', run: stage('broken') },
      ],
    })
    const failed = await runToEnd(setup, failing)
    expect(failed.steps.slow!.error).toBe('It ran longer than its limit of 100 ms.')
    expect(failed.steps.broken!.error).toBe('no such alias')

    const unknown = pipelineOf({ steps: [{ name: 'x', run: stage('nope') }] })
    const request = { pipeline: unknown, definitionHash: 'test', startedBy: 'user:test', reason: 'a test' }
    await expect(setup.engine.start(request)).rejects.toMatchObject({
      code: 'invalid-definition',
      hint: 'The stages are greet, register, slow, broken.',
    })
  } finally {
    await setup.close()
    await rm(folder, { recursive: true, force: true })
  }
})
