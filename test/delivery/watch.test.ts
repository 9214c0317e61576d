import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CiRunRecord } from '../../src/contract/ci-run.ts'
import { newSigningKey } from '../../src/domain/delivery/package-signature.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { isBranchOf } from '../../src/server/git-repository.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { gitIn, projectFolder, runSums, shopFiles, writeFiles } from './shop.ts'

const ciCommand = [
  ...[process.execPath, '--conditions=millwright-source', '--import', import.meta.resolve('tsx')],
  fileURLToPath(new URL('./ci-process.ts', import.meta.url)),
]
const names = ['test', 'staging', 'production'] as const
type Name = (typeof names)[number]

let folder: string
let bare: string
const servers = {} as Record<Name, RunningServer>
const ports = {} as Record<Name, number>
const tokens = {} as Record<'bob' | 'oscar', string>
const { privateKey, publicKey } = newSigningKey()

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
const client = (name: Name, token?: string): Client => createClient(servers[name].address, token ? { token } : {})
async function commit(files: Record<string, string>, branch = 'main'): Promise<string> {
  const git = gitIn(folder)
  git('checkout', '-q', '-B', branch)
  await writeFiles(folder, files)
  git('add', '-A')
  git('commit', '-qm', 'a change')
  git('push', '-q', '--force', 'origin', branch)
  return git('rev-parse', 'HEAD')
}
async function check(name: Name, token?: string): Promise<CiRunRecord[]> {
  return (await client(name, token).checkRepository({ body: { wait: true } })).runs
}
async function start(name: Name): Promise<void> {
  servers[name] = await startServer({
    home: join(bare, name),
    host: '127.0.0.1',
    port: ports[name],
    environment: name,
    // A repository that is gone is told to whoever asks, below.
    logLevel: 'silent',
    // Looks are asked for, so that the test knows when they are over.
    watch: { repository: join(bare, 'shop.git'), everyMs: 3_600_000, ciCommand, keyFile: join(bare, 'release.pem') },
  })
  // The look of the start.
  await servers[name].plane.repository!.check().catch(() => {})
}

beforeAll(async () => {
  bare = await mkdtemp(join(tmpdir(), 'millwright watch '))
  await writeFile(join(bare, 'release.pem'), privateKey)
  gitIn(bare)('init', '-q', '--bare', '-b', 'main', 'shop.git')
  for (const name of names) ports[name] = await freePort()
  process.env.SHOP_TOKEN = 'kept-by-nobody-77'
  folder = await projectFolder({
    ...shopFiles({
      environments: `
const test = environment('test', { takes: { branch: '*', and: 'test' }, secrets: { TOKEN: { env: 'SHOP_TOKEN' } } })
const staging = environment('staging', {
  address: 'http://127.0.0.1:${ports.staging}', takes: { branch: 'main', and: 'deploy' }, signedBy: ['${publicKey}'], needs: { checks: true } })
const production = environment('production', {
  extends: staging, takes: { branch: 'main', and: 'deploy' },
  needs: { greenRuns: { in: staging, count: 2 }, approvals: { count: 1, by: ['approver'] } },
})`,
      defining: 'environments: [test, staging, production]',
    }),
    '.gitignore': 'node_modules\n',
  })
  const git = gitIn(folder)
  git('init', '-q', '-b', 'main')
  git('remote', 'add', 'origin', join(bare, 'shop.git'))
  await commit({})
  for (const name of names) await start(name)
  tokens.bob = createToken(join(bare, 'production'), 'bob', 'approver')
  tokens.oscar = createToken(join(bare, 'production'), 'oscar', 'operator')
}, 240_000)
afterAll(async () => {
  delete process.env.SHOP_TOKEN
  for (const name of names) await servers[name]?.close()
  await rm(folder, { recursive: true, force: true })
  await rm(bare, { recursive: true, force: true })
})

it('names branches by a pattern', () => {
  expect(isBranchOf('*', 'feature/a.b')).toBe(true)
  expect(isBranchOf('release/*', 'release/1.2')).toBe(true)
  expect(isBranchOf('main', 'mainly')).toBe(false)
  expect(isBranchOf('release.1', 'releaseX1')).toBe(false)
})

it('tests what was there at the start, once; staging puts it into force, production says what it waits for', {
  timeout: 60_000,
}, async () => {
  const [only] = (await client('test').ciRuns()).runs
  expect(only).toMatchObject({
    branch: 'main',
    state: 'passed',
    deployed: false,
    checks: [{ check: 'data', outcome: 'passed' }],
  })
  expect((await client('test').project()).applied).toBeNull()
  expect(await check('test')).toEqual([])
  const [staged] = (await client('staging').ciRuns()).runs
  // Another control plane, the same commit, checked in the same way: the same bytes.
  expect(staged).toMatchObject({ package: only!.package, commit: only!.commit, deployed: true, missing: [] })
  expect((await client('staging').project()).applied).toMatchObject({ packageHash: only!.package, appliedBy: 'ci' })
  const [waiting] = (await client('production').ciRuns()).runs
  expect(waiting).toMatchObject({ package: only!.package, deployed: false })
  expect(waiting!.missing).toEqual([
    'needs 2 green runs of sums in staging, has 0',
    expect.stringContaining('needs an approval by an approver'),
  ])
  expect((await client('production').project()).applied).toBeNull()
})

