import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../src/contract/pipeline.ts'
import type { ReproductionReport } from '../../src/contract/reproduction.ts'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import type { GivenInputs } from '../../src/server/reproduce/install-inputs.ts'
import { fetchInputs, reproduce } from '../../src/server/reproduce/main.ts'
import { makeAgain } from '../../src/server/reproduce/make-again.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from './shop.ts'

const secret = 'kept-by-nobody-7c1e'
const files = (ofShop: string) => ({
  'millwright.config.ts': `import { boostedTrees, command, csv, dataset, days, defineProject, environment, key, model, number, pipeline, step, time } from 'millwright'
import { each } from './each.ts'
import { deep, shallow } from './depth.ts'
import { broken, sound } from './broken.ts'
const orders = dataset('orders', { source: csv('orders.csv'), columns: { id: key(), at: time(), price: number() } }).happensAt('at')
const dear = model('dear', {
  from: orders,
  predicts: orders.column('price').atLeast(50),
  inputs: [orders.pick('price')],
  train: boostedTrees({ trees: 2 }),
  split: { test: days(5), validation: days(5) },
})
const ask = command('ask', [], ['sh', 'ask.sh'])
const after = step('after', [broken], () => 1)
export default defineProject('shop', {
  datasets: [orders],
  models: [dear],
  pipelines: [
    pipeline('shops', { steps: [each] }),
    pipeline('depths', { params: { deep: false }, steps: [deep, shallow] }),
    pipeline('asks', { steps: [ask] }),
    pipeline('breaks', { params: { lowest: 1 }, steps: [sound, after] }),
  ],
  environments: [environment('production', { secrets: { TOKEN: { env: 'SHOP_TOKEN_7C1E' } } })],
})
`,
  'each.ts': `import { step } from 'millwright'
import { ofShop } from './of-shop.ts'
const listed = step('listed', [], () => ({ shops: ['north', 'south', 'west'] }))
export const each = step('each', [listed], async (context) => {
  const shop = String(context.element)
  await context.artifact('takings.json', { json: ofShop(shop) })
  return { shop, at: new Date().toISOString() }
}, { forEach: 'steps.listed.shops' })
`,
  'of-shop.ts': ofShop,
  'depth.ts': `import { step } from 'millwright'
export const deep = step('deep', [], () => 'deep', { when: { value: 'params.deep', is: 'equal', to: true } })
export const shallow = step('shallow', [deep], (_, { deep }) => (deep === null ? 'nothing below' : deep))
`,
  'broken.ts': `import { step } from 'millwright'
export const sound = step('sound', [], async (context) => { await context.artifact('sound.json', { json: [1, 2] }); return 2 })
export const broken = step('broken', [sound], (context) => {
  if (Number(context.params.lowest) > 0) throw new Error(\`the lowest is \${context.params.lowest} in \${context.runId}\`)
  return 3
})
`,
  'ask.sh': `echo "asking with $TOKEN"
echo "{\\"length\\": \${#TOKEN}}" > "$MILLWRIGHT_OUTPUT"
echo "\${#TOKEN} signs" > "$MILLWRIGHT_ARTIFACTS/answer.txt"
`,
  'orders.csv': `id,at,price\n${Array.from({ length: 400 }, (_, row) => `${row},${new Date(Date.UTC(2026, 0, 1) + row * 3_600_000).toISOString()},${(row * 37) % 100}`).join('\n')}\n`,
  'package.json': '{"name": "shop", "private": true, "type": "module"}',
})
const sound = `export const ofShop = (shop: string) => ({ shop, taken: shop.length * 100 })\n`

const timeoutMs = 120_000
let folder: string
let home: string
let server: RunningServer
let client: Client

