import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { cp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type UpgradeReport, upgradeReportSchema } from '../../src/contract/upgrade.ts'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { npmBehind } from '../../src/server/upgrade/npm-versions.ts'
import { type NpmRegistry, startNpmRegistry } from './npm-registry.ts'
import { applyFolder, gitIn, projectFolder } from './shop.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const millwright = join(root, 'bin/millwright.mjs')

const owner = { code: `export const owner = 'ops'\n`, types: 'export declare const owner: string\n' }
const tuning = (trees: number) => ({
  code: `export const trees = ${trees}\n`,
  types: 'export declare const trees: number\n',
})
const locked = [
  { name: 'harmless', version: '1.0.0', ...owner },
  { name: 'needy', version: '1.0.0', ...owner },
  { name: 'still', version: '3.0.0', ...owner },
  { name: 'tuning', version: '1.0.0', ...tuning(40) },
]
/** What came since: something else inside, one that needs what is nowhere, a model of one tree; and another major version. */
const newer = [
  { name: 'harmless', version: '1.1.0', ...owner, code: `${owner.code}// tidier\n` },
  { name: 'needy', version: '1.0.1', ...owner, dependencies: { 'nowhere-at-all': '^1.0.0' } },
  { name: 'tuning', version: '1.0.1', ...tuning(1) },
  { name: 'harmless', version: '2.0.0', ...owner },
]

let registry: NpmRegistry
let folder: string
let home: string
let server: RunningServer
let client: Client
let git: ReturnType<typeof gitIn>

beforeAll(async () => {
  registry = await startNpmRegistry()
  await registry.publish(locked)
  const example = (path: string) => readFile(join(root, 'examples/broken', path), 'utf8')
  const parts = await example('shop.ts')
  const manifest = {
    name: 'shop',
    private: true,
    type: 'module',
    dependencies: { harmless: '^1.0.0', still: '^3.0.0', tuning: '1.0.0' },
    devDependencies: { needy: '~1.0.0' },
  }
  folder = await projectFolder({
    'millwright.config.ts': (await example('healthy/millwright.config.ts')).replace('../shop.ts', './shop.ts'),
    'shop.ts': parts
      .replace(
        `} from 'millwright'`,
        `} from 'millwright'\nimport { owner } from 'harmless'\nimport { trees } from 'tuning'`,
      )
      .replace('../orders.csv', 'orders.csv')
      .replace('trees: 40', 'trees')
      .replace(
        "model('returns', {",
        "model('returns', {\n  brief: { objective: 'tell returns', owner, success: 'AUC', errors: 'none' },",
      ),
    'orders.csv': await example('orders.csv'),
    'package.json': `${JSON.stringify(manifest, null, 4)}\n`,
    '.npmrc': `registry=${registry.address}\n`,
    '.gitignore': 'node_modules\n.millwright\nout\n',
  })
  await rm(join(folder, 'node_modules'), { recursive: true })
  await npm('install')
  await symlink(root, join(folder, 'node_modules/millwright'))
  git = gitIn(folder)
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-q', '-m', 'shop')
  home = await projectFolder({})
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
}, 120_000)
afterAll(async () => {
  await server?.close()
  await registry?.close()
  for (const each of [folder, home]) if (each) await rm(each, { recursive: true, force: true })
})

/** The registry is served by this very process, so nothing here may wait without letting it answer. */
const npm = async (...line: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)('npm', [...line, '--no-audit', '--no-fund'], { cwd: folder })
  return stdout
}

const command = (...args: string[]): string[] => [millwright, 'upgrade-check', '--server', server.address, ...args]
function check(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, CI: '' }
    execFile(process.execPath, command(...args), { cwd: folder, env, maxBuffer: 16 << 20 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: `${stdout}${stderr}` }),
    )
  })
}
const reportOf = async (name: string): Promise<UpgradeReport> =>
  upgradeReportSchema.parse(JSON.parse(await readFile(join(folder, 'out', name), 'utf8')))
const leftBehind = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('millwright-upgrade-'))
const named = (upgraded: UpgradeReport['upgraded']): string[] =>
  upgraded.map(({ name, from, to }) => `${name} ${from} ${to}`)

