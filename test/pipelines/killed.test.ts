import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { Stage } from '../../src/domain/pipelines/stage-registry.ts'
import { configOf, type EngineSetup, makeProject, openEngine, pipelineOf, stepsOf } from './engine-setup.ts'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Leaves its process id in a file named after step and turn, and stays until it is killed; the turn after `until` ends well. */
const body = (mark: string, until: string) => `
  const fs = await import('node:fs')
  const turn = fs.readdirSync('.').filter((name) => name.startsWith(${mark} + '-')).length + 1
  fs.writeFileSync(${mark} + '.new', String(process.pid))
  fs.renameSync(${mark} + '.new', ${mark} + '-' + turn)
  if (turn <= ${until}) { setInterval(() => {}, 1000); await new Promise(() => {}) }`
const program = `const [mark, until, told] = process.argv.slice(2)
${body('mark', 'Number(until)')}
if (told) console.log(told)
`
const files = {
  'millwright.config.ts': configOf({ 'p/function': `${body("'function'", '1')}\nreturn context.attempt` }),
  'stage.mjs': `export default async (context) => {${body("'stage'", '1')}\nreturn context.attempt }\n`,
  'program.mjs': program,
}
const command = (name: string, kills: number, more = {}) => ({
  name,
  run: { kind: 'command', command: [process.execPath, 'program.mjs', name, String(kills)] },
  retries: { backoffMs: 10 },
  ...more,
})

/** Kills the process that a step left its id of. @returns its id */
async function killed({ projectDir }: EngineSetup, mark: string, turn: number, group = false): Promise<number> {
  const path = join(projectDir, `${mark}-${turn}`)
  for (const begun = Date.now(); !existsSync(path); await wait(20))
    if (Date.now() - begun > 20_000) throw new Error(`${mark} never began turn ${turn}`)
  const pid = Number(await readFile(path, 'utf8'))
  // The group is led by the shim, whose child the program is.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  process.kill(group ? -Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) : pid, 'SIGKILL')
  return pid
}

test('a step whose process is killed from outside is begun again once, whatever its kind; no other is touched', async () => {
  const folder = await makeProject(files)
  const stages = new Map<string, Stage>([
    ['built-in', { kind: 'module', module: pathToFileURL(join(folder, 'project', 'stage.mjs')) }],
  ])
  const setup = await openEngine(folder, { slots: 6, stages })
  try {
    const retries = { backoffMs: 10 }
    const pipeline = pipelineOf({
      steps: [
        { name: 'function', retries },
        { name: 'stage', run: { kind: 'stage', stage: 'built-in' }, retries },
        command('command', 1),
        command('group', 1),
        command('calm', 0),
        { name: 'after', needs: ['command'], run: { kind: 'command', command: ['true'] } },
      ],
    })
    const { id } = await setup.engine.start({ pipeline, definitionHash: 'x', startedBy: 'user:ada', reason: 'a test' })
    await Promise.all([
      killed(setup, 'function', 1),
      killed(setup, 'stage', 1),
      killed(setup, 'command', 1),
      killed(setup, 'group', 1, true),
    ])
    const run = await setup.engine.finished(id)
    const steps = await stepsOf(setup.metadata, id)
    expect([run.state, run.error]).toEqual(['succeeded', null])
    const ends = Object.values(steps).map(({ step, state, attempt }) => [step, state, attempt])
    expect(ends.sort()).toEqual([
      ['after', 'succeeded', 1],
      ['calm', 'succeeded', 1],
      ['command', 'succeeded', 2],
      ['function', 'succeeded', 2],
      ['group', 'succeeded', 2],
      ['stage', 'succeeded', 2],
    ])
    expect([steps.function!.output, steps.stage!.output]).toEqual([2, 2])
    await setup.metadata.sealed()
    const told = await setup.metadata.latestEvents({ type: 'step.retried', limit: 10 })
    expect(told.map(({ data }) => data.step).sort()).toEqual(['command', 'function', 'group', 'stage'])
    for (const { message } of told) expect(message).toMatch(/killed from outside \(SIGKILL\)/)
    for (const step of ['function', 'stage', 'command', 'group'])
      expect((await setup.engine.readLog(`${id}/${step}`)).text).toMatch(/log attempt 1 failed: .*killed from outside/)
  } finally {
    await setup.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('it is not begun again where it changes the world outside, nor when it is killed once more', async () => {
  const folder = await makeProject(files)
  const setup = await openEngine(folder, { slots: 4 })
  try {
    const pipeline = pipelineOf({
      steps: [
        command('outside', 1, { sideEffects: true }),
        command('allowed', 1, { sideEffects: true, retries: { attempts: 2, backoffMs: 10 } }),
        command('twice', 2),
        command('patient', 2, { retries: { attempts: 2, backoffMs: 10 } }),
      ],
    })
    const { id } = await setup.engine.start({ pipeline, definitionHash: 'x', startedBy: 'user:ada', reason: 'a test' })
    await Promise.all(['outside', 'allowed', 'twice', 'patient'].map((mark) => killed(setup, mark, 1)))
    await Promise.all(['twice', 'patient'].map((mark) => killed(setup, mark, 2)))
    expect((await setup.engine.finished(id)).state).toBe('failed')
    const steps = await stepsOf(setup.metadata, id)
    expect(steps.outside).toMatchObject({ state: 'failed', attempt: 1 })
    expect(steps.outside!.error).toBe(
      'The command was killed from outside (SIGKILL). It changes the world outside, so it is not begun again by itself: see how far it came, then resume the run, or give it retries.',
    )
    expect(steps.allowed).toMatchObject({ state: 'succeeded', attempt: 2 })
    expect(steps.twice).toMatchObject({
      state: 'failed',
      attempt: 2,
      error: 'The command was killed from outside (SIGKILL).',
    })
    // A kill uses up none of the retries that its author stated.
    expect(steps.patient).toMatchObject({ state: 'succeeded', attempt: 3 })
  } finally {
    await setup.close()
    await rm(folder, { recursive: true, force: true })
  }
})
