import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type CiReport, ciReportSchema } from '../../src/contract/ci.ts'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { newSigningKey } from '../../src/domain/delivery/package-signature.ts'
import { gitIn } from './shop.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const millwright = join(root, 'bin/millwright.mjs')
const python = spawnSync('python3', ['--version']).status === 0

let folder: string
let project: string
let git: ReturnType<typeof gitIn>

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'millwright ci ')))
  project = join(folder, 'shop project')
  await mkdir(project)
  // The sound project of the examples, in one file.
  const shop = await readFile(join(root, 'examples/broken/shop.ts'), 'utf8')
  await writeFile(join(project, 'millwright.config.ts'), `${shop}\nexport default shopProject()\n`)
  // The data are no part of the repository, as they often are not.
  await cp(join(root, 'examples/broken/orders.csv'), join(folder, 'orders.csv'))
  await mkdir(join(project, 'node_modules'))
  await symlink(root, join(project, 'node_modules/millwright'))
  await writeFile(join(project, 'package.json'), '{"name": "shop", "private": true, "type": "module"}\n')
  await writeFile(join(project, '.gitignore'), 'node_modules\n.millwright\nout\n')
  git = gitIn(project)
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-q', '-m', 'shop')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function ci(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [millwright, 'ci', ...args], { cwd: project }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: `${stdout}${stderr}` }),
    )
  })
}
const report = async (name: string): Promise<CiReport> =>
  ciReportSchema.parse(JSON.parse(await readFile(join(project, 'out', name), 'utf8')))

it('packs a green commit, the same bytes each time, signed, with golden requests and what was checked', async () => {
  const { privateKey, publicKey } = newSigningKey()
  await writeFile(join(folder, 'key.pem'), privateKey)
  const first = await ci('--package', 'out/first', '--key', join(folder, 'key.pem'), '--json', 'out/first.json')
  expect(first).toMatchObject({ code: 0, said: expect.stringContaining('Every check passed') })
  // Those that do not say how fast the machine is.
  const again = await ci('--package', 'out/again', '--key', join(folder, 'key.pem'))
  const bytesOf = async (at: string): Promise<Buffer> => {
    const [name] = await readdir(join(project, 'out', at))
    return readFile(join(project, 'out', at, name!))
  }
  expect(again.code).toBe(0)
  const bytes = await bytesOf('first')
  expect((await bytesOf('again')).equals(bytes)).toBe(true)
  const read = readPackage(bytes)
  expect(read.signature).toMatchObject({ key: 'ci', publicKey })
  expect(read.manifest.provenance).toMatchObject({ commit: git('rev-parse', 'HEAD'), branch: 'main', dirty: false })
  expect(read.manifest.provenance.checks.map(({ check, outcome }) => `${check} ${outcome}`)).toContain('load passed')
  const golden = JSON.parse(Buffer.from(read.files.get('golden.json')!.bytes).toString())
  expect(golden.returns.requests.length).toBeGreaterThan(0)
  expect(golden.returns.model).toBe((await report('first.json')).models[0]!.modelHash)
}, 240_000)

