import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { commitFromFiles, describeSource } from './run-source.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright source '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim()
}
const withoutGit = (() => {
  try {
    execFileSync('git', ['--version'])
    return ''
  } catch {
    return 'git is not installed'
  }
})()

test('tells commit and dirtiness of the project’s folder alone, and finds the lockfile above it', async (context) => {
  if (withoutGit) context.skip(withoutGit)
  git('init', '-q')
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(folder, 'package-lock.json'), '{}')
  await writeFile(join(project, 'a.ts'), '1')
  git('add', '.')
  git('commit', '-qm', 'first')
  const clean = { commit: git('rev-parse', 'HEAD'), dirty: false, lockfileHash: sha256('{}') }
  expect(await describeSource(project)).toEqual(clean)
  // What lies beside the project, and Millwright's own state in it, are not its code.
  await writeFile(join(folder, 'beside.ts'), '1')
  await mkdir(join(project, '.millwright'))
  await writeFile(join(project, '.millwright', 'state'), '1')
  expect(await describeSource(project)).toEqual(clean)
  await writeFile(join(project, 'a.ts'), '2')
  expect(await describeSource(project)).toEqual({ ...clean, dirty: true, changed: ['a.ts'] })
})

test('reads the commit without git: loose, packed, detached, and in a worktree', async (context) => {
  if (withoutGit) context.skip(withoutGit)
  git('init', '-q')
  expect(await commitFromFiles(folder)).toBeNull()
  git('commit', '-q', '--allow-empty', '-m', 'first')
  const first = git('rev-parse', 'HEAD')
  expect(await commitFromFiles(folder)).toBe(first)
  git('pack-refs', '--all')
  expect(await commitFromFiles(folder)).toBe(first)
  git('worktree', 'add', '-q', '-b', 'other', join(folder, 'tree'))
  execFileSync(
    'git',
    ['-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '-q', '--allow-empty', '-m', 'second'],
    {
      cwd: join(folder, 'tree'),
    },
  )
  expect(await commitFromFiles(join(folder, 'tree'))).toBe(git('rev-parse', 'other'))
  git('checkout', '-q', '--detach')
  expect(await commitFromFiles(folder)).toBe(first)
})

test('outside a repository there is no commit, and several lockfiles make one hash', async () => {
  await writeFile(join(folder, 'uv.lock'), 'a')
  const one = await describeSource(folder)
  expect(one).toEqual({ commit: null, dirty: null, lockfileHash: sha256('a') })
  await writeFile(join(folder, 'requirements.txt'), 'b')
  const two = await describeSource(folder)
  expect(two.lockfileHash).not.toBe(one.lockfileHash)
})
