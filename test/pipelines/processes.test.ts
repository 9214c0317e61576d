import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configOf, pipelineOf, runToEnd, stepsOf, withEngine, writeProject } from './engine-setup.ts'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Whether a process whose command line holds this text is alive. */
function running(text: string): boolean {
  const list = execFileSync('ps', ['-axo', 'stat=,args='], { encoding: 'utf8' })
  return list.split('\n').some((line) => !line.startsWith('Z') && line.includes(text) && !line.includes('ps -axo'))
}

async function until(what: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`)
    await wait(25)
  }
}

const node = process.execPath

test('a command gets its inputs as paths, and gives output, artifacts, log and resources', async () => {
  const script = `
    const fs = require('fs'), path = require('path')
    const inputs = JSON.parse(fs.readFileSync(process.env.MILLWRIGHT_INPUTS, 'utf8'))
    const rows = fs.readFileSync(inputs.rows.artifacts[0].path, 'utf8')
    console.log('read', rows); console.error('careful')
    const folder = process.env.MILLWRIGHT_ARTIFACTS
    fs.mkdirSync(path.join(folder, 'plots'))
    fs.writeFileSync(path.join(folder, 'plots', 'roc.html'), '<p>')
    fs.writeFileSync(path.join(folder, 'model.onnx'), 'x')
    let end = Date.now() + 150; while (Date.now() < end);
    const params = JSON.parse(process.env.MILLWRIGHT_PARAMS)
    fs.writeFileSync(process.env.MILLWRIGHT_OUTPUT, JSON.stringify([params, process.argv[2], process.env.COLOUR, process.env.TRACK]))`
  const files = {
    'millwright.config.ts': configOf({ 'p/rows': "await context.artifact('rows.csv', 'a,b', 'table')" }),
    'train.cjs': script,
  }
  const pipeline = pipelineOf({
    params: { rate: 0.5 },
    steps: [
      { name: 'rows' },
      {
        name: 'train',
        needs: ['rows'],
        run: { kind: 'command', command: [node, 'train.cjs', 'rate={params.rate}'], env: { COLOUR: 'red' } },
      },
    ],
  })
  const commandEnv = () => ({ TRACK: 'here' })
  await withEngine(
    files,
    async (setup) => {
      const { run, steps } = await runToEnd(setup, pipeline)
      expect(run.error).toBeNull()
      expect(steps.train!.output).toEqual([{ rate: 0.5 }, 'rate=0.5', 'red', 'here'])
      expect(steps.train!.artifacts.map(({ name, type }) => [name, type])).toEqual([
        ['model.onnx', 'model'],
        ['plots/roc.html', 'report'],
      ])
      expect(steps.train!.resources!.cpuSeconds).toBeGreaterThan(0.1)
      expect(steps.train!.resources!.peakMemoryMb).toBeGreaterThan(20)
      const log = (await setup.engine.readLog(`${run.id}/train`)).text
      expect(log).toMatch(/ out read a,b\n/)
      expect(log).toMatch(/ err careful\n/)
      // The script is an argument, so it is part of the key without being declared.
      await writeProject(setup.folder, { 'train.cjs': `${script}\n// changed` })
      expect((await runToEnd(setup, pipeline)).steps.train!.because).toContain('its code changed: train.cjs')
    },
    { commandEnv },
  )
})

test('what goes wrong with a command is said in words', async () => {
  const command = (name: string, line: string[]) => ({ name, run: { kind: 'command', command: line } })
  const pipeline = pipelineOf({
    steps: [
      command('exit', [node, '-e', 'process.exit(3)']),
      command('missing', ['no-such-program']),
      command('killed', [node, '-e', 'process.kill(process.pid, "SIGKILL")']),
      command('json', [node, '-e', 'require("fs").writeFileSync(process.env.MILLWRIGHT_OUTPUT, "{")']),
    ],
  })
  await withEngine({}, async (setup) => {
    const { steps } = await runToEnd(setup, pipeline)
    expect(steps.exit!.error).toBe('The command ended with exit code 3; its log says why.')
    expect(steps.missing!.error).toContain("There is no program 'no-such-program'")
    expect(steps.killed!.error).toBe('The command was killed from outside (SIGKILL).')
    expect(steps.json!.error).toContain('MILLWRIGHT_OUTPUT is not JSON')
  })
})

test('a step beyond its time is stopped, also when it is deaf in a busy loop, with all it started', async () => {
  const mark = `stray-${Date.now()}`
  const config = configOf({
    'p/busy': 'for (;;) {}',
    'p/children': `const { spawn } = await import('node:child_process')
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '${mark}'])
      await new Promise(() => {})`,
  })
  const limits = { timeoutMs: 1500 }
  const pipeline = pipelineOf({
    steps: [
      { name: 'busy', ...limits },
      { name: 'children', ...limits },
      {
        name: 'sleep',
        ...limits,
        run: { kind: 'command', command: ['sh', '-c', `trap '' TERM; while :; do sleep 0.1; done #${mark}`] },
      },
    ],
  })
  await withEngine(
    { 'millwright.config.ts': config },
    async (setup) => {
      const { steps } = await runToEnd(setup, pipeline)
      for (const name of ['busy', 'children', 'sleep']) {
        expect(steps[name]!.error).toBe('It ran longer than its limit of 1.5 s and was stopped.')
      }
      await until(() => !running(mark))
    },
    { slots: 3 },
  )
})

