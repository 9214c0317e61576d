import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cause, RunInputs } from '../../src/contract/reproduction.ts'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import type { GivenInputs } from '../../src/server/reproduce/install-inputs.ts'
import { fetchInputs, reproduce } from '../../src/server/reproduce/main.ts'
import { makeAgain } from '../../src/server/reproduce/make-again.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from './shop.ts'

const files = (scale = 1) => ({
  'millwright.config.ts': `import { boostedTrees, command, csv, dataset, days, defineProject, entity, environment, key, model, number, pipeline, ref, text, time } from 'millwright'
import { draw, luck, total } from './steps.ts'
const shops = dataset('shops', { source: csv('shops.csv'), columns: { shop: key(), kind: text() } })
const shop = entity('shop', shops, 'shop')
const orders = dataset('orders', {
  source: csv('orders.csv'),
  columns: { id: key(), at: time(), shop: ref(shop), price: number(), weight: number() },
}).happensAt('at')
const dear = model('dear', {
  from: orders,
  predicts: orders.column('price').atLeast(50),
  inputs: [orders.pick('weight')],
  segments: { kind: orders.column('shop').attribute('kind') },
  train: boostedTrees({ trees: 12, rowShare: 0.5, minSamplesLeaf: 5 }),
  split: { test: days(5), validation: days(5) },
})
const told = command('told', [total], ['sh', '-c', 'echo told >> "$1"', 'sh', 'TOLD'], { sideEffects: true })
const after = command('after', [told, total], ['sh', 'after.sh'])
export default defineProject('shop', {
  entities: [shop],
  datasets: [shops, orders],
  models: [dear],
  settings: { tax: 7 },
  environments: [environment('staging'), environment('production', { settings: { tax: 9 }, packagesOnly: true })],
  pipelines: [
    pipeline('sums', { params: { rate: 2, seed: 5 }, steps: [draw, after] }),
    pipeline('lucky', { steps: [luck] }),
  ],
})
`,
  'steps.ts': `import { step } from 'millwright'
import { factor } from 'factor'
import { scale } from './scale.ts'
export const total = step('total', [], async (context) => {
  await context.artifact('total.json', { json: { total: 21 * Number(context.params.rate) * scale * factor } })
  return { at: new Date().toISOString(), run: context.runId }
})
export const draw = step('draw', [total], async (context) => {
  let state = Number(context.params.seed)
  const numbers = Array.from({ length: 5 }, () => (state = (state * 16807) % 2147483647))
  await context.artifact('numbers.json', { json: numbers })
  return numbers.length
})
export const luck = step('luck', [], async () => Math.random())
`,
  'scale.ts': `export const scale = ${scale}\n`,
  'after.sh': 'echo "{\\"lines\\": 1}" > "$MILLWRIGHT_OUTPUT"\n',
})

const shopsCsv = 'shop,kind\na,old\nb,old\nc,new\n'
function ordersCsv(shift: number): string {
  const rows = ['id,at,shop,price,weight']
  let state = 7
  const random = (): number => {
    state = (state * 16807) % 2147483647
    return state / 2147483647
  }
  for (let row = 0; row < 600; row += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + row * 3_600_000).toISOString()
    const weight = random() * 10
    rows.push(
      `${shift}-${row},${at},${'abc'[row % 3]},${(weight * 10 + random() * 20 + shift).toFixed(2)},${weight.toFixed(3)}`,
    )
  }
  return `${rows.join('\n')}\n`
}

const folders: string[] = []

/** The package \`factor\` as a file, since no registry is asked. */
async function tarball(folder: string, version: string, factor: number): Promise<{ path: string; integrity: string }> {
  const source = join(folder, version)
  await mkdir(join(source, 'package'), { recursive: true })
  const manifest = { name: 'factor', version, type: 'module', exports: './index.js' }
  await writeFile(join(source, 'package/package.json'), JSON.stringify(manifest))
  await writeFile(join(source, 'package/index.js'), `export const factor = ${factor}\n`)
  const path = join(folder, `factor-${version}.tgz`)
  // The same file each time: its hash is in the lockfile of whoever came first.
  if (!existsSync(path)) execFileSync('tar', ['czf', path, '-C', source, 'package'])
  return {
    path,
    integrity: `sha512-${createHash('sha512')
      .update(await readFile(path))
      .digest('base64')}`,
  }
}

