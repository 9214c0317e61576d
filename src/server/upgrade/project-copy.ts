import { execFile } from 'node:child_process'
import { existsSync, lstatSync } from 'node:fs'
import { copyFile, cp, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { Upgraded } from '../../contract/package.ts'
import { foldersUp } from '../../domain/pipelines/code-files.ts'
import { repositoryOf } from '../ci/branch-report.ts'
import { npm } from '../npm.ts'
import { provideModules } from '../package-project.ts'
import type { Pip } from './python-locks.ts'

const run = promisify(execFile)
const npmLock = 'package-lock.json'
/** What is made from the rest, or is no part of the code. */
const left = /^(node_modules|\.git|\.millwright|\.venv|venv|__pycache__|\.env(\..*)?)$/

/** A project in a temporary folder: its files as they are, committed or not, in a repository of the same history. */
export interface ProjectCopy {
  readonly projectDir: string
  /** Folder that everything of the copy lies in, and the one that it is a copy of. */
  readonly root: string
  readonly original: string
  /** Folder with the npm lockfile, when it is the project's own to change. */
  readonly npmFolder: string | null
}

/**
 * Copies a project with what lies around it in its repository. Nothing is installed, and the repository itself is not touched.
 *
 * @param into a folder that is not there yet.
 * @throws `unavailable` when it cannot be copied.
 */
export async function copyProject(projectDir: string, into: string): Promise<ProjectCopy> {
  const repository = await repositoryOf(projectDir)
  const lockedAt = foldersUp(projectDir).find((folder) => existsSync(join(folder, npmLock)))
  const root = repository ?? (lockedAt && (await isOwnOf(lockedAt, projectDir)) ? lockedAt : projectDir)
  try {
    if (repository) await copyRepository(repository, into)
    else await cp(root, into, { recursive: true, filter: (path) => path === root || !left.test(basename(path)) })
  } catch (cause) {
    throw new MillwrightError('unavailable', `the project cannot be copied: ${messageOf(cause)}`, { cause })
  }
  const copied = join(into, relative(root, projectDir))
  const locked = foldersUp(copied).find((folder) => folder.startsWith(into) && existsSync(join(folder, npmLock)))
  return {
    projectDir: copied,
    root: into,
    original: root,
    npmFolder: locked && (await isOwnOf(locked, copied)) ? locked : null,
  }
}

/** Whether a lockfile there is the project's: that of Millwright's own repository belongs to Millwright. */
async function isOwnOf(folder: string, projectDir: string): Promise<boolean> {
  if (folder === projectDir) return true
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { name?: string }).name !== 'millwright'
}

async function copyRepository(repository: string, into: string): Promise<void> {
  const git = (cwd: string, ...line: string[]) =>
    run('git', ['-c', 'core.hooksPath=/dev/null', ...line], { cwd, maxBuffer: 256 << 20 })
  // Its objects are read where they are. Where that cannot be, as of a shallow clone, the copy has no history.
  await git(repository, 'clone', '--quiet', '--shared', '--no-checkout', '--', repository, into).catch(() =>
    mkdir(into, { recursive: true }).then(() => git(into, 'init', '--quiet')),
  )
  const { stdout } = await git(repository, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
  for (const name of new Set(stdout.split('\0'))) {
    const from = join(repository, name)
    if (name === '' || name.split('/').some((part) => left.test(part))) continue
    const info = lstatSync(from, { throwIfNoEntry: false })
    // Deleted and not yet committed so, or a repository within.
    if (!info || info.isDirectory()) continue
    await mkdir(dirname(join(into, name)), { recursive: true })
    if (info.isSymbolicLink()) await symlink(await readlink(from), join(into, name))
    else await copyFile(from, join(into, name))
  }
  await git(into, 'reset', '--quiet').catch(() => {})
}

/**
 * Puts other versions into the locks of a copy, as the tools that keep them do.
 *
 * @throws `missing-package` with what npm or pip says against it.
 */
export async function applyUpgrades(
  { root, npmFolder }: ProjectCopy,
  upgrades: readonly Upgraded[],
  pip: Pip,
  signal?: AbortSignal,
): Promise<void> {
  const byLock = grouped(upgrades)
  for (const [lock, some] of byLock) {
    if (basename(lock) !== npmLock) await pip.write(join(root, lock), some)
    else if (npmFolder) await writeNpmLock(npmFolder, some, signal)
  }
}

function grouped(upgrades: readonly Upgraded[]): Map<string, Upgraded[]> {
  const groups = new Map<string, Upgraded[]>()
  for (const upgrade of upgrades) groups.set(upgrade.lock, [...(groups.get(upgrade.lock) ?? []), upgrade])
  return groups
}

const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
type Stated = Partial<Record<(typeof kinds)[number], Record<string, string>>>

async function writeNpmLock(folder: string, upgrades: readonly Upgraded[], signal?: AbortSignal): Promise<void> {
  const manifest = join(folder, 'package.json')
  const before = JSON.parse(await readFile(manifest, 'utf8')) as Stated
  const names = upgrades.map(({ name, to }) => `${name}@${to}`)
  await npm(['install', ...names, '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], folder, signal)
  // npm writes a caret whatever stood there: who pinned a version goes on pinning one.
  await edit<Stated>(manifest, (written) => keepStyle(written, before, upgrades))
  await edit<{ packages: Record<string, Stated> }>(join(folder, npmLock), ({ packages }) =>
    keepStyle(packages[''] ?? {}, before, upgrades),
  )
}

function keepStyle(written: Stated, before: Stated, upgrades: readonly Upgraded[]): void {
  for (const { name, to } of upgrades) {
    for (const kind of kinds) {
      const stated = before[kind]?.[name]
      if (stated === undefined || written[kind]?.[name] === undefined) continue
      const style = /^([~^=]?)\d/.exec(stated)?.[1]
      if (style !== undefined) written[kind][name] = `${style}${to}`
    }
  }
}

async function edit<T>(path: string, change: (content: T) => void): Promise<void> {
  const text = await readFile(path, 'utf8')
  const content = JSON.parse(text) as T
  change(content)
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? 2
  await writeFile(path, `${JSON.stringify(content, null, indent)}\n`)
}

/** Installs what the locks of a copy name, beside it. @throws `missing-package` */
export const installCopy = ({ projectDir, root }: ProjectCopy, signal?: AbortSignal): Promise<void> =>
  provideModules(projectDir, dirname(root), dirname(root), signal)