test('a runaway is stopped by its memory, and not tried again', async () => {
  const grow = 'const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 5)'
  const pipeline = pipelineOf({
    steps: [
      { name: 'a', memoryMb: 250, retries: { attempts: 3 }, run: { kind: 'command', command: [node, '-e', grow] } },
      { name: 'b', memoryMb: 250 },
    ],
  })
  const config = configOf({ 'p/b': `${grow}; await new Promise(() => {})` })
  await withEngine({ 'millwright.config.ts': config }, async (setup) => {
    const { steps } = await runToEnd(setup, pipeline)
    for (const step of [steps.a!, steps.b!]) {
      expect(step.error).toMatch(/^It used \d+ MB of memory, its limit is 250 MB, and was stopped\./)
      expect(step).toMatchObject({ state: 'failed', attempt: 1 })
      expect(step.resources!.peakMemoryMb).toBeGreaterThan(250)
      expect(step.resources!.peakMemoryMb).toBeLessThan(1500)
    }
  })
})

test('a worker that dies fails its own step only', async () => {
  const config = configOf({
    'p/crash': "process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {})",
    'p/stray': "setTimeout(() => { throw new Error('too late') }, 20); await new Promise(() => {})",
    'p/exit': 'process.exit(7)',
    'p/fine': 'await new Promise((r) => setTimeout(r, 600)); return 1',
  })
  const steps = ['crash', 'stray', 'exit', 'fine'].map((name) => ({ name }))
  await withEngine(
    { 'millwright.config.ts': config },
    async (setup) => {
      const ended = await runToEnd(setup, pipelineOf({ steps }))
      expect(ended.steps.crash!.error).toContain('Its process was killed by SIGSEGV')
      expect(ended.steps.stray!.error).toContain('too late')
      expect(ended.steps.exit!.error).toContain('Its process ended with exit code 7')
      expect(ended.steps.fine).toMatchObject({ state: 'succeeded', output: 1 })
    },
    { slots: 4 },
  )
})

test('a stopped run ends every process, after asking', async () => {
  const mark = `stopped-${Date.now()}`
  const pipeline = pipelineOf({
    steps: [
      { name: 'asked' },
      { name: 'command', run: { kind: 'command', command: [node, '-e', 'setInterval(() => {}, 1000)', mark] } },
      { name: 'later', needs: ['asked'] },
    ],
  })
  await withEngine({}, async (setup) => {
    const said = join(setup.folder, 'said')
    const listens = join(setup.folder, 'listens')
    const body = `const { writeFileSync } = await import('node:fs')
      const asked = new Promise((r) => context.signal.addEventListener('abort', r))
      writeFileSync(${JSON.stringify(listens)}, ''); await asked
      writeFileSync(${JSON.stringify(said)}, 'I end'); throw new Error('ended')`
    await writeProject(setup.folder, { 'millwright.config.ts': configOf({ 'p/asked': body, 'p/later': 'return 1' }) })
    const request = { pipeline, definitionHash: 'test', startedBy: 'user:test', reason: 'a test' }
    const { id } = await setup.engine.start(request)
    await until(() => running(mark))
    await until(() => existsSync(listens))
    const stopped = await setup.engine.stop(id, 'user:ada')
    expect(stopped.state).toBe('stopped')
    expect(running(mark)).toBe(false)
    expect(await readFile(said, 'utf8')).toBe('I end')
    const steps = await stepsOf(setup.metadata, id)
    expect(Object.values(steps).map((step) => step.state)).toEqual(['stopped', 'stopped', 'stopped'])
    await setup.metadata.sealed()
    const [event] = await setup.metadata.latestEvents({ limit: 1 })
    expect(event).toMatchObject({ type: 'run.stopped', actor: 'user:ada' })
    await expect(setup.engine.stop(id, 'user:ada')).rejects.toMatchObject({ code: 'conflict' })
  })
})

test('logs can be followed while a step runs, and progress is heard', async () => {
  const config = configOf({
    'p/slow': `for (let i = 1; i <= 4; i += 1) {
        console.log('turn', i); context.progress(i / 4, 'turn ' + i)
        await new Promise((r) => setTimeout(r, 150)) }`,
  })
  await withEngine({ 'millwright.config.ts': config }, async ({ engine }) => {
    const heard = new Set<string>()
    let memoryMb = 0
    engine.onProgress(({ progress, usage }) => {
      if (progress) heard.add(progress.message)
      memoryMb = Math.max(memoryMb, usage?.memoryMb ?? 0)
    })
    const pipeline = pipelineOf({ steps: [{ name: 'slow' }] })
    const { id } = await engine.start({ pipeline, definitionHash: 'test', startedBy: 'user:test', reason: 'a test' })
    let text = ''
    let offset = 0
    // One after the other: two at once would read the same piece.
    let reading = Promise.resolve()
    const more = () => {
      reading = reading.then(async () => {
        const page = await engine.readLog(`${id}/slow`, offset)
        text += page.text
        offset = page.next
      })
      return reading
    }
    let live = 0
    const end = engine.followLog(`${id}/slow`, () => {
      live += 1
      void more()
    })
    await engine.finished(id)
    end()
    await more()
    expect(live).toBeGreaterThan(1)
    expect(text.split('\n').map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'out turn 1',
      'out turn 2',
      'out turn 3',
      'out turn 4',
      '',
    ])
    expect(memoryMb).toBeGreaterThan(10)
    expect([...heard]).toEqual(['turn 1', 'turn 2', 'turn 3', 'turn 4'])
  })
})
