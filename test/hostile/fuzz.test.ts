import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Route } from '../../src/contract/route.ts'
import { routes } from '../../src/contract/routes.ts'
import { liveOrders, type Orders } from '../browser/orders.ts'
import { modelFile } from './processes.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const python =
  process.env.MILLWRIGHT_FUZZ_PYTHON ?? fileURLToPath(new URL('../../.venv-fuzz/bin/python', import.meta.url))

function whyNot(): string | null {
  try {
    execFileSync(python, ['-c', 'import schemathesis'], { stdio: 'ignore' })
    return null
  } catch {
    return 'needs a Python with test/hostile/requirements.txt installed, as .venv-fuzz/bin/python or where $MILLWRIGHT_FUZZ_PYTHON says'
  }
}
const reason = whyNot()

let orders: Orders
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  if (reason) return
  orders = await liveOrders()
  await orders.ask(20)
  folder = await mkdtemp(join(tmpdir(), 'millwright fuzz '))
  env = await things(orders)
}, 120_000)
afterAll(async () => {
  await orders?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** What is there, by the names that routes have for it. */
async function things({ client, predictor }: Orders): Promise<Record<string, string>> {
  const { versions } = await client.modelVersions({ params: { model: 'returns' } })
  const { runs } = await client.runs()
  const { steps } = await client.run({ params: { run: runs[0]!.id } })
  const { predictions } = await client.predictions({ query: { endpoint: 'returns', order: 'newest', limit: 3 } })
  const { monitors } = await client.monitors()
  const { measurements } = await client.measurements()
  const { batches } = await client.datasetBatches({ params: { dataset: 'orders' } })
  const { packages } = await client.packages({ query: { snapshots: 'true' } })
  const { applied } = await client.project()
  const { definitions } = await client.definitions()
  const { now } = await client.clock()
  const [predictorId] = (await client.predictors()).predictors.map((each) => each.predictor)
  const runIds = runs.map(({ id }) => id)
  const row = { order_id: 'o1', ordered_at: now, shop: 'north', kind: 'shoe', price: 12.5 }
  const packageFile = join(folder, 'package.zip')
  const bytes = await client.packageFile({ params: { package: packages[0]!.id } })
  await writeFile(packageFile, Buffer.from(await (bytes as Response).arrayBuffer()))
  const model = join(folder, 'model.onnx')
  await writeFile(model, modelFile)
  const found = {
    model: ['returns'],
    dataset: ['orders'],
    endpoint: ['returns'],
    version: ['1', 'production', 'returns@2', versions[0]!.id],
    'rollbackDataset.version': [1, 2],
    alias: ['production', 'best'],
    run: runIds,
    step: steps.map(({ step }) => step),
    'rerun.from': steps.map(({ step }) => step),
    view: ['history'],
    monitor: monitors.map(({ definition }) => definition.name),
    'monitorPeriod.from': measurements.slice(0, 5).map(({ from }) => String(from)),
    from: ['0', String(now - 7 * 86_400_000)],
    to: [String(now)],
    'advanceClock.to': [now, now + 3_600_000],
    'datasetDiff.from': ['0', '1'],
    'datasetDiff.to': ['1', '2', '3'],
    'ingest.from': [now - 86_400_000],
    'ingest.to': [now],
    pipeline: ['train-returns'],
    id: predictions.map(({ id }) => id),
    hash: steps.flatMap(({ artifacts }) => artifacts.map(({ hash }) => hash)).slice(0, 20),
    package: packages.map(({ id }) => id),
    definition: definitions.map(({ id }) => id),
    'plan.definition': [applied!.definition],
    'apply.definition': [applied!.definition],
    projectDir: [applied!.projectDir],
    batch: batches.slice(0, 3).map(({ id }) => id),
    predictor: [predictorId],
    'shipPredictions.predictor': ['fuzz'],
    segment: ['20250101-fuzz-1'],
    offset: ['0'],
    address: [predictor.address],
    clock: [now],
    entity: ['north', 'south'],
    a: runIds,
    b: [...runIds].reverse(),
    figure: ['price', 'kind', 'score'],
    request: [row],
    rows: [[{ ...row, order_id: 'pushed', returned: 0 }]],
    labels: [[{ key: 'o1', value: 1 }]],
    folder: [folder],
    dir: [join(folder, 'backups')],
    token: ['mw_none'],
    'addModelFile.model': ['small'],
    'deploy.version': ['1', '3', 'production'],
  }
  const tensors = Object.entries(row).map(([name, value]) => ({
    name,
    shape: [1],
    datatype: typeof value === 'string' ? 'BYTES' : name === 'ordered_at' ? 'INT64' : 'FP64',
    data: [value],
  }))
  const questions = [row, { rows: [row, row] }, { id: 'fuzz', inputs: tensors }]
  const bodies = {
    infer: questions,
    inferOfVersion: questions,
    pushRows: [{ rows: found.rows[0] }, { columns: { order_id: ['a', 'b'], price: [1, 2] } }],
    tryEndpoint: [{ request: row }],
    deploy: [{ version: '1' }, { version: '3', dryRun: true }],
    rollback: [{ dryRun: true }, {}],
    rerun: found['rerun.from'].map((from) => ({ from })),
    ingest: [{}],
    apply: [{ definition: applied!.definition, projectDir: applied!.projectDir }],
    approvePackage: [{ note: 'fuzz' }],
    startRun: [{ pipeline: 'train-returns' }],
  }
  return {
    FUZZ_THINGS: JSON.stringify(found),
    FUZZ_BODIES: JSON.stringify(bodies),
    FUZZ_FILES: JSON.stringify({ receivePackage: packageFile, addModelFile: model }),
  }
}

interface Report {
  operations: { selected: number; tested: number; errored: number }
  test_cases: { generated: number; with_failures: number }
  failures: { title: string; operations: string[] }[]
  valid_rates: Record<string, Record<string, { accepted: number }>>
}

/**
 * Sends requests of every shape to the routes of an OpenAPI document: by one worker, for Python up to 3.11 loses count of its own depth with two.
 *
 * @returns its report, and all that it wrote.
 */
async function fuzz(address: string, name: string, args: string[]): Promise<{ report: Report; text: string }> {
  const file = join(folder, `${name}.json`)
  const child = spawn(
    python,
    [
      ...['-m', 'schemathesis.cli', 'run', `${address}/openapi.json`, '--seed', '7', '--workers', '1'],
      ...[
        '--checks',
        'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
      ],
      ...['--continue-on-failure', '--no-shrink', '--request-timeout', '30', '--suppress-health-check', 'all'],
      ...['--warnings', 'off', '--report', 'json', '--report-json-path', file, ...args],
    ],
    {
      cwd: folder,
      env: { ...process.env, ...env, PYTHONPATH: here, SCHEMATHESIS_HOOKS: 'fuzz_hooks', PYTHONDONTWRITEBYTECODE: '1' },
    },
  )
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  child.stderr.on('data', (bytes) => (text += bytes))
  await new Promise((resolve) => child.once('close', resolve))
  try {
    return { report: JSON.parse(await readFile(file, 'utf8')) as Report, text }
  } catch (cause) {
    throw new Error(text.slice(-3000), { cause })
  }
}

/** Failures with their request and answer, short enough to be read. */
const told = ({ report, text }: { report: Report; text: string }): string[] =>
  report.failures.length === 0 && report.operations.errored === 0
    ? []
    : [JSON.stringify(report.failures, null, 1), text.replace(/(\S{300})\S+/g, '$1…').slice(-12_000)]

const names = (methods: string[]): string[] =>
  (Object.entries(routes) as [string, Route][])
    .filter(([, { method }]) => methods.includes(method))
    .map(([name]) => name)
const inPhases = (examples: number, all: string[]): string[] => [
  ...['--phases', 'coverage,fuzzing', '--max-examples', String(examples)],
  ...all.flatMap((name) => ['--include-operation-id', name]),
]
/** Definitions have so many fields that going through all of them would take an hour: these are tried at random alone. */
const definitions = ['plan', 'apply']
/** What moves the whole project comes last. */
const last = ['advanceClock', 'deployPackage', 'rollbackPackage', 'rollbackFeatureView', 'rollbackDataset']
/** Its answer has no end; test/hostile/connections.test.ts is about it. */
const endless = ['eventStream']

it('every route that reads answers as its document says, whatever it is asked', {
  timeout: 300_000,
}, async (context) => {
  if (reason) context.skip(reason)
  const read = names(['GET']).filter((name) => !endless.includes(name))
  const result = await fuzz(orders.server.address, 'reads', inPhases(12, read))
  expect(told(result)).toEqual([])
  expect(result.report.operations.tested).toBe(read.length)
  // Requests that were refused one and all would say little.
  const accepted = Object.values(result.report.valid_rates).filter((phases) =>
    Object.values(phases).some((phase) => phase.accepted > 0),
  )
  expect(accepted.length).toBeGreaterThan(read.length * 0.9)
})

const untouched = new Set([...definitions, ...last])

it('every route that changes something, too', { timeout: 300_000 }, async (context) => {
  if (reason) context.skip(reason)
  const write = names(['POST', 'PUT', 'PATCH', 'DELETE']).filter((name) => !untouched.has(name))
  const groups: [string, string[], string[]][] = [
    ['writes', write, inPhases(6, write)],
    ['definitions', definitions, [...inPhases(8, definitions), '--phases', 'fuzzing']],
    ['last', last, inPhases(6, last)],
  ]
  for (const [name, all, args] of groups) {
    const result = await fuzz(orders.server.address, name, args)
    expect(told(result)).toEqual([])
    expect(result.report.operations.tested).toBe(all.length)
  }
  expect((await orders.client.verifyEvents()).broken).toBeNull()
})

it('the prediction service, too, and it goes on answering', { timeout: 100_000 }, async (context) => {
  if (reason) context.skip(reason)
  const document = (await (await fetch(`${orders.predictor.address}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>
  }
  const all = Object.values(document.paths).flatMap((path) => Object.values(path).map((each) => each.operationId))
  // The protocol has them answer 503 for what is not ready, and the document says so.
  const saying503 = ['ready', 'modelReady', 'modelReadyOfVersion']
  const others = all.filter((name) => !saying503.includes(name))
  const ready = await fuzz(orders.predictor.address, 'ready', [
    ...inPhases(20, saying503),
    ...['--exclude-checks', 'not_a_server_error'],
  ])
  expect(told(ready)).toEqual([])
  const result = await fuzz(orders.predictor.address, 'predictor', inPhases(30, others))
  expect(told(result)).toEqual([])
  expect(result.report.operations.tested + ready.report.operations.tested).toBe(all.length)
  const health = (await (await fetch(`${orders.predictor.address}/health`)).json()) as { status: string }
  expect(health.status).toBe('ok')
})
