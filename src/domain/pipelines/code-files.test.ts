import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { CodeFiles } from './code-files.ts'
import { LockedPackages } from './locked-packages.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright code '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

test('finds what a module reaches, in every way of importing, and no more', async () => {
  await write({
    'main.ts': `import { a } from './a.ts'
      import type { T } from './types.ts'
      import settings from './settings.json'
      import query from './query.sql'
      export { c } from './c.js'
      import { z } from 'zod/mini'
      import '@scope/pkg/sub'
      import { readFileSync } from 'node:fs'
      const late = () => import('./late.ts')
      export default [a, settings, query, late, z, readFileSync] as T[]`,
    'a.ts': "import { main } from './cycle.ts'\nexport const a = main",
    'cycle.ts': "import { a } from './a.ts'\nexport const main = () => a",
    'c.ts': 'export const c = 1',
    'late.ts': 'export const late = 1',
    'types.ts': 'export type T = unknown',
    'settings.json': '{}',
    'query.sql': 'select 1',
    'other.ts': 'export const other = 1',
  })
  const { files, packages } = await new CodeFiles(folder).reachable('main.ts')
  expect(Object.keys(files).sort()).toEqual([
    'a.ts',
    'c.ts',
    'cycle.ts',
    'late.ts',
    'main.ts',
    'query.sql',
    'settings.json',
  ])
  expect(files['query.sql']).toBe(sha256('select 1'))
  expect(packages).toEqual(['@scope/pkg', 'zod'])
})

test('sees a changed file, a new import and a mended mistake', async () => {
  await write({ 'main.ts': "import './a.ts'", 'a.ts': 'export {}', 'b.ts': 'export {}' })
  const code = new CodeFiles(folder)
  const first = await code.reachable('main.ts')
  expect(await code.reachable('main.ts')).toBe(first)
  await write({ 'a.ts': 'export const x = 1' })
  const second = await code.reachable('main.ts')
  expect(second.files['a.ts']).toBe(sha256('export const x = 1'))
  await write({ 'a.ts': "import './b.ts'" })
  const both = await Promise.all([code.reachable('main.ts'), code.reachable('main.ts')])
  expect(both.map(({ files }) => Object.keys(files).sort())).toEqual([
    ['a.ts', 'b.ts', 'main.ts'],
    ['a.ts', 'b.ts', 'main.ts'],
  ])
  await write({ 'a.ts': "import './none.ts'" })
  await expect(code.reachable('main.ts')).rejects.toMatchObject({ code: 'step-failed' })
  await write({ 'a.ts': 'export {}' })
  expect(Object.keys((await code.reachable('main.ts')).files)).toHaveLength(2)
})

test('declared code is every file below it, but for folders that hold none', async () => {
  await write({ 'train.py': '1', 'lib/a.py': '2', 'lib/__pycache__/a.pyc': '3', 'lib/deep/b.py': '4' })
  expect(Object.keys(await new CodeFiles(folder).declared(['train.py', 'lib'])).sort()).toEqual([
    'lib/a.py',
    'lib/deep/b.py',
    'train.py',
  ])
  await expect(new CodeFiles(folder).declared(['none.py'])).rejects.toMatchObject({ code: 'invalid-definition' })
})

const lock = (zodVersion: string, innerVersion: string) =>
  JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { dependencies: { zod: '*', plain: '*' } },
      'node_modules/zod': { version: zodVersion, dependencies: { inner: '*' } },
      'node_modules/zod/node_modules/inner': { version: innerVersion },
      'node_modules/inner': { version: '9.9.9' },
      'node_modules/plain': { version: '1.0.0' },
    },
  })

test('a package’s version changes with its own and with that of what it depends on, nested ones first', async () => {
  await write({ 'package-lock.json': lock('4.0.0', '1.0.0') })
  const packages = new LockedPackages(folder)
  const first = await packages.of(['zod', 'plain', 'fs', 'absent'])
  expect(first).toMatchObject({ plain: '1.0.0', absent: '?' })
  expect(first.zod).toMatch(/^4\.0\.0\+[0-9a-f]{8}$/)
  expect(first).not.toHaveProperty('fs')
  await write({ 'package-lock.json': lock('4.0.0', '1.0.1') })
  const second = await packages.of(['zod', 'plain'])
  expect(second.zod).toMatch(/^4\.0\.0\+/)
  expect(second.zod).not.toBe(first.zod)
  expect(second.plain).toBe('1.0.0')
})

test('without a lockfile, what is installed counts', async () => {
  await write({ 'node_modules/zod/package.json': '{"version":"3.2.1"}', 'deep/x.ts': '' })
  expect(await new LockedPackages(join(folder, 'deep')).of(['zod'])).toEqual({ zod: '3.2.1' })
})

test('when the process that bundles is killed, another does it', async () => {
  await write({ 'main.ts': 'export const a = 1', 'other.ts': 'export const b = 2' })
  const code = new CodeFiles(folder)
  await code.reachable('main.ts')
  const bundlers = execFileSync('ps', ['-axo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === process.pid && /esbuild.*--service/.test(args.join(' ')))
  expect(bundlers.length).toBeGreaterThan(0)
  for (const [pid] of bundlers) process.kill(Number(pid), 'SIGKILL')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect((await code.reachable('other.ts')).files).toHaveProperty('other.ts')
})
