import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import { type CiReport, ciReportSchema } from '../../contract/ci.ts'
import { foldersUp } from '../../domain/pipelines/code-files.ts'
import { commandLine } from '../command-line.ts'
import { millwrightVersion } from '../version.ts'

const run = promisify(execFile)

/** Folder of the git repository that a project lies in; null outside one. */
export async function repositoryOf(projectDir: string): Promise<string | null> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--show-toplevel'], { cwd: projectDir })
    return await realpath(stdout.trim())
  } catch {
    return null
  }
}

export interface BranchRequest {
  projectDir: string
  against: string
  dataDir: string
  full: boolean
  timeoutMs: number
  onNote(text: string): void
}

/**
 * What the same sample says of the project on another branch. It is worked out once for each commit and kept in the project's `.millwright` folder; the
 * branch is looked at in a worktree of its own, with this checkout's packages and data.
 *
 * @returns null when the branch has no such project, or its own pipelines fail: then there is nothing to compare with.
 * @throws `not-found` without a repository, or for a branch that it does not have.
 */
export async function branchReport({
  projectDir,
  against,
  dataDir,
  full,
  timeoutMs,
  onNote,
}: BranchRequest): Promise<CiReport | null> {
  const repository = await repositoryOf(projectDir)
  const commit = repository ? await commitOf(repository, against) : null
  if (!repository || !commit)
    throw new MillwrightError('not-found', `there is no branch "${against}" here to compare with`, {
      field: '--against',
      hint: 'Fetch it first, such as with `git fetch origin main`.',
    })
  const inside = relative(repository, projectDir)
  const cache = join(projectDir, '.millwright', 'ci')
  const kept = join(cache, `${hashOf({ commit, inside, full, millwrightVersion }).slice(0, 16)}.json`)
  const known = await readFile(kept, 'utf8').catch(() => null)
  if (known !== null) {
    const read = ciReportSchema.safeParse(JSON.parse(known))
    if (read.success) return read.data
  }
  onNote(`the same sample on ${against} (${commit.slice(0, 8)}), once …`)
  const folder = await mkdtemp(join(tmpdir(), 'millwright-branch-'))
  const tree = join(folder, 'tree')
  try {
    await run('git', ['worktree', 'add', '--detach', '--quiet', tree, commit], { cwd: repository })
    const project = join(tree, inside)
    if (!existsSync(join(project, 'millwright.config.ts'))) return null
    await linkPackages(repository, projectDir, tree)
    const file = join(folder, 'report.json')
    const args = ['ci', '--project', project, '--data', dataDir, '--json', file, '--timeout', String(timeoutMs / 1000)]
    const only = ['--only', 'data,pipeline,serving,load', ...(full ? ['--full'] : [])]
    // A branch that fails its checks can be compared with all the same, as far as it got.
    await run(process.execPath, [...commandLine(), ...args, ...only], { cwd: project, maxBuffer: 16 << 20 }).catch(
      () => {},
    )
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) return null
    const report = { ...ciReportSchema.parse(JSON.parse(text)), commit, dirty: false }
    if (report.models.length === 0) return null
    await mkdir(cache, { recursive: true })
    await writeFile(kept, JSON.stringify(report))
    return report
  } finally {
    await run('git', ['worktree', 'remove', '--force', tree], { cwd: repository }).catch(() => {})
    await rm(folder, { recursive: true, force: true })
    await run('git', ['worktree', 'prune'], { cwd: repository }).catch(() => {})
  }
}

async function commitOf(repository: string, branch: string): Promise<string | null> {
  for (const name of [branch, `origin/${branch}`]) {
    try {
      const { stdout } = await run('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], { cwd: repository })
      return stdout.trim()
    } catch {
      // Perhaps only the remote has it.
    }
  }
  return null
}

/** Packages are no part of a commit: those of this checkout are used. */
async function linkPackages(repository: string, projectDir: string, tree: string): Promise<void> {
  for (const folder of foldersUp(projectDir)) {
    const inside = relative(repository, folder)
    if (inside.startsWith('..')) break
    const packages = join(folder, 'node_modules')
    const link = join(tree, inside, 'node_modules')
    if (existsSync(packages) && !existsSync(link)) await symlink(await realpath(packages), link)
  }
}