async function folderWith(scale: number, version: string, factor: number, tarballs: string): Promise<string> {
  const { path, integrity } = await tarball(tarballs, version, factor)
  const dependencies = { factor: `file:${path}` }
  const lock = {
    name: 'shop',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'shop', dependencies },
      'node_modules/factor': { version, resolved: `file:${path}`, integrity },
    },
  }
  const told = join(tarballs, 'told.txt')
  const stated = files(scale)
  const folder = await projectFolder({
    ...stated,
    'millwright.config.ts': stated['millwright.config.ts'].replace(`'TOLD'`, JSON.stringify(told)),
    'package.json': JSON.stringify({ name: 'shop', private: true, type: 'module', dependencies }),
    'package-lock.json': JSON.stringify(lock),
    'shops.csv': shopsCsv,
    'orders.csv': ordersCsv(0),
  })
  await cp(join(tarballs, version, 'package'), join(folder, 'node_modules/factor'), { recursive: true })
  folders.push(folder)
  return folder
}

let tarballs: string
let folder: string
let home: string
let server: RunningServer
let client: Client
const runs: Record<'sums' | 'lucky' | 'train', string> = { sums: '', lucky: '', train: '' }
const timeoutMs = 300_000

beforeAll(async () => {
  tarballs = await projectFolder({})
  folder = await folderWith(1, '1.0.0', 1, tarballs)
  home = await projectFolder({})
  folders.push(tarballs, home)
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  await applyFolder(client, folder)
  for (const dataset of ['shops', 'orders']) await client.ingest({ params: { dataset }, body: {} })
  for (const [name, pipeline] of [
    ['sums', 'sums'],
    ['lucky', 'lucky'],
    ['train', 'train-dear'],
  ] as const) {
    const { run, steps } = await client.startRun({ body: { pipeline, wait: true } })
    expect([run.state, steps.flatMap(({ error }) => (error ? [error] : []))]).toEqual(['succeeded', []])
    runs[name] = run.id
  }
  // The world goes on: other shops, other orders, another version in production.
  await writeFile(join(folder, 'shops.csv'), shopsCsv.replace('b,old', 'b,new'))
  await writeFile(join(folder, 'more.csv'), ordersCsv(40))
  await client.ingest({ params: { dataset: 'shops' }, body: {} })
  await client.ingest({ params: { dataset: 'orders' }, body: { path: join(folder, 'more.csv') } })
}, 300_000)
afterAll(async () => {
  await server?.close()
  for (const each of folders) await rm(each, { recursive: true, force: true })
})

/** Makes a run again from something else than it was made from, and says what the first difference is put down to. */
async function causesWhen(
  run: string,
  change: (given: GivenInputs) => Partial<GivenInputs> | Promise<Partial<GivenInputs>>,
  alter: (recorded: RunInputs) => RunInputs = (recorded) => recorded,
): Promise<{ at: string; causes: Cause[] }> {
  const given = await fetchInputs(client, run)
  const changed = { ...given, ...(await change(given)) }
  const { report } = await makeAgain(alter(given.inputs), changed, { timeoutMs })
  expect(report.verdict).toBe('different')
  return { at: `${report.first!.step} ${report.first!.artifact}`, causes: report.first!.causes }
}

it('a run of functions and programs is made again, hash by hash, without what it did to the world', async () => {
  const told = join(tarballs, 'told.txt')
  const before = await readFile(told, 'utf8')
  const { report } = await reproduce(client, runs.sums, { timeoutMs, by: 'user:ada' })
  expect(report.message).toMatch(/^identical: 3 steps/)
  expect(report.steps.map(({ step, verdict }) => [step, verdict])).toEqual([
    ['total', 'identical'],
    ['draw', 'identical'],
    ['told', 'as-recorded'],
    ['after', 'identical'],
  ])
  expect(report.steps[0]!.artifacts.map(({ name }) => name)).toEqual(['total.json', 'output'])
  expect(await readFile(told, 'utf8')).toBe(before)
  const { reproductions } = await client.reproductions({ query: { run: runs.sums } })
  expect(reproductions).toMatchObject([{ runId: runs.sums, verdict: 'identical', by: 'user:ada' }])
  const { events } = await client.events({ query: { type: 'run.reproduced' } })
  expect(events).toHaveLength(1)
}, 400_000)

