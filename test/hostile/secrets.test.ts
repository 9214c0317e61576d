import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Route } from '../../src/contract/route.ts'
import { routes } from '../../src/contract/routes.ts'
import { createToken } from '../../src/server/principals.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'
import { type BothProcesses, bothProcesses } from './processes.ts'

const planted = `planted-${randomBytes(12).toString('hex')}`
const filed = `filed-${randomBytes(12).toString('hex')}`
const asked = `asked-${randomBytes(12).toString('hex')}`
const secrets = (): string[] => [planted, filed, asked, ...tokens]
const tokens: string[] = []

const files = (secretFile: string) => ({
  'millwright.config.ts': `import { command, defineProject, environment, pipeline, step } from 'millwright'
const staging = environment('staging', { secrets: { TOKEN: { env: 'SHOP_TOKEN' }, FILED: { file: ${JSON.stringify(secretFile)} } } })
const tell = command('tell', [], ['sh', 'tell.sh'], { params: { fail: false } })
const fail = command('fail', [], ['sh', 'fail.sh'])
export default defineProject('shop', { environments: [staging], pipelines: [pipeline('tells', { steps: [tell] }), pipeline('fails', { steps: [fail] })] })
`,
  'tell.sh': `echo "the token is $TOKEN"; echo "and $FILED" >&2
env
echo "{\\"length\\": \${#TOKEN}}" > "$MILLWRIGHT_OUTPUT"
`,
  'fail.sh': 'echo "cannot go on with $TOKEN" >&2; sh -c "exit 3 # $FILED"; exit 3\n',
  'package.json': '{"type": "module"}',
})

let folder: string
let both: BothProcesses

beforeAll(async () => {
  folder = await projectFolder({})
  const secretFile = join(folder, '..', `${planted.slice(0, 12)}.secret`)
  await writeFile(secretFile, `${filed}\n`)
  for (const [name, text] of Object.entries(files(secretFile))) await writeFile(join(folder, name), text)
  both = await bothProcesses({ SHOP_TOKEN: planted, MILLWRIGHT_PREDICTOR_TOKEN: asked, MILLWRIGHT_LOG: 'debug' }, [
    '--environment',
    'staging',
  ])
  await applyFolder(both.client, folder)
}, 120_000)
afterAll(async () => {
  await both?.close()
  await rm(folder, { recursive: true, force: true })
  await rm(join(folder, '..', `${planted.slice(0, 12)}.secret`), { force: true })
})

/** Where any of the secrets is found: as it is, and in what JSON, addresses and base64 make of it. */
function found(where: string, bytes: Buffer): string[] {
  return secrets().flatMap((secret) =>
    [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')]
      .filter((form) => bytes.includes(form))
      .map((form) => `${where} holds ${form.slice(0, 8)}…`),
  )
}

/** Every file of a folder, unfolded where it is folded. */
function inFolder(path: string, except: string[]): { read: number; leaks: string[] } {
  const leaks: string[] = []
  let read = 0
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || except.includes(entry.name) || !existsSync(file)) continue
    let bytes: Buffer = readFileSync(file)
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes)
    read += 1
    leaks.push(...found(file, bytes))
  }
  return { read, leaks }
}

it('no secret that runs used is kept or shown anywhere', { timeout: 120_000 }, async () => {
  const { client } = both
  const ran = await client.startRun({ body: { pipeline: 'tells', wait: true } })
  const failed = await client.startRun({ body: { pipeline: 'fails', wait: true } })
  // The secret was there: the step says how long it was.
  expect(ran.steps[0]).toMatchObject({ state: 'succeeded', output: { length: planted.length } })
  expect(failed.run.state).toBe('failed')
  const log = (await client.stepLog({ params: { run: ran.run.id, step: 'tell' } })) as Response
  expect(await log.text()).toContain('the token is')

  tokens.push(createToken(both.home, 'ada', 'admin'))
  const headers = { authorization: `Bearer ${tokens[0]}` }
  const leaks: string[] = []
  const answers = async (path: string, init: RequestInit = {}): Promise<void> => {
    const response = await fetch(both.server.address + path, { ...init, headers: { ...headers, ...init.headers } })
    leaks.push(...found(path, Buffer.from(await response.arrayBuffer())))
    for (const [name, value] of response.headers) leaks.push(...found(`${path} ${name}`, Buffer.from(value)))
  }
  const stepIds = [
    [ran.run.id, 'tell'],
    [failed.run.id, 'fail'],
  ] as const
  const { packages } = (await (
    await fetch(`${both.server.address}/api/packages?snapshots=true`, { headers })
  ).json()) as { packages: { id: string }[] }
  const hashes = [ran, failed].flatMap(({ steps }) =>
    steps.flatMap(({ artifacts }) => artifacts.map(({ hash }) => hash)),
  )
  let asks = 0
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    if (route.method !== 'GET' || name === 'eventStream') continue
    for (const [run, step] of stepIds)
      for (const hash of [...new Set(hashes), '0']) {
        asks += 1
        const path = route.path
          .replace('{run}', run)
          .replace('{step}', step)
          .replace('{hash}', hash)
          .replace('{package}', packages[0]!.id)
          .replace('{model}', 'small')
          .replace('{version}', '1')
          .replace('{endpoint}', 'small')
          .replace(/\{\w+\}/g, 'x')
        await answers(path)
      }
  }
  expect(asks).toBeGreaterThan(100)
  // A wrong question must not be answered with what it held, and a refused token is nobody's business either.
  await answers('/api/session', {
    method: 'POST',
    body: JSON.stringify({ token: tokens[0] }),
    headers: { 'content-type': 'application/json' },
  })
  await answers('/api/runs', { headers: { authorization: `Bearer ${tokens[0]}x` } })
  expect(leaks).toEqual([])

  const inHome = inFolder(join(both.home, '..'), ['service.token'])
  expect(inHome.read).toBeGreaterThan(10)
  expect(inHome.leaks).toEqual([])
  expect(found('the log of the control plane', Buffer.from(both.server.said()))).toEqual([])
  expect(found('the log of the prediction service', Buffer.from(both.predictor.said()))).toEqual([])
  // It would have been found.
  await writeFile(join(both.home, 'planted'), `x${planted}x`)
  expect(inFolder(both.home, []).leaks).toHaveLength(1)
})