it('says that nothing is behind, and refuses a bad call with 2', async () => {
  const none = await check('--markdown', 'out/none.md', '--json', 'out/none.json')
  expect(none).toMatchObject({ code: 0, said: expect.stringContaining('Nothing is behind.') })
  expect(await readFile(join(folder, 'out/none.md'), 'utf8')).toContain('nothing of shop is behind')
  expect(await reportOf('none.json')).toMatchObject({ verdict: 'nothing-to-do', upgraded: [] })
  await registry.publish(newer)
  for (const [args, why] of [
    [['--to', 'sideways'], 'no reach of an upgrade'],
    [['--package', 'harmles'], 'Did you mean harmless?'],
    [['--package', 'harmless@7.0.0'], 'the registry has no harmless@7.0.0'],
    [['--package', 'harmless@file:../harmless.tgz'], 'comes from no registry'],
    [['--package', 'zod'], 'does not depend on "zod" itself'],
    [['--frozen'], 'unknown option'],
    [['--project', 'nowhere'], 'ENOENT'],
    [['--timeout', 'soon'], 'no number of seconds'],
  ] as const) {
    expect(await check(...args), args.join(' ')).toMatchObject({ code: 2, said: expect.stringContaining(why) })
  }
}, 240_000)

it('a harmless upgrade is ready: its package says what was upgraded, is deployed and trains; --write puts it into the project', async () => {
  await applyFolder(client, folder)
  const out = join(folder, 'out', 'upgraded.zip')
  const files = ['--out', out, '--json', 'out/one.json', '--markdown', 'out/one.md']
  const { code, said } = await check('--to', 'latest', '--package', 'harmless', '--write', ...files)
  expect([code, said]).toEqual([0, expect.stringMatching(/ready: harmless 1\.0\.0 → 2\.0\.0/)])
  expect(said).toContain('millwright promote out/upgraded.zip --to ENVIRONMENT')
  const report = await reportOf('one.json')
  expect(report).toMatchObject({
    verdict: 'ready',
    reasons: [],
    models: [{ model: 'returns', isSame: true }],
    memoryMb: {},
  })
  expect(report.checks.map(({ before, after }) => [before, after])).toEqual(Array(9).fill(['passed', 'passed']))
  expect(report.answers).toMatchObject([{ endpoint: 'returns', differs: 0, refused: 0 }])
  expect(report.answers[0]!.asked).toBeGreaterThan(0)
  expect(report.load[0]!.ratio).toBeGreaterThan(0)
  expect(await readFile(join(folder, 'out/one.md'), 'utf8')).toMatch(
    /is ready[\s\S]*`harmless` \| 1\.0\.0 \| 2\.0\.0[\s\S]*the same, byte for byte/,
  )

  const read = readPackage(await readFile(out))
  expect(read.hash).toBe(report.package)
  expect(read.manifest.provenance).toMatchObject({
    commit: git('rev-parse', 'HEAD'),
    branch: 'main',
    dirty: true,
    upgraded: [{ lock: 'package-lock.json', name: 'harmless', from: '1.0.0', to: '2.0.0' }],
  })
  expect(read.manifest.provenance.checks).toHaveLength(9)
  const textOf = (path: string): string => Buffer.from(read.files.get(path)!.bytes).toString()
  expect(JSON.parse(textOf('project/package.json')).dependencies).toEqual({
    harmless: '^2.0.0',
    still: '^3.0.0',
    tuning: '1.0.0',
  })
  expect(JSON.parse(textOf('project/package-lock.json')).packages['node_modules/harmless'].version).toBe('2.0.0')
  expect(said).toContain('Written to the project: package.json, package-lock.json.')
  const diff = git('diff', '--unified=0', 'package.json').split('\n')
  expect(diff.filter((line) => /^[+-] /.test(line))).toEqual([
    '-        "harmless": "^1.0.0",',
    '+        "harmless": "^2.0.0",',
  ])
  expect(git('status', '--porcelain')).toMatch(/^M package-lock\.json\n M package\.json$/)
  expect(JSON.parse(await npm('ls', '--package-lock-only', '--json')).dependencies.harmless.version).toBe('2.0.0')
  const again = await check('--to', 'latest', '--package', 'harmless')
  expect(again).toMatchObject({ code: 0, said: expect.stringContaining('Nothing is behind.') })
  git('checkout', '-q', '.')

  const { upgrades } = await client.upgrades({ query: {} })
  expect(upgrades).toMatchObject([
    { verdict: 'ready', by: expect.stringMatching(/^user:/), report: { package: read.hash } },
  ])
  const { events } = await client.events({ query: { type: 'upgrade.tried' } })
  expect(events).toMatchObject([{ level: 'good', message: expect.stringContaining('harmless 1.0.0 → 2.0.0') }])
  const call = { query: {}, body: read.bytes }
  await client.receivePackage(call)
  const plan = await client.deployPackage({ params: { package: read.hash }, body: {} })
  expect(plan).toMatchObject({ deployed: true, missing: [] })
  await cp(join(folder, 'orders.csv'), join(home, 'incoming/orders.csv'))
  await client.ingest({ params: { dataset: 'orders' }, body: { path: join(home, 'incoming/orders.csv') } })
  const { run, steps } = await client.startRun({ body: { pipeline: 'train-returns', wait: true } })
  expect(run.packageHash).toBe(read.hash)
  // Its rollout needs a prediction service, which is not here.
  expect(steps.find(({ step }) => step === 'train')).toMatchObject({ state: 'succeeded', error: null })
}, 600_000)