it('a training is made again on the data of then, from another place, with nothing but what the control plane has', async () => {
  const moved = join(home, 'moved')
  await rename(folder, moved)
  try {
    const { report, home: kept } = await reproduce(client, runs.train, { timeoutMs, by: 'user:ada', keep: true })
    expect(report.message).toMatch(/^identical/)
    expect(report.steps.find(({ step }) => step === 'train')!.artifacts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['model.mwm', 'model.onnx', 'reference.json']),
    )
    expect(report.steps.filter(({ verdict }) => verdict === 'as-recorded').map(({ step }) => step)).toEqual([
      'gate',
      'register',
      'roll-out',
    ])
    expect(existsSync(kept!)).toBe(true)
    await rm(kept!, { recursive: true, force: true })
  } finally {
    await rename(moved, folder)
  }
}, 400_000)

describe('when something was otherwise, it is named:', () => {
  const otherPackage = async (scale: number, version: string, factor: number) => {
    const other = await folderWith(scale, version, factor, tarballs)
    const packed = await packProject({ ...(await loadProject(other)), by: 'user:ada', millwright: '1.0.0' })
    return { package: readPackage(packed.bytes) }
  }
  const withRun = (given: GivenInputs, params: RunInputs['run']['params']): Partial<GivenInputs> => ({
    inputs: { ...given.inputs, run: { ...given.inputs.run, params: { ...given.inputs.run.params, ...params } } },
  })

  it('the code', async () => {
    expect(await causesWhen(runs.sums, () => otherPackage(3, '1.0.0', 1))).toEqual({
      at: 'total total.json',
      causes: [{ kind: 'code', what: 'scale.ts', recorded: expect.any(String), again: expect.any(String) }],
    })
  }, 400_000)

  it('the version of a package', async () => {
    expect(await causesWhen(runs.sums, () => otherPackage(1, '1.1.0', 4))).toEqual({
      at: 'total total.json',
      causes: [{ kind: 'package', what: 'factor', recorded: '1.0.0', again: '1.1.0' }],
    })
  }, 400_000)

  it('a parameter', async () => {
    expect(await causesWhen(runs.sums, (given) => withRun(given, { rate: 3 }))).toEqual({
      at: 'total total.json',
      causes: [{ kind: 'parameter', what: 'rate', recorded: '2', again: '3' }],
    })
  }, 400_000)

  it('a seed among the parameters', async () => {
    expect(await causesWhen(runs.sums, (given) => withRun(given, { seed: 6 }))).toMatchObject({
      at: 'draw numbers.json',
      causes: [{ kind: 'seed', what: 'seed', recorded: '5', again: '6' }],
    })
  }, 400_000)

  it('the seed of a model', async () => {
    const reseeded = ({ inputs }: GivenInputs) => ({
      inputs: {
        ...inputs,
        definition: { ...inputs.definition, models: inputs.definition.models.map((each) => ({ ...each, seed: 2 })) },
      },
    })
    expect(await causesWhen(runs.train, reseeded)).toEqual({
      at: 'train model.mwm',
      causes: [{ kind: 'seed', what: 'models.dear.seed', recorded: '1', again: '2' }],
    })
  }, 400_000)

  it('a batch that was replaced', async () => {
    const replaced = async ({ inputs, blob }: GivenInputs) => {
      const { batches } = await client.datasetBatches({ params: { dataset: 'orders' } })
      const other = batches.find(({ origin }) => origin.includes('more.csv'))!
      const datasets = inputs.datasets.map((dataset) =>
        dataset.state.id === 'orders'
          ? { ...dataset, batches: dataset.batches.map((batch) => ({ ...batch, contentHash: other.contentHash })) }
          : dataset,
      )
      return { inputs: { ...inputs, datasets }, blob }
    }
    const { at, causes } = await causesWhen(runs.train, replaced)
    expect(at).toBe('prepare training-set.json')
    expect(causes).toMatchObject([{ kind: 'data', what: 'orders@1' }])
  }, 400_000)

  it('another version of Millwright, where nothing nearer differs', async () => {
    const elsewhere = (inputs: RunInputs): RunInputs => ({
      ...inputs,
      run: { ...inputs.run, environment: { ...inputs.run.environment, millwright: '0.0.1', node: 'v18.0.0' } },
      steps: inputs.steps.map((step) =>
        step.step === 'total'
          ? { ...step, artifacts: step.artifacts.map((each) => ({ ...each, hash: '0'.repeat(64) })) }
          : step,
      ),
    })
    const { causes } = await causesWhen(runs.sums, () => ({}), elsewhere)
    expect(causes).toEqual([
      { kind: 'platform', what: 'Millwright', recorded: '0.0.1', again: expect.any(String) },
      { kind: 'platform', what: 'Node', recorded: 'v18.0.0', again: process.version },
    ])
  }, 400_000)

  it('nothing but the step itself, found by running it a second time, whatever the platform', async () => {
    const elsewhere = (inputs: RunInputs): RunInputs => ({
      ...inputs,
      run: { ...inputs.run, environment: { ...inputs.run.environment, node: 'v18.0.0' } },
    })
    expect(await causesWhen(runs.lucky, () => ({}), elsewhere)).toEqual({
      at: 'luck output',
      causes: [{ kind: 'not-deterministic', what: 'luck', recorded: null, again: null }],
    })
  }, 400_000)
})

