import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { openSqlMetadata } from '../../src/backends/sql/metadata.ts'
import { openSqlite } from '../../src/backends/sqlite/dialect.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { PipelineDefinition } from '../../src/contract/pipeline.ts'
import type { StepRecord } from '../../src/contract/run.ts'
import { isStepOver } from '../../src/contract/states.ts'
import { configOf, makeProject, pipelineOf, writeProject } from './engine-setup.ts'

/** More kills, for a longer look: `MILLWRIGHT_KILLS=200`. */
const kills = Number(process.env.MILLWRIGHT_KILLS ?? 6)
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const entry = fileURLToPath(new URL('./engine-process.ts', import.meta.url))
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const folders: string[] = []
const started: ChildProcess[] = []

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

function startEngine(folder: string, pipeline: PipelineDefinition, deadly = ''): ChildProcess {
  const program = [
    '--conditions=millwright-source',
    '--import',
    loader,
    entry,
    folder,
    JSON.stringify(pipeline),
    deadly,
  ]
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  return child
}

/** @returns what it printed. */
async function ended(child: ChildProcess): Promise<{ text: string; errors: string; signal: NodeJS.Signals | null }> {
  let text = ''
  let errors = ''
  child.stdout!.on('data', (chunk) => {
    text += chunk
  })
  child.stderr!.on('data', (chunk) => {
    errors += chunk
  })
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_code, by) => resolve(by)))
  return { text, errors, signal }
}

async function records(folder: string): Promise<Map<string, StepRecord>> {
  const metadata = await openSqlMetadata(openSqlite(join(folder, 'home', 'metadata.db')), () => 0)
  const steps = await metadata.find('step')
  await metadata.close()
  return new Map(steps.map((step) => [step.id, step]))
}

