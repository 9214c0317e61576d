import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { MillwrightError } from '../base/errors.ts'

const run = promisify(execFile)
const askLimitMs = 60_000

/** Branches of a repository that somebody else keeps: a path or an address that git understands. */
export class GitRepository {
  constructor(private readonly address: string) {
    // An address that begins with a dash would be an option.
    if (address.startsWith('-') || address === '')
      throw new MillwrightError('invalid-request', `"${address}" is no repository`, { field: 'repository' })
  }

  /** Branch → commit; and the branch that a clone would have. @throws `unavailable` */
  async heads(): Promise<{ heads: Map<string, string>; main: string | null }> {
    const lines = (await this.git(['ls-remote', '--symref', '--', this.address, 'HEAD', 'refs/heads/*'])).split('\n')
    const heads = new Map<string, string>()
    let main: string | null = null
    for (const line of lines) {
      main = /^ref: refs\/heads\/(\S+)\tHEAD$/.exec(line)?.[1] ?? main
      const [, commit, branch] = /^([0-9a-f]{40,64})\trefs\/heads\/(\S+)$/.exec(line) ?? []
      if (commit && branch) heads.set(branch, commit)
    }
    return { heads, main }
  }

  /** Puts the files of a branch, as it is now, into a new folder. @returns the commit. @throws `unavailable` */
  async checkOut(branch: string, folder: string): Promise<string> {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const ref = `refs/heads/${branch}`
    await this.git(['init', '--quiet', folder])
    await this.git([
      '-C',
      folder,
      'fetch',
      '--quiet',
      '--no-tags',
      '--depth=1',
      '--',
      this.address,
      `${ref}:refs/remotes/origin/${branch}`,
    ])
    await this.git(['-C', folder, 'checkout', '--quiet', '-B', branch, `refs/remotes/origin/${branch}`])
    return (await this.git(['-C', folder, 'rev-parse', 'HEAD'])).trim()
  }

  private async git(line: string[]): Promise<string> {
    try {
      const { stdout } = await run('git', ['-c', 'core.hooksPath=/dev/null', ...line], {
        timeout: askLimitMs,
        maxBuffer: 64 << 20,
        // Nobody is there to type a password.
        env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
      })
      return stdout
    } catch (cause) {
      const lines = (cause as { stderr?: string }).stderr?.trim().split('\n') ?? [String(cause)]
      const said = lines.find((each) => each.startsWith('fatal:')) ?? lines.at(-1)
      throw new MillwrightError('unavailable', `the repository cannot be read: ${said}`, { cause })
    }
  }
}

/** Whether a branch is one of those that a pattern names; `*` stands for anything. */
export function isBranchOf(pattern: string, branch: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(branch)
}
