import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReproductionReport, RunInputs } from '../../src/contract/reproduction.ts'
import { judge } from '../../src/domain/delivery/reproduction-verdict.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from './shop.ts'

const files = {
  'millwright.config.ts': `import { command, defineProject, pipeline } from 'millwright'
import { each, total } from './steps.ts'
const told = command('told', [total], ['true'], { sideEffects: true })
export default defineProject('shop', { pipelines: [pipeline('sums', { steps: [total, each, told] })] })
`,
  'steps.ts': `import { step } from 'millwright'
export const total = step('total', [], async (context) => {
  await context.artifact('total.json', { json: 21 })
  return { shops: ['north', 'south'] }
})
export const each = step('each', [total], (context) => String(context.element), { forEach: 'steps.total.shops' })
`,
  'package.json': '{"name": "shop", "private": true, "type": "module"}',
}

let folder: string
let home: string
let server: RunningServer
let client: Client
let developer: Client
let inputs: RunInputs
let honest: ReproductionReport

beforeAll(async () => {
  folder = await projectFolder(files)
  home = join(folder, '.millwright')
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  await applyFolder(client, folder)
  const { run } = await client.startRun({ body: { pipeline: 'sums', wait: true } })
  expect(run).toMatchObject({ state: 'succeeded', error: null })
  inputs = await client.runInputs({ params: { run: run.id } })
  developer = createClient(server.address, { token: createToken(home, 'dana', 'developer') })
  honest = reportOf(inputs)
}, 60_000)
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

/** What somebody says who made the run again with these steps. */
function reportOf(made: RunInputs): ReproductionReport {
  const { environment } = inputs.run
  const again = { inputs: made, steps: made.steps, environment }
  return judge({ inputs, steps: inputs.steps, environment }, again, { steady: true, seconds: 1 })
}
const withTotal = (hash: string): RunInputs => ({
  ...inputs,
  steps: inputs.steps.map((step) =>
    step.step === 'total' ? { ...step, artifacts: step.artifacts.map((each) => ({ ...each, hash })) } : step,
  ),
})
const keep = (report: ReproductionReport, as: Client = developer) =>
  as.keepReproduction({
    params: { run: inputs.run.id },
    body: { report, actor: 'user:the-queen', machine: hostname() },
  })

it('keeps what fits the records of the run, with who made it, on which machine, and its own sentence', async () => {
  const kept = await keep({ ...honest, message: 'identical: take my word for it' })
  expect(kept).toMatchObject({
    verdict: 'identical',
    by: 'user:dana',
    machine: { name: hostname(), address: '127.0.0.1' },
  })
  expect(kept.report.message).toBe('identical: 2 steps made again, 4 artifacts with the same hashes')
  const different = reportOf(withTotal('a'.repeat(64)))
  expect(await keep(different)).toMatchObject({ verdict: 'different', report: { first: { artifact: 'total.json' } } })
  const again = {
    idempotencyKey: 'report-1',
    params: { run: inputs.run.id },
    body: { report: different, machine: hostname() },
  }
  const once = await developer.keepReproduction(again)
  expect(await developer.keepReproduction(again)).toEqual(once)
  await expect(
    developer.keepReproduction({ ...again, body: { ...again.body, machine: 'another' } }),
  ).rejects.toMatchObject({ code: 'conflict', field: 'idempotency-key' })
  const { reproductions } = await developer.reproductions({ query: { run: inputs.run.id } })
  expect(reproductions.map(({ verdict }) => verdict)).toEqual(['different', 'different', 'identical'])
})

/** The report with other values, each at its dotted path. */
function edited(report: ReproductionReport, values: Record<string, unknown>): ReproductionReport {
  const copy = structuredClone(report)
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.')
    const last = names.pop()!
    const holder = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], copy)
    Object.assign(holder as object, { [last]: value })
  }
  return copy
}

describe('refuses', () => {
  const [b, first] = ['b'.repeat(64), 'steps.0.artifacts.0']
  type Lie = [field: string, values: Record<string, unknown>, from?: 'different']
  const lies: Record<string, Lie> = {
    'another run': ['run', { run: 'run_other' }],
    'another pipeline': ['pipeline', { pipeline: 'other' }],
    'no steps': ['steps', { steps: [] }],
    // Both sides alike, so that it would look identical.
    'a hash of then that is none of ours': [`${first}.recorded`, { [`${first}.recorded`]: b, [`${first}.again`]: b }],
    'artifacts left out': ['steps.0.artifacts', { 'steps.0.artifacts': [] }],
    'an element by another value': ['steps.1.artifacts.1.element', { 'steps.1.artifacts.1.element': 'west' }],
    'a step that ended otherwise then': ['steps.0.endedThen', { 'steps.0.endedThen': 'failed' }],
    'a step called identical whose hashes differ': ['steps.0.verdict', { 'steps.0.verdict': 'identical' }, 'different'],
    'a step called identical that failed now': ['steps.0.verdict', { 'steps.0.endedNow': 'failed' }],
    'a step called as recorded that touches nothing': [
      'steps.0.verdict',
      { 'steps.0.verdict': 'as-recorded' },
      'different',
    ],
    'a verdict that does not follow': ['verdict', { verdict: 'identical' }, 'different'],
    'a difference without where it is': ['first', { first: null }, 'different'],
    'a difference without a cause': ['first.causes', { 'first.causes': [] }, 'different'],
    'a first difference that is not the first': ['first', { 'first.artifact': 'output' }, 'different'],
  }
  for (const [name, [field, values, from]] of Object.entries(lies)) {
    it(name, async () => {
      const before = await developer.reproductions({ query: {} })
      const report = edited(from ? reportOf(withTotal('a'.repeat(64))) : honest, values)
      await expect(keep(report)).rejects.toMatchObject({ code: 'invalid-request', field: `report.${field}` })
      expect(await developer.reproductions({ query: {} })).toEqual(before)
    })
  }

  it('a report of a run that is not there, and one of nobody', async () => {
    const call = { params: { run: 'run_none' }, body: { report: honest, machine: 'm' } }
    await expect(developer.keepReproduction(call)).rejects.toMatchObject({ code: 'not-found' })
    await expect(keep(honest, client)).rejects.toMatchObject({ code: 'unauthorized' })
  })
})
