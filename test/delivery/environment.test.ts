import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder, runSums, writeFiles } from './shop.ts'

const secret = 'kept-by-nobody-5f2a'
const files = {
  'millwright.config.ts': `import { command, csv, dataset, defineProject, environment, from, key, number, pipeline, settingsOf, step } from 'millwright'
import { settings } from './settings.ts'
import { rate } from './rate.ts'
const orders = dataset('orders', { source: csv('orders.csv'), columns: { id: key(), price: number() } })
const staging = environment('staging', {
  sources: [from(orders, 'elsewhere/orders.csv')],
  settings: { rate: 3 },
  secrets: { TOKEN: { env: 'SHOP_TOKEN' }, FILED: { file: process.env.SHOP_SECRET_FILE! } },
  limits: { memoryMb: 200, cores: 1 },
})
const tell = command('tell', [rate], ['sh', 'tell.sh'], { params: { leak: false } })
export default defineProject('shop', {
  datasets: [orders],
  pipelines: [pipeline('sums', { steps: [tell] })],
  settings,
  environments: [staging, environment('production', { extends: staging, settings: { mail: { to: 'all' } } })],
  invariants: { 'nobody pays more than ten': ({ settings, environment }) => settings.rate <= 10 || \`\${environment} asks \${settings.rate}\` },
})
`,
  'settings.ts': `export const settings = { rate: 2, mail: { to: 'team' } }\n`,
  'rate.ts': `import { settingsOf, step } from 'millwright'
import { settings } from './settings.ts'
export const rate = step('rate', [], async (context) => settingsOf(context, settings).rate * 100)
`,
  'tell.sh': `echo "the token is $TOKEN and $FILED"
echo "$TOKEN" >&2
[ "$FAIL" = 1 ] && exit 3
echo "{\\"settings\\": $MILLWRIGHT_SETTINGS, \\"length\\": \${#TOKEN}}" > "$MILLWRIGHT_OUTPUT"
`,
  'package.json': '{"type": "module"}',
  'orders.csv': 'id,price\na,1\n',
  'elsewhere/orders.csv': 'id,price\na,1\nb,2\nc,3\n',
}

let folder: string
let home: string
let server: RunningServer
let client: Client
const start = async (environment?: string): Promise<void> => {
  server = await startServer({ home, host: '127.0.0.1', port: 0, ...(environment ? { environment } : {}) })
  client = createClient(server.address)
}

beforeAll(async () => {
  folder = await projectFolder(files)
  home = join(folder, '.millwright')
  process.env.SHOP_TOKEN = secret
  process.env.SHOP_SECRET_FILE = join(folder, 'filed')
  await writeFile(join(folder, 'filed'), 'filed-secret-91\n')
  await start('staging')
  await applyFolder(client, folder)
})
afterAll(async () => {
  delete process.env.SHOP_TOKEN
  delete process.env.SHOP_SECRET_FILE
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

const logOf = async (run: string): Promise<string> => (await client.stepLog({ params: { run, step: 'tell' } })).text()

it('gives steps its settings, and commands its secrets, which stand nowhere afterwards', async () => {
  const { run, steps } = await runSums(client)
  expect(run).toMatchObject({ state: 'succeeded', environmentName: 'staging' })
  expect(steps.rate!.output).toBe(300)
  expect(steps.tell!.output).toEqual({ settings: { rate: 3, mail: { to: 'team' } }, length: secret.length })
  const log = await logOf(run.id)
  expect(log).toContain('the token is [TOKEN] and [FILED]')
  const { applied } = await client.project()
  const kept = JSON.stringify([applied, await client.run({ params: { run: run.id } }), await client.events()]) + log
  for (const value of [secret, 'filed-secret-91']) expect(kept).not.toContain(value)
})

it('keeps no output that holds a secret', async () => {
  await writeFiles(folder, { 'tell.sh': 'echo "\\"$TOKEN\\"" > "$MILLWRIGHT_OUTPUT"\n' })
  const { run, steps } = await runSums(client)
  expect(steps.tell).toMatchObject({
    state: 'failed',
    output: null,
    error: expect.stringContaining('value of a secret'),
  })
  expect(JSON.stringify(await client.run({ params: { run: run.id } }))).not.toContain(secret)
})

it('says which secret is missing, before the command runs', async () => {
  delete process.env.SHOP_TOKEN
  await writeFiles(folder, { 'tell.sh': files['tell.sh'] })
  const { steps } = await runSums(client)
  process.env.SHOP_TOKEN = secret
  expect(steps.tell).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('the variable SHOP_TOKEN is not set'),
  })
})

