/**
 * What the engine costs beyond the work of the steps: `npx tsx --conditions=millwright-source bench/pipeline/run.ts`. Everything is
 * real: SQLite at synchronous=FULL, blobs, warm processes. Writes `bench/pipeline/results.md`.
 */
import { rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { type PipelineDefinition, pipelineSchema } from '../../src/contract/pipeline.ts'
import { describeSource } from '../../src/domain/pipelines/run-source.ts'
import { makeProject, openEngine } from '../../test/pipelines/engine-setup.ts'

const folder = await makeProject({
  'millwright.config.ts': `import { twice } from './work.ts'
const step = async ({ element, params }: any) => twice(element ?? params.salt)
export default { functions: { get: () => step } }
`,
  'work.ts': 'export const twice = (x: number) => 2 * x\n',
})
const setup = await openEngine(folder, {
  slots: availableParallelism(),
  describeSource: () => describeSource(setup.projectDir),
})
const { engine, metadata } = setup

const run = { kind: 'function', module: 'millwright.config.ts' }
const chain = pipelineSchema.parse({
  name: 'chain',
  params: { salt: 0 },
  steps: Array.from({ length: 10 }, (_, index) => ({
    name: `s${index}`,
    run,
    needs: index === 0 ? [] : [`s${index - 1}`],
  })),
})
const commands = pipelineSchema.parse({
  name: 'commands',
  params: { salt: 0 },
  steps: Array.from({ length: 10 }, (_, index) => ({
    name: `s${index}`,
    run: { kind: 'command', command: ['true'] },
    needs: index === 0 ? [] : [`s${index - 1}`],
  })),
})
const fan = pipelineSchema.parse({
  name: 'fan',
  params: { list: [], salt: 0 },
  steps: [{ name: 'each', run, forEach: 'params.list', reads: ['salt'] }],
})

let salt = 0
async function time(pipeline: PipelineDefinition, params: Record<string, number | number[]>): Promise<number> {
  const start = performance.now()
  const started = await engine.start({
    pipeline,
    definitionHash: 'bench',
    params,
    startedBy: 'user:bench',
    reason: 'bench',
  })
  const ended = await engine.finished(started.id)
  if (ended.state !== 'succeeded') throw new Error(ended.error ?? ended.state)
  return performance.now() - start
}
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
async function repeat(times: number, work: () => Promise<number>): Promise<number> {
  const measured: number[] = []
  for (let i = 0; i < times; i += 1) measured.push(await work())
  return median(measured)
}
const list = Array.from({ length: 1000 }, (_, index) => index)

const cold = await time(chain, { salt: -1 })
const commit = await repeat(50, async () => {
  const start = performance.now()
  await metadata.transaction(async (writer) => {
    await writer.put('clock', { id: 'clock', mode: 'live', at: 0 })
    await writer.emit({ type: 'clock.started', subject: 'clock:clock', actor: 'user:bench', message: 'bench' })
  })
  return performance.now() - start
})
const before = process.cpuUsage()
const perStep = (await repeat(15, () => time(chain, { salt: ++salt }))) / 10
const used = process.cpuUsage(before)
const cpuPerStep = (used.user + used.system) / 1000 / 150
const perCommand = (await repeat(15, () => time(commands, { salt: ++salt }))) / 10
const cached = await repeat(15, () => time(chain, { salt }))
const fanOut = await repeat(3, () => time(fan, { list, salt: ++salt }))
const fanCached = await repeat(3, () => time(fan, { list, salt }))
const fanGrown = await repeat(3, () => time(fan, { list: [...list, 1e6 + ++salt], salt: 0 }))
await setup.close()
await rm(folder, { recursive: true, force: true })

const row = (what: string, measured: string, target: string) => `| ${what} | ${measured} | ${target} |\n`
const text = `# What the pipeline engine costs

Medians of one run of \`bench/pipeline/run.ts\` on ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}; a chain of ten
steps, so nothing runs at the same time as anything else.

| what | measured | bound |
|---|---|---|
${row('a step of TypeScript, beyond its own work', `${perStep.toFixed(1)} ms`, '10 ms')}${row('– of which the store waits for the disk', `${commit.toFixed(1)} ms`, '–')}${row('– CPU time of the control plane for it', `${cpuPerStep.toFixed(1)} ms`, '–')}${row('a command (`true`), its process included', `${perCommand.toFixed(1)} ms`, '10 ms')}${row('a run of ten steps with nothing to do', `${cached.toFixed(0)} ms`, '200 ms')}${row('a fan-out of 1,000 steps', `${(fanOut / 1000).toFixed(2)} s`, '5 s')}${row('the same again, all reused', `${(fanCached / 1000).toFixed(2)} s`, '–')}${row('the same with one element more', `${(fanGrown / 1000).toFixed(2)} s`, '–')}${row('the first run of ten steps: processes start, code is read', `${(cold / 1000).toFixed(2)} s`, '–')}`
await writeFile(new URL('./results.md', import.meta.url), text)
process.stdout.write(text)