it('tests any branch, keeps it from where it does not belong, and tells what failed', { timeout: 60_000 }, async () => {
  const head = await commit({ broken: 'x', 'steps/total.ts': shopFiles({ rate: 9 })['steps/total.ts'] }, 'feature/nine')
  const [run] = await check('test')
  expect(run).toMatchObject({
    branch: 'feature/nine',
    commit: head,
    state: 'failed',
    package: null,
    checks: [{ outcome: 'failed' }],
  })
  const text = async (hash: string): Promise<string> => (await client('test').artifact({ params: { hash } })).text()
  expect(await text(run!.log!)).toContain('the project is broken, and the token is undefined')
  expect(JSON.parse(await text(run!.report!)).variables).not.toContain('SHOP_TOKEN')
  expect(await check('staging')).toEqual([])
  const { events } = await client('test').events({ query: { type: 'ci.failed' } })
  expect(events).toEqual([
    expect.objectContaining({ message: `Commit ${head.slice(0, 8)} on feature/nine failed: data` }),
  ])
  expect(await readdir(join(bare, 'test', 'ci'))).not.toContain(run!.id)
  gitIn(folder)('rm', '-q', 'broken')
  await commit({}, 'feature/nine')
  expect(await check('test')).toMatchObject([{ branch: 'feature/nine', state: 'passed' }])
})

it('a merge reaches staging by itself, and production after two green runs there and an approval', {
  timeout: 60_000,
}, async () => {
  gitIn(folder)('checkout', '-q', 'feature/nine')
  const merged = await commit({ 'README.md': 'merged\n' }, 'main')
  const [run] = await check('staging')
  expect(run).toMatchObject({ branch: 'main', commit: merged, deployed: true })
  expect((await client('staging').project()).applied!.packageHash).toBe(run!.package)
  await check('production', tokens.oscar)
  const ofMain = async () => (await client('production').ciRuns()).runs.find((each) => each.commit === merged)!
  expect((await ofMain()).missing[0]).toBe('needs 2 green runs of sums in staging, has 0')
  for (let count = 0; count < 2; count += 1) {
    const { run: green, steps } = await runSums(client('staging'))
    expect(green).toMatchObject({ state: 'succeeded', packageHash: run!.package })
    expect(steps.total!.output).toBe(189)
  }
  expect(await check('production', tokens.oscar)).toEqual([])
  expect((await ofMain()).missing).toEqual(['needs an approval by an approver, nobody has approved'])
  await client('production', tokens.bob).approvePackage({ params: { package: run!.package! }, body: {} })
  await check('production', tokens.oscar)
  expect(await ofMain()).toMatchObject({ deployed: true, missing: [] })
  expect((await client('production').project()).applied).toMatchObject({ packageHash: run!.package, appliedBy: 'ci' })
  // What waits is told once, not at every look.
  const { events } = await client('production').events({ query: { type: 'package.refused' } })
  expect(events).toHaveLength(2)
})

it('tests with `millwright ci` itself where nothing else is said', { timeout: 240_000 }, async () => {
  const home = join(bare, 'whole')
  const server = await startServer({
    home,
    host: '127.0.0.1',
    port: 0,
    environment: 'staging',
    watch: { repository: join(bare, 'shop.git'), everyMs: 3_600_000, keyFile: join(bare, 'release.pem') },
  })
  const whole = createClient(server.address)
  await whole.checkRepository({ body: { wait: true } })
  const [run] = (await whole.ciRuns()).runs
  expect(run).toMatchObject({ branch: 'main', state: 'passed', error: null, deployed: true, missing: [] })
  expect(run!.checks.map(({ check, outcome }) => [check, outcome])).toEqual(
    expect.arrayContaining([
      ['types', 'passed'],
      ['definition', 'passed'],
      ['pipeline', 'passed'],
    ]),
  )
  expect((await whole.project()).applied).toMatchObject({ packageHash: run!.package, origin: 'package' })
  await server.close()
})

it('says what is wrong with a repository that is not there, and one that nobody watches', async () => {
  await rm(join(bare, 'shop.git'), { recursive: true })
  await expect(check('test')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('the repository cannot be read'),
  })
  const plain = await startServer({ home: join(bare, 'plain'), host: '127.0.0.1', port: 0 })
  await expect(createClient(plain.address).checkRepository()).rejects.toMatchObject({ code: 'conflict' })
  await plain.close()
})