beforeAll(async () => {
  process.env.SHOP_TOKEN_7C1E = secret
  folder = await projectFolder(files(sound))
  home = join(folder, '.millwright')
  server = await startServer({ home, host: '127.0.0.1', port: 0, environment: 'production' })
  client = createClient(server.address)
  await applyFolder(client, folder)
}, 60_000)
afterAll(async () => {
  delete process.env.SHOP_TOKEN_7C1E
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function runOf(pipeline: string, state: string, params: Record<string, Json> = {}): Promise<string> {
  const { run } = await client.startRun({ body: { pipeline, params, wait: true } })
  expect(run.state).toBe(state)
  return run.id
}
const again = async (run: string): Promise<ReproductionReport> =>
  (await reproduce(client, run, { timeoutMs, by: 'user:ada' })).report
async function againFrom(
  run: string,
  change: (given: GivenInputs) => Partial<GivenInputs> | Promise<Partial<GivenInputs>>,
): Promise<ReproductionReport> {
  const given = await fetchInputs(client, run)
  return (await makeAgain(given.inputs, { ...given, ...(await change(given)) }, { timeoutMs })).report
}
const withParams =
  (params: Record<string, Json>) =>
  ({ inputs }: GivenInputs) => ({
    inputs: { ...inputs, run: { ...inputs.run, params: { ...inputs.run.params, ...params } } },
  })

describe('a step that runs for each of a list', () => {
  it('is identical, element by element, also where an earlier run had made it', async () => {
    for (const run of [await runOf('shops', 'succeeded'), await runOf('shops', 'succeeded')]) {
      const { verdict, steps } = await again(run)
      expect(verdict).toBe('identical')
      const { artifacts } = steps.find(({ step }) => step === 'each')!
      expect(artifacts.map(({ name, index, element }) => [index, element, name])).toEqual(
        ['north', 'south', 'west'].flatMap((shop, index) => [
          [index, shop, 'takings.json'],
          [index, shop, 'output'],
        ]),
      )
      expect(new Set(artifacts.map(({ recorded }) => recorded)).size).toBe(6)
    }
  }, 240_000)

  it('names the element that became something else', async () => {
    const run = await runOf('shops', 'succeeded')
    const other = await projectFolder(
      files(sound.replace('taken: shop.length', `taken: (shop === 'south' ? 9 : shop.length)`)),
    )
    try {
      const packed = await packProject({ ...(await loadProject(other)), by: 'user:ada', millwright: '1.0.0' })
      const { first, message } = await againFrom(run, () => ({ package: readPackage(packed.bytes) }))
      expect(first).toMatchObject({ step: 'each', artifact: 'takings.json', index: 1, element: 'south' })
      expect(first!.causes).toMatchObject([{ kind: 'code', what: 'of-shop.ts' }])
      expect(message).toMatch(
        /^different from each on: takings.json of element 1 \("south"\), because of the code of-shop.ts/,
      )
    } finally {
      await rm(other, { recursive: true, force: true })
    }
  }, 240_000)
})

describe('a step with a condition', () => {
  it('is skipped again, and what follows it is identical', async () => {
    const { verdict, steps } = await again(await runOf('depths', 'succeeded'))
    expect(verdict).toBe('identical')
    expect(steps.map(({ step, endedThen, endedNow }) => [step, endedThen, endedNow])).toEqual([
      ['deep', 'skipped', 'skipped'],
      ['shallow', 'succeeded', 'succeeded'],
    ])
  }, 240_000)

  it('that runs now and was skipped then is a difference, put down to the parameter', async () => {
    const { first, steps } = await againFrom(await runOf('depths', 'succeeded'), withParams({ deep: true }))
    expect(first).toMatchObject({
      step: 'deep',
      artifact: 'output',
      recorded: null,
      causes: [{ kind: 'parameter', what: 'deep', recorded: 'false', again: 'true' }],
    })
    expect(steps[0]).toMatchObject({ endedThen: 'skipped', endedNow: 'succeeded' })
  }, 240_000)
})

describe('a run that failed', () => {
  it('fails again at the same step for the same reason, and what came before is identical', async () => {
    const { verdict, message, steps } = await again(await runOf('breaks', 'failed'))
    expect(message).toBe(
      'identical: 1 steps made again, 2 artifacts with the same hashes; it failed at broken, then and now',
    )
    expect(verdict).toBe('identical')
    expect(steps.map(({ step, verdict, endedThen, endedNow }) => [step, verdict, endedThen, endedNow])).toEqual([
      ['sound', 'identical', 'succeeded', 'succeeded'],
      ['broken', 'identical', 'failed', 'failed'],
      ['after', 'not-made', 'blocked', 'blocked'],
    ])
  }, 240_000)

  it('says when it gets further now, or fails for another reason', async () => {
    const run = await runOf('breaks', 'failed')
    const further = await againFrom(run, withParams({ lowest: 0 }))
    expect(further.message).toMatch(/; then it failed at broken, now it succeeds$/)
    expect(further.first).toMatchObject({ step: 'broken', artifact: 'failure', again: null })
    expect(further.first!.causes).toEqual([
      { kind: 'failed', what: 'broken', recorded: expect.stringContaining('the lowest is 1'), again: 'succeeded' },
      { kind: 'parameter', what: 'lowest', recorded: '1', again: '0' },
    ])
    const otherwise = await againFrom(run, withParams({ lowest: 2 }))
    expect(otherwise.verdict).toBe('different')
    expect(otherwise.first!.causes[0]).toMatchObject({ again: expect.stringContaining('the lowest is 2') })
  }, 240_000)
})

describe('a run with secrets', () => {
  it('is made again with those of this machine, and no record or report has them', async () => {
    const run = await runOf('asks', 'succeeded')
    const { report, home: kept } = await reproduce(client, run, { timeoutMs, by: 'user:ada', keep: true })
    try {
      expect(report.verdict).toBe('identical')
      const told = [report, await client.runInputs({ params: { run } }), await client.reproductions({ query: {} })]
      expect(JSON.stringify(told)).not.toContain(secret)
      expect(await filesWith(kept!, secret)).toEqual([])
      expect(await filesWith(home, secret)).toEqual([])
    } finally {
      await rm(kept!, { recursive: true, force: true })
    }
  }, 240_000)

  it('says which reference leads nowhere here, before anything runs', async () => {
    const run = await runOf('asks', 'succeeded')
    delete process.env.SHOP_TOKEN_7C1E
    try {
      await expect(again(run)).rejects.toMatchObject({
        code: 'not-found',
        field: 'secrets.TOKEN',
        message: 'the secret TOKEN is not there: the variable SHOP_TOKEN_7C1E is not set',
      })
    } finally {
      process.env.SHOP_TOKEN_7C1E = secret
    }
  }, 240_000)
})

it('a run whose data are gone is not made again: the version is named', async () => {
  await client.ingest({ params: { dataset: 'orders' }, body: {} })
  const run = await runOf('train-dear', 'succeeded')
  const { batches } = await client.datasetBatches({ params: { dataset: 'orders' } })
  const { contentHash } = batches[0]!
  await server.plane.data.blobs.remove(contentHash!)
  await expect(again(run)).rejects.toMatchObject({
    code: 'not-found',
    message: `the dataset version orders@1 is not kept any more (the bytes ${contentHash!.slice(0, 12)} are gone), so the run cannot be made again`,
  })
  await server.plane.data.metadata.transaction((writer) => writer.remove('dataset_version', 'orders@1'))
  await expect(again(run)).rejects.toMatchObject({
    code: 'not-found',
    field: 'datasets.orders',
    message: expect.stringContaining('orders@1, which it read, is not kept any more'),
  })
}, 240_000)

/** Files below a folder that hold a text. */
async function filesWith(below: string, text: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(below, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path)
  }
  return found
}
