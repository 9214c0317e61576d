import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type * as z from 'zod'
import { hashOf, sha256 } from '../../base/hash.ts'
import type { environmentSchema, sourceSchema } from '../../contract/run.ts'
import { foldersUp } from './code-files.ts'

type Source = z.infer<typeof sourceSchema>
type Environment = z.infer<typeof environmentSchema>

export const lockfiles = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'uv.lock',
  'poetry.lock',
  'Pipfile.lock',
  'conda-lock.yml',
  'environment.yml',
  'requirements.txt',
]

const run = promisify(execFile)

/** The state of the project's code: its commit, whether files differ from it, and the lockfiles. Works without git, which tells less. */
export async function describeSource(projectDir: string): Promise<Source> {
  const [{ commit, dirty, changed }, lockfileHash] = await Promise.all([
    gitState(projectDir),
    hashLockfiles(projectDir),
  ])
  return { commit, dirty, lockfileHash, ...(changed.length > 0 ? { changed } : {}) }
}

const mostChanged = 100

/** Path of an entry of `git status --porcelain=v2`; of what was renamed, where it is now. */
const changedPath = (line: string): string | undefined =>
  /^(?:1 (?:\S+ ){7}|2 (?:\S+ ){8}|u (?:\S+ ){9}|\? )([^\t]+)/.exec(line)?.[1]

/** Commit and branch of a folder, and whether its files differ from the commit, and which; null for what cannot be said. */
export async function gitState(
  projectDir: string,
): Promise<Pick<Source, 'commit' | 'dirty'> & { branch: string | null; changed: string[] }> {
  try {
    // One call for both; it takes no lock, and Millwright's own state is no change of the code.
    const { stdout } = await run(
      'git',
      ['--no-optional-locks', 'status', '--porcelain=v2', '--branch', '--', '.', ':(exclude).millwright'],
      { cwd: projectDir, maxBuffer: 64 * 1024 * 1024, timeout: 10_000 },
    )
    const commit = /^# branch\.oid ([0-9a-f]+)$/m.exec(stdout)?.[1] ?? null
    const branch = /^# branch\.head ([^(].*)$/m.exec(stdout)?.[1] ?? null
    const entries = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const changed = entries.slice(0, mostChanged).flatMap((line) => changedPath(line) ?? [])
    return { commit, branch, dirty: entries.length > 0, changed }
  } catch {
    const commit = await commitFromFiles(projectDir)
    return { commit, branch: null, dirty: null, changed: [] }
  }
}

/** The commit as git's own files tell it, for machines without git (gitrepository-layout(5)). */
export async function commitFromFiles(projectDir: string): Promise<string | null> {
  for (const folder of foldersUp(projectDir)) {
    let git = join(folder, '.git')
    const link = await read(git)
    // In a worktree or submodule `.git` is a file that says where the repository is.
    if (link?.startsWith('gitdir:')) git = resolve(folder, link.slice('gitdir:'.length).trim())
    const head = (await read(join(git, 'HEAD')))?.trim()
    if (!head) continue
    if (!head.startsWith('ref:')) return head
    const ref = head.slice('ref:'.length).trim()
    const common = (await read(join(git, 'commondir')))?.trim()
    const homes = common ? [git, isAbsolute(common) ? common : resolve(git, common)] : [git]
    for (const home of homes) {
      const loose = (await read(join(home, ref)))?.trim()
      if (loose) return loose
      const packed = await read(join(home, 'packed-refs'))
      const line = packed?.split('\n').find((entry) => entry.endsWith(` ${ref}`))
      if (line) return line.slice(0, line.indexOf(' '))
    }
    return null
  }
  return null
}

/** SHA-256 over the lockfiles of the nearest folder that has any, the project's own first; of one alone, its own hash. */
async function hashLockfiles(projectDir: string): Promise<string | null> {
  for (const folder of foldersUp(projectDir)) {
    const found: Record<string, string> = {}
    for (const name of lockfiles) {
      const text = await read(join(folder, name))
      if (text !== undefined) found[name] = sha256(text)
    }
    const hashes = Object.values(found)
    if (hashes.length > 0) return hashes.length === 1 ? hashes[0]! : hashOf(found)
    // Beyond the repository lie other people's files.
    if ((await read(join(folder, '.git', 'HEAD'))) !== undefined || (await read(join(folder, '.git'))) !== undefined)
      break
  }
  return null
}

/** Undefined for what is no readable file. */
async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

/** Where a run happens. @param millwright the version of Millwright. */
export function describeEnvironment(millwright: string): Environment {
  return {
    millwright,
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    cpus: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1024 / 1024),
  }
}