it('says what a branch changes: metrics, inputs, predictions by segment, and keeps what it found of the other branch', async () => {
  git('checkout', '-q', '-b', 'without-price')
  const path = join(project, 'millwright.config.ts')
  const before = await readFile(path, 'utf8')
  const after = before
    .replace("orders.pick('kind', 'price', 'items')", "orders.pick('kind', 'items')")
    .replace('    gates:', "    segments: { kind: orders.column('kind') },\n    gates:")
  expect(after).not.toBe(before)
  await writeFile(path, after)
  git('commit', '-qam', 'no price')
  const files = [
    '--markdown',
    'out/pull.md',
    '--junit',
    'out/junit.xml',
    '--sarif',
    'out/sarif.json',
    '--json',
    'out/branch.json',
  ]
  const first = await ci('--against', 'main', ...files)
  expect(first.said).toContain('the same sample on main')
  // Whoever sends a price is told that nobody takes it any more; with another model that may be meant.
  expect(first).toMatchObject({ code: 0, said: expect.stringMatching(/branch main has recorded is refused.*"price"/) })
  const text = await readFile(join(project, 'out/pull.md'), 'utf8')
  expect(text).toContain(`What changes against main (\`${git('rev-parse', 'main').slice(0, 8)}\`)`)
  expect(text).toMatch(/Inputs: − `price`/)
  expect(text).toMatch(/\| auc \| 0\.\d+ \| 0\.\d+ \| [+−]/)
  expect(text).toMatch(/Predictions on the same \d\d+ rows: mean 0\.\d+ → 0\.\d+, \d/)
  expect(text).toMatch(/\| kind = shoe \| \d+ \|/)
  // No worktree is left behind, and the branch is not worked out twice.
  expect(git('worktree', 'list').split('\n')).toHaveLength(1)
  const again = await ci('--against', 'main', '--only', 'definition')
  expect(again.said).not.toContain('the same sample on main')
  await expect(ci('--against', 'nowhere')).resolves.toMatchObject({
    code: 1,
    said: expect.stringContaining('no branch "nowhere"'),
  })
}, 240_000)

it('reports a failure as JUnit and SARIF that others read, with file and line', async () => {
  const path = join(project, 'millwright.config.ts')
  const whole = await readFile(path, 'utf8')
  await writeFile(path, whole.replace('c.price.between(1, 500)', 'c.price.between(1, 50)'))
  const { code, said } = await ci('--junit', 'out/junit.xml', '--sarif', 'out/sarif.json', '--package', 'out/none')
  await writeFile(path, whole)
  expect(code).toBe(1)
  expect(said).toMatch(/✗ data .*"price" is not between 1 and 50/)
  expect(said).toContain('mend  Mend the data')
  expect(said).toContain('no package')
  await expect(readdir(join(project, 'out/none'))).rejects.toThrow()

  const sarif = JSON.parse(await readFile(join(project, 'out/sarif.json'), 'utf8'))
  const [run] = sarif.runs
  const result = run.results.find((each: { ruleId: string }) => each.ruleId === 'data')
  expect(run.tool.driver.rules[result.ruleIndex].id).toBe('data')
  expect(result).toMatchObject({
    level: 'error',
    locations: [{ physicalLocation: { artifactLocation: { uri: 'millwright.config.ts' } } }],
  })
  const line = result.locations[0].physicalLocation.region.startLine
  expect(whole.split('\n')[line - 1]).toContain('price: number')

  if (!python) return
  const parse = `import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find('testsuite')
print(suite.get('tests'), suite.get('failures'), suite.get('skipped'))
print([case.get('name') for case in suite if case.find('failure') is not None])`
  const read = execFileSync('python3', ['-c', parse, join(project, 'out/junit.xml')], { encoding: 'utf8' })
  expect(read).toBe("9 1 5\n['data']\n")
}, 240_000)

it('ends on Ctrl-C with nothing left running, and when its time is up says so', async () => {
  // Its homes are told from those of others at work on this machine.
  const own = await mkdtemp(join(folder, 'homes '))
  const env = { ...process.env, TMPDIR: own }
  const child = spawn(process.execPath, [millwright, 'ci', '--only', 'data'], { cwd: project, stdio: 'ignore', env })
  const benches = async (): Promise<string[]> => {
    const ps = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
    return ps.split('\n').filter((line) => line.includes(join(own, 'millwright-workbench-')))
  }
  await vi.waitFor(async () => expect(await benches()).not.toEqual([]), { timeout: 60_000 })
  child.kill('SIGINT')
  await new Promise((resolve) => child.once('exit', resolve))
  await vi.waitFor(async () => expect(await benches()).toEqual([]), { timeout: 20_000 })
  expect(await readdir(own)).not.toContainEqual(expect.stringContaining('millwright-workbench-'))

  const late = await ci('--only', 'pipeline', '--timeout', '1')
  expect(late).toMatchObject({ code: 1, said: expect.stringContaining('time was up after 1 s') })
}, 180_000)