it('of several that are not ready together, those to blame are named with their reasons, and what is ready without them', async () => {
  const { code, said } = await check('--json', 'out/all.json', '--markdown', 'out/all.md', '--out', 'out/none.zip')
  expect(code).toBe(1)
  const report = await reportOf('all.json')
  expect(named(report.upgraded)).toEqual(['harmless 1.0.0 1.1.0', 'needy 1.0.0 1.0.1', 'tuning 1.0.0 1.0.1'])
  expect(report.reasons).toMatchObject([{ kind: 'install', message: expect.stringContaining('nowhere-at-all') }])
  expect(report.culprits.map(({ upgraded }) => named(upgraded))).toEqual([
    ['needy 1.0.0 1.0.1'],
    ['tuning 1.0.0 1.0.1'],
  ])
  const [needy, tuned] = report.culprits.map(({ reasons }) => reasons)
  expect(needy!.map(({ kind }) => kind)).toEqual(['install'])
  // It learns nothing by heart either.
  expect(tuned).toContainEqual({
    kind: 'check',
    what: 'training',
    message: expect.stringContaining('check of training failed'),
  })
  expect(tuned).toContainEqual({
    kind: 'metric',
    what: 'returns log_loss',
    message: expect.stringMatching(/^log_loss of "returns" rose from 0\.\d+ to 0\.\d+, beyond chance: \+0\.\d+ \(\+/),
  })
  expect(named(report.readyWithout)).toEqual(['harmless 1.0.0 1.1.0'])
  expect([report.undecided, report.package]).toEqual([[], null])
  expect(said).toContain('millwright upgrade-check --package harmless@1.1.0')
  expect(existsSync(join(folder, 'out/none.zip'))).toBe(false)
  expect(await readFile(join(folder, 'out/all.md'), 'utf8')).toMatch(
    /is not ready[\s\S]*to blame: \*\*needy[\s\S]*to blame: \*\*tuning[\s\S]*Ready without: harmless/,
  )
  expect(git('status', '--porcelain')).toBe('')
}, 900_000)

it.skipIf(!process.env.MILLWRIGHT_CI)(
  'the registry that this machine is set to tells versions (only with MILLWRIGHT_CI, since it needs a network)',
  async () => {
    const place = await projectFolder({
      'package.json': '{"name": "x", "private": true, "dependencies": {"ms": "2.0.0"}}',
      'package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: { '': { dependencies: { ms: '2.0.0' } }, 'node_modules/ms': { version: '2.0.0' } },
      }),
    })
    try {
      const { behind } = await npmBehind(place, place, { reach: 'minor', packages: null })
      expect(behind).toMatchObject([
        { lock: 'package-lock.json', name: 'ms', from: '2.0.0', to: expect.stringMatching(/^2\.[1-9]/) },
      ])
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  },
  60_000,
)

it('ends on Ctrl-C with nothing left running or lying about', async () => {
  const others = leftBehind()
  const child = spawn(process.execPath, command('--package', 'needy@1.0.1', 'tuning'), {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
  })
  const ours = (): string[] => leftBehind().filter((name) => !others.includes(name))
  const running = (): string[] => {
    const ps = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
    return ps
      .split('\n')
      .filter((line) => ours().some((name) => line.includes(name)) || line.includes(`${folder} --data`))
  }
  await vi.waitFor(() => expect(running().length).toBeGreaterThan(0), { timeout: 90_000, interval: 200 })
  const [name] = ours()
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  // As a terminal does: to the whole group.
  process.kill(-child.pid!, 'SIGINT')
  expect(await ended).toBe('SIGINT')
  await vi.waitFor(
    () => {
      expect(ours()).toEqual([])
      const ps = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
      expect(ps.split('\n').filter((line) => line.includes(name!))).toEqual([])
    },
    { timeout: 30_000, interval: 300 },
  )
}, 180_000)
