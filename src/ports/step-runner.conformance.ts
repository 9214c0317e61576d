import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '../contract/pipeline.ts'
import type { StepListener, StepOutcome, StepRunner, StepTask } from './step-runner.ts'

/** The project whose functions the cases run; `p/<step>` each. */
const config = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const steps = {
  add: (context, inputs) => inputs.a + inputs.b + context.params.c + context.element,
  talk: async ({ log, progress }) => { console.log('one'); log('two'); progress(0.5, 'half'); console.error('three') },
  keep: async ({ artifact }) => {
    await artifact('text', 'abc')
    await artifact('value', { json: { x: 1 } })
    return (await artifact('bytes', new Uint8Array([1, 2]), 'model')).size
  },
  read: async ({ inputPath, inputs }) => (await import('node:fs')).readFileSync(await inputPath(inputs.a.artifacts[0]), 'utf8'),
  lost: (context) => context.inputPath({ hash: 'none' }),
  twice: async (context) => { await context.artifact('x', 'a'); await context.artifact('x', 'b') },
  folder: async (context) => (await import('node:fs')).readdirSync(context.workDir).length,
  fail: () => { throw new Error('out of luck') },
  function: () => () => 1,
  die: () => process.exit(9),
  polite: (context) => new Promise((resolve) => context.signal.addEventListener('abort', () => resolve('asked'))),
  deaf: () => { for (;;) {} },
  grow: async () => { const all = []; for (;;) { all.push(Buffer.alloc(4e6, 1)); await wait(5) } },
}
export default { functions: new Map(Object.entries(steps).map(([name, run]) => ['p/' + name, run])) }
`

class Heard implements StepListener {
  text = ''
  readonly told: [number, string][] = []
  log(stream: string, text: string): void {
    this.text += `${stream} ${text}`
  }
  progress(done: number, message: string): void {
    this.told.push([done, message])
  }
  heartbeat(): void {}
}

/** What every runner of steps must do. */
export function stepRunnerConformance(name: string, open: (projectDir: string) => StepRunner): void {
  describe(`step runner: ${name}`, () => {
    let folder = ''
    let runner: StepRunner
    let attempts = 0

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'millwright steps '))
      await mkdir(join(folder, 'project'))
      await writeFile(join(folder, 'project', 'millwright.config.mjs'), config)
      await writeFile(join(folder, 'input.txt'), 'an input')
      runner = open(join(folder, 'project'))
    })
    afterAll(async () => {
      await runner.close()
      await rm(folder, { recursive: true, force: true })
    })

    function taskOf(step: string, change: Partial<StepTask> = {}): StepTask {
      attempts += 1
      return {
        executionId: `run_1/${step}`,
        runId: 'run_1',
        pipeline: 'p',
        step,
        attempt: attempts,
        work: { kind: 'function', config: join(folder, 'project', 'millwright.config.mjs'), codeVersion: '1' },
        params: {},
        settings: {},
        element: null,
        inputs: {},
        inputsKey: `${attempts}`,
        workDir: join(folder, 'work', `${step}-${attempts}`),
        limits: { timeoutMs: 20_000, memoryMb: 2000 },
        artifactPath: async (hash) => {
          if (hash === 'none') throw new Error('no such blob')
          return join(folder, hash)
        },
        ...change,
      }
    }
    const never = new AbortController().signal
    const run = (step: string, change: Partial<StepTask> = {}, listener = new Heard()): Promise<StepOutcome> =>
      runner.run(taskOf(step, change), listener, never)
    const output = (value: Json) => ({ output: value, artifacts: [] })
    const command = (line: string[]): Partial<StepTask> => ({
      work: { kind: 'command', command: line, cwd: folder, env: { OWN: 'mine' } },
    })

    test('a function gets inputs, parameters and element, and gives back its output', async () => {
      const inputs = { a: output(1), b: output(10) }
      expect(await run('add', { inputs, params: { c: 100 }, element: 1000 })).toMatchObject({ ok: true, output: 1111 })
    })

    test('what is said arrives in order, before the outcome', async () => {
      const heard = new Heard()
      expect(await run('talk', {}, heard)).toMatchObject({ ok: true, output: null })
      expect(heard.text).toBe('out one\nlog two\nerr three\n')
      expect(heard.told).toEqual([[0.5, 'half']])
    })

    test('artifacts are files of the task’s folder, with their types', async () => {
      const outcome = await run('keep')
      if (!outcome.ok) throw new Error(outcome.error)
      expect(outcome.output).toBe(2)
      expect(outcome.artifacts.map(({ name, type }) => [name, type])).toEqual([
        ['text', 'file'],
        ['value', 'json'],
        ['bytes', 'model'],
      ])
      expect(await readFile(outcome.artifacts[1]!.path, 'utf8')).toBe('{"x":1}')
      expect(await run('twice')).toMatchObject({ ok: false, reason: 'error' })
    })

    test('artifacts of inputs can be read; what cannot be found is an error of the step', async () => {
      const artifact = { name: 'x', type: 'file', hash: 'input.txt', size: 8 }
      expect(await run('read', { inputs: { a: { output: null, artifacts: [artifact] } } })).toMatchObject({
        output: 'an input',
      })
      expect(await run('lost')).toMatchObject({ ok: false, reason: 'error', error: 'no such blob' })
    })

    test('the step’s folder is empty, each time', async () => {
      expect(await run('folder')).toMatchObject({ output: 0 })
      expect(await run('folder')).toMatchObject({ output: 0 })
    })

    test('failures have their reasons', async () => {
      expect(await run('fail')).toMatchObject({ ok: false, reason: 'error', error: 'out of luck' })
      expect(await run('function')).toMatchObject({ ok: false, reason: 'error' })
      expect(await run('none')).toMatchObject({ ok: false, reason: 'error' })
      expect(await run('die')).toMatchObject({ ok: false, reason: 'died' })
      expect(await run('deaf', { limits: { timeoutMs: 500, memoryMb: 2000 } })).toMatchObject({
        ok: false,
        reason: 'timeout',
        error: 'It ran longer than its limit of 500 ms and was stopped.',
      })
      const memory = await run('grow', { limits: { timeoutMs: 20_000, memoryMb: 200 } })
      expect(memory).toMatchObject({ ok: false, reason: 'memory' })
      expect(memory.resources!.peakMemoryMb).toBeGreaterThan(200)
      const { course = [] } = memory.resources!
      expect(Math.max(...course.map(({ memoryMb }) => memoryMb))).toBeCloseTo(memory.resources!.peakMemoryMb!, 0)
      expect(course.map(({ at }) => at)).toEqual(course.map(({ at }) => at).sort((a, b) => a - b))
    })

    test('a stopped step is asked, then killed', async () => {
      for (const step of ['polite', 'deaf']) {
        const abort = new AbortController()
        const outcome = runner.run(taskOf(step), new Heard(), abort.signal)
        setTimeout(() => abort.abort(), 400)
        expect(await outcome).toMatchObject({ ok: false, reason: 'stopped' })
      }
      expect(await runner.run(taskOf('deaf'), new Heard(), AbortSignal.abort())).toMatchObject({ reason: 'stopped' })
    })

    test('a command has its environment, and an output only if it writes one', async () => {
      const line = 'printf "[%s, %s]" "$MILLWRIGHT_PARAMS" "\\"$OWN\\"" > "$MILLWRIGHT_OUTPUT"'
      const outcome = await run('command', { ...command(['sh', '-c', line]), params: { x: 1 } })
      expect(outcome).toMatchObject({ ok: true, output: [{ x: 1 }, 'mine'] })
      expect(await run('command', command(['true']))).toMatchObject({ ok: true, output: null, artifacts: [] })
      expect(await run('command', command(['false']))).toMatchObject({ ok: false, reason: 'error' })
      const nowhere = { work: { kind: 'command' as const, command: ['true'], cwd: join(folder, 'no'), env: {} } }
      expect(await run('command', nowhere)).toMatchObject({ ok: false, reason: 'error' })
    })

    test('arguments are filled in from parameters and element; other braces are left alone', async () => {
      const line = ['sh', '-c', 'printf "%s|" "$@"', 'x', '{params.rate}', 'd={element.day}', '{params.no}', "{'a': 1}"]
      const heard = new Heard()
      await run('command', { ...command(line), params: { rate: [1, 'a'] }, element: { day: 'mon' } }, heard)
      expect(heard.text).toBe(`out [1,"a"]|d=mon|{params.no}|{'a': 1}|`)
    })

    test('what a command leaves running is gone when it has ended', async () => {
      const mark = `left-${Date.now()}`
      await run('command', command(['sh', '-c', `sh -c 'sleep 60; : ${mark}' & exit 0`]))
      await new Promise((resolve) => setTimeout(resolve, 100))
      const alive = execFileSync('ps', ['-axo', 'stat=,args='], { encoding: 'utf8' })
      expect(alive.split('\n').filter((entry) => entry.includes(mark) && !entry.startsWith('Z'))).toEqual([])
    })

    test('the good outcome of an attempt can be had again, a bad one cannot', async () => {
      const good = taskOf('keep')
      const told = await runner.run(good, new Heard(), never)
      expect(await runner.adopt(good)).toEqual({ ...told, resources: expect.anything() })
      const byCommand = taskOf('command', command(['sh', '-c', 'echo 7 > "$MILLWRIGHT_OUTPUT"']))
      await runner.run(byCommand, new Heard(), never)
      expect(await runner.adopt(byCommand)).toMatchObject({ ok: true, output: 7 })
      const bad = taskOf('fail')
      await runner.run(bad, new Heard(), never)
      expect(await runner.adopt(bad)).toBeUndefined()
      expect(await runner.adopt(taskOf('keep'))).toBeUndefined()
    })
  })
}