it('runs a step again when a setting has changed, and only then', async () => {
  await runSums(client)
  const again = await runSums(client, false)
  expect([again.steps.rate!.state, again.steps.tell!.state]).toEqual(['reused', 'reused'])
  const { applied } = await client.project()
  const definition = structuredClone(applied!.definition)
  definition.environments[0]!.settings = { rate: 4 }
  await client.apply({ body: { definition, projectDir: folder } })
  const changed = await runSums(client, false)
  expect(changed.steps.rate).toMatchObject({
    state: 'succeeded',
    output: 400,
    because: expect.stringContaining('settings'),
  })
})

it('holds steps to its limits and reads datasets from its own sources', async () => {
  expect(server.plane.engine()).toBeDefined()
  await writeFiles(folder, {
    'tell.sh': `node -e 'const a = []; setInterval(() => a.push(Buffer.alloc(4e7, 1)), 30)'\n`,
  })
  const { steps } = await runSums(client)
  expect(steps.tell!.error).toMatch(/its limit is 200 MB/)
  const { batches } = await client.ingest({ params: { dataset: 'orders' }, body: {} })
  expect(batches.map((batch) => batch.rows)).toEqual([3])
})

it('is refused where it is not meant, and when the definition does not have it', async () => {
  const { applied } = await client.project()
  const { definition } = applied!
  const body = { definition, projectDir: folder }
  await expect(client.apply({ body: { ...body, environment: 'production' } })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('this control plane is "staging"'),
  })
  const without = { ...definition, environments: definition.environments.filter(({ name }) => name === 'production') }
  await expect(client.plan({ body: { ...body, definition: without } })).rejects.toMatchObject({
    code: 'invalid-definition',
  })
  const unknown = structuredClone(definition)
  unknown.environments[0]!.settings = { raet: 1 }
  await expect(client.apply({ body: { ...body, definition: unknown } })).rejects.toMatchObject({
    code: 'invalid-definition',
    field: 'environments.0.settings.raet',
  })
  expect((await client.project()).applied!.id).toBe(applied!.id)
})

it('stays what it was over a restart, whatever is said', async () => {
  await server.close()
  await expect(start('production')).rejects.toMatchObject({ code: 'conflict' })
  await start()
  expect(await client.health()).toMatchObject({ environment: 'staging' })
})

it('stops a project whose invariant does not hold somewhere, before anything runs', async () => {
  const broken = await projectFolder({ ...files, 'settings.ts': files['settings.ts'].replace('rate: 2', 'rate: 12') })
  await expect(applyFolder(client, broken)).rejects.toMatchObject({
    code: 'invalid-definition',
    message: expect.stringContaining('"nobody pays more than ten" does not hold in the project'),
  })
  const wrongHere = await projectFolder({
    ...files,
    'millwright.config.ts': files['millwright.config.ts'].replace(`mail: { to: 'all' }`, 'rate: 50'),
  })
  await expect(applyFolder(client, wrongHere)).rejects.toMatchObject({
    message: expect.stringContaining('environment "production": production asks 50'),
  })
  const unknown = await projectFolder({
    ...files,
    'millwright.config.ts': files['millwright.config.ts'].replace(`mail: { to: 'all' }`, 'mails: 1'),
  })
  await expect(applyFolder(client, unknown)).rejects.toMatchObject({ field: 'environments.1.settings.mails' })
  for (const each of [broken, wrongHere, unknown]) await rm(each, { recursive: true })
})