/** Processes with the folder in their command line or environment's place, the listing itself apart. */
function strays(mark: string): string[] {
  return execFileSync('ps', ['-axo', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(mark) && !line.startsWith('Z') && !line.includes('ps -axo'))
}

/** Appends `name` to the file `ran` when it starts. */
function body(folder: string, ms: number): string {
  return `(await import('node:fs')).appendFileSync(${JSON.stringify(join(folder, 'ran'))}, context.executionId + '\\n')
    await new Promise((r) => setTimeout(r, ${ms})); return context.element ?? context.step`
}

/** A run of every kind of step, killed until it has ended. @returns the number of kills. */
async function killUntilDone(atMost: number, random: () => number): Promise<number> {
  const folder = await makeProject({})
  folders.push(folder)
  const ran = join(folder, 'ran')
  await writeFile(ran, '')
  const names = Array.from({ length: 8 }, (_, index) => `s${index}`)
  const bodies = Object.fromEntries(names.map((name, index) => [`p/${name}`, body(folder, 60 + 40 * index)]))
  const config = configOf({ ...bodies, 'p/many': body(folder, 60), 'p/join': body(folder, 50) })
  await writeProject(folder, { 'millwright.config.ts': config })
  const note = `echo "$MILLWRIGHT_RUN/shell" >> '${ran}'; sleep 0.2; echo '{"done":true}' > "$MILLWRIGHT_OUTPUT"`
  const pipeline = pipelineOf({
    params: { list: Array.from({ length: 30 }, (_, index) => index) },
    steps: [
      ...names.map((name, index) => ({ name, needs: index < 2 ? [] : [`s${index - 2}`] })),
      { name: 'many', needs: ['s2'], forEach: 'params.list' },
      { name: 'shell', needs: ['s3'], run: { kind: 'command', command: ['sh', '-c', note] } },
      { name: 'join', needs: ['many', 'shell', 's7'] },
    ],
  })
  const startsOf = (id: string, text: string) => text.split('\n').filter((line) => line === id).length
  let finished = new Map<string, StepRecord>()
  let ranBefore = ''
  const check = async (): Promise<Map<string, StepRecord>> => {
    const now = await records(folder)
    const text = await readFile(ran, 'utf8')
    for (const [id, before] of finished) {
      expect(now.get(id), id).toEqual(before)
      expect(startsOf(id, text), id).toBe(startsOf(id, ranBefore))
    }
    finished = new Map([...now].filter(([, step]) => isStepOver(step.state)))
    ranBefore = text
    return now
  }
  let killed = 0
  for (;;) {
    const child = startEngine(folder, pipeline)
    const end = ended(child)
    if (killed < atMost) await Promise.race([end, wait(300 + random() * 1700)])
    else await end
    if (child.exitCode !== null) {
      expect(await end).toMatchObject({ text: 'succeeded', errors: '' })
      break
    }
    child.kill('SIGKILL')
    expect(await end).toMatchObject({ signal: 'SIGKILL' })
    killed += 1
    await check()
  }
  const now = [...(await check()).values()]
  expect(now.filter((step) => step.state !== 'succeeded')).toEqual([])
  expect(now).toHaveLength(names.length + 3 + 30)
  await wait(300)
  expect(strays(folder)).toEqual([])
  return killed
}

test(`runs survive ${kills} kills of the control plane at random moments, and repeat nothing that was finished`, async () => {
  const random = seededRandom(Number(process.env.MILLWRIGHT_SEED ?? 11))
  let killed = 0
  while (killed < kills) killed += await killUntilDone(kills - killed, random)
  expect(killed).toBe(kills)
}, 900_000)

test.each(['work', 'shell'])('a step that ended while the control plane died is taken as it is: %s', async (deadly) => {
  const folder = await makeProject({})
  folders.push(folder)
  const ran = join(folder, 'ran')
  const config = configOf({
    'p/work': `${body(folder, 150)};`.replace(
      'return context',
      "await context.artifact('a.txt', 'kept'); return context",
    ),
  })
  await writeProject(folder, { 'millwright.config.ts': config })
  const line = `echo "$MILLWRIGHT_RUN/shell" >> '${ran}'; sleep 0.2; echo kept > "$MILLWRIGHT_ARTIFACTS/a.txt"; echo '"shell"' > "$MILLWRIGHT_OUTPUT"`
  const pipeline = pipelineOf({
    steps: [
      { name: 'work' },
      { name: 'shell', needs: ['work'], run: { kind: 'command', command: ['sh', '-c', line] } },
    ],
  })
  expect((await ended(startEngine(folder, pipeline, deadly))).signal).toBe('SIGKILL')
  expect([...(await records(folder)).values()].find((step) => step.step === deadly)!.state).toBe('running')
  expect(await ended(startEngine(folder, pipeline))).toMatchObject({ text: 'succeeded', errors: '' })
  const steps = [...(await records(folder)).values()]
  expect(steps.map(({ state, output, artifacts }) => [state, output, artifacts.map((each) => each.name)])).toEqual([
    ['succeeded', 'shell', ['a.txt']],
    ['succeeded', 'work', ['a.txt']],
  ])
  expect((await readFile(ran, 'utf8')).trim().split('\n')).toHaveLength(2)
})

test('no process outlives a control plane that was killed: not a deaf one, nor one that ignores signals, nor a grandchild', async () => {
  const folder = await makeProject({})
  folders.push(folder)
  const mark = `orphan-${process.pid}-${Date.now()}`
  const config = configOf({
    'p/deaf': `const { spawn } = await import('node:child_process')
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '${mark}'], { stdio: 'ignore' })
      await new Promise((r) => setTimeout(r, 200)); for (;;) {}`,
  })
  await writeProject(folder, { 'millwright.config.ts': config })
  const stubborn = `trap '' TERM INT HUP; node -e 'setInterval(() => {}, 1000)' ${mark} & while :; do sleep 0.05; done`
  const pipeline = pipelineOf({
    steps: [{ name: 'deaf' }, { name: 'stubborn', run: { kind: 'command', command: ['sh', '-c', stubborn] } }],
  })
  const child = startEngine(folder, pipeline)
  const end = ended(child)
  for (let tries = 0; strays(mark).length < 3 && tries < 200; tries += 1) await wait(50)
  // The shell, and a grandchild of each step.
  expect(strays(mark).length).toBeGreaterThanOrEqual(3)
  await wait(300)
  child.kill('SIGKILL')
  await end
  await wait(1000)
  expect(strays(mark)).toEqual([])
  expect(strays(folder)).toEqual([])
})