describe('diff', () => {
  it('of two runs: data, metrics with intervals, artifacts; of what is the same, nothing', async () => {
    const { run } = await client.startRun({ body: { pipeline: 'train-dear', wait: true } })
    const diff = await client.diff({ query: { a: runs.train, b: run.id } })
    expect(diff).toMatchObject({
      equal: false,
      parameters: [],
      definition: [],
      code: [],
      packages: [],
      environment: [],
    })
    expect(
      diff.data.map(({ dataset, from, to, batchesAdded, rows }) => [dataset, from, to, batchesAdded, rows]),
    ).toEqual([
      ['orders', 1, 2, 1, 600],
      ['shops', 1, 2, 1, 0],
    ])
    const price = diff.data[0]!.columns.find(({ column, statistic }) => column === 'price' && statistic === 'max')!
    expect(price.to).toBeGreaterThan(price.from!)
    const auc = diff.metrics.find(({ metric }) => metric === 'auc')!
    expect(auc.difference).toBeCloseTo(auc.to! - auc.from!, 12)
    expect(auc.low! < auc.difference! && auc.difference! < auc.high!).toBe(true)
    expect(diff.artifacts).toContainEqual(
      expect.objectContaining({
        step: 'train',
        artifact: 'model.mwm',
        from: { hash: expect.any(String), size: expect.any(Number) },
      }),
    )
    expect(await client.diff({ query: { a: run.id, b: run.id } })).toMatchObject({
      equal: true,
      compared: expect.arrayContaining(['data']),
    })
  }, 120_000)

  it('of two packages: files with their lines, and packages of the lock; of environments: settings and rules', async () => {
    const other = await folderWith(3, '1.1.0', 1, tarballs)
    const packed = await packProject({ ...(await loadProject(other)), by: 'user:ada', millwright: '1.0.0' })
    await client.receivePackage({ query: {}, body: packed.bytes } as Parameters<Client['receivePackage']>[0])
    const { packageHash } = (await client.run({ params: { run: runs.sums } })).run
    const diff = await client.diff({ query: { a: packageHash!, b: packed.hash.slice(0, 12) } })
    expect(diff.code).toContainEqual({ path: 'scale.ts', action: 'change', linesAdded: 1, linesRemoved: 1 })
    expect(diff.packages).toEqual([{ name: 'factor', from: '1.0.0', to: '1.1.0' }])
    expect([diff.definition, diff.data]).toEqual([[], []])

    const places = await client.diff({ query: { a: 'staging', b: 'production' } })
    expect(places).toMatchObject({ compared: ['settings', 'environment'], settings: [{ path: 'tax', from: 7, to: 9 }] })
    expect(places.environment).toEqual([
      { path: 'packagesOnly', from: false, to: true },
      { path: 'notebooks', from: 'allowed', to: 'refused' },
    ])
    await expect(client.diff({ query: { a: 'nowhere', b: 'staging' } })).rejects.toMatchObject({ code: 'not-found' })
  }, 120_000)
})

it('refuses what is not what its hash names, before anything runs', async () => {
  const given = await fetchInputs(client, runs.train)
  const blob = async (hash: string): Promise<Uint8Array> => {
    const bytes = Uint8Array.from(await given.blob(hash))
    bytes[bytes.length >> 1]! ^= 1
    return bytes
  }
  await expect(makeAgain(given.inputs, { ...given, blob }, { timeoutMs })).rejects.toMatchObject({
    code: 'corrupt-blob',
  })
  await expect(fetchInputs(client, 'run_none')).rejects.toMatchObject({ code: 'not-found' })
}, 120_000)
