import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { CiRunRecord } from '../contract/ci-run.ts'
import { resolveEnvironment } from '../contract/environment.ts'
import type { CheckResult } from '../contract/package.ts'
import type { ControlPlane } from './control-plane.ts'
import { GitRepository, isBranchOf } from './git-repository.ts'
import { provideModules } from './package-project.ts'

export interface WatchOptions {
  /** Path or address of a git repository. */
  repository: string
  /** Folder of the project in it; '' for its root. */
  folder?: string
  /** Wall-clock milliseconds between two looks. */
  everyMs?: number
  /** Ed25519 key that signs what comes of it. */
  keyFile?: string
  /** The program that checks a folder and packs it; `millwright ci` where nothing is said. */
  ciCommand?: readonly string[]
}

const millwright = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))
const standardEveryMs = 30_000
const ciLimitMs = 60 * 60_000
const mostLog = 1 << 20
/** Variables that the code of a commit may see; tokens and secrets of the control plane are none of them. */
const passedOn =
  /^(PATH|HOME|USER|SHELL|LANG|LC_\w+|TZ|TMPDIR|TERM|VIRTUAL_ENV|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY|npm_config_(registry|cache|userconfig)|PIP_INDEX_URL)$/i

/**
 * Watches a repository: a new commit on a branch that this environment takes is checked out, tested in a process of its own, packed, and put into
 * force as far as the rules allow. What waits for a rule is tried again at every look.
 */
export class RepositoryWatch {
  private readonly repository: GitRepository
  private readonly stop = new AbortController()
  private looking: Promise<CiRunRecord[]> | null = null
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly plane: ControlPlane,
    private readonly options: WatchOptions,
    private readonly onFault: (message: string) => void,
  ) {
    this.repository = new GitRepository(options.repository)
  }

  /** Looks now, and from then on again and again. */
  start(): void {
    const look = (): void => {
      this.check()
        .catch((error) => this.onFault(messageOf(error)))
        .finally(() => {
          if (!this.stop.signal.aborted) this.timer = setTimeout(look, this.options.everyMs ?? standardEveryMs)
        })
    }
    look()
  }

  /** Looks once; somebody who asks while it looks gets the look after that one. @returns the commits that were tested by it. */
  async check(): Promise<CiRunRecord[]> {
    while (this.looking) await this.looking.catch(() => {})
    const looking = this.look()
    this.looking = looking
    try {
      return await looking
    } finally {
      this.looking = null
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.timer)
    this.stop.abort()
    await this.looking?.catch(() => {})
  }

  private async look(): Promise<CiRunRecord[]> {
    const { heads, main } = await this.repository.heads()
    const takes = await this.takes()
    const found: CiRunRecord[] = []
    for (const [branch, commit] of heads) {
      if (this.stop.signal.aborted) break
      // Before there is a definition, the branch that a clone has says what this environment takes.
      if (takes ? !isBranchOf(takes.branch, branch) : branch !== main) continue
      const known = (await this.plane.data.metadata.find('ci_run', { where: { branch, commit } })).at(-1)
      if (known && known.state !== 'running') await this.deliver(known, false)
      // One that was running when the control plane ended begins anew.
      else found.push(await this.test(branch, commit, known))
    }
    return found
  }

  /** By the rules in force; before the first package is in force, by the newest that is here. */
  private async takes(): Promise<{ branch: string; and: 'test' | 'deploy' } | null> {
    const { environment, packages, data } = this.plane
    if (environment.resolved) return environment.resolved.takes
    if (environment.name === null) return null
    const [newest] = await data.metadata.find('package', {
      where: { origin: 'package' },
      orderBy: { field: 'receivedAt', direction: 'desc' },
      limit: 1,
    })
    return newest ? resolveEnvironment((await packages.read(newest.id)).definition, environment.name).takes : null
  }

  private async test(branch: string, commit: string, before: CiRunRecord | undefined): Promise<CiRunRecord> {
    let run: CiRunRecord = before ?? {
      id: newId('ci'),
      branch,
      commit,
      state: 'running',
      checks: [],
      report: null,
      log: null,
      package: null,
      deployed: false,
      missing: [],
      error: null,
      startedAt: Date.now(),
      endedAt: null,
    }
    await this.save(run, 'ci.started', `Commit ${commit.slice(0, 8)} on ${branch} is tested`)
    const folder = join(this.plane.home.path, 'ci', run.id)
    try {
      run = { ...run, ...(await this.checkOutAndTest(branch, commit, folder)), endedAt: Date.now() }
    } catch (error) {
      run = { ...run, state: 'failed', error: messageOf(error), endedAt: Date.now() }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    if (this.stop.signal.aborted) return run
    const failed = run.checks.filter(({ outcome }) => outcome === 'failed').map(({ check }) => check)
    await this.save(
      run,
      run.state === 'passed' ? 'ci.passed' : 'ci.failed',
      run.state === 'passed'
        ? `Commit ${commit.slice(0, 8)} on ${branch} passed: package ${run.package?.slice(0, 12)}`
        : `Commit ${commit.slice(0, 8)} on ${branch} failed: ${failed.join(', ') || run.error}`,
    )
    return this.deliver(run, true)
  }

  private async checkOutAndTest(branch: string, commit: string, folder: string): Promise<Partial<CiRunRecord>> {
    const { packages, data, home } = this.plane
    const source = join(folder, 'source')
    const actual = await this.repository.checkOut(branch, source)
    if (actual !== commit)
      throw new MillwrightError('conflict', `${branch} has moved to ${actual.slice(0, 8)} meanwhile`)
    const project = join(source, this.options.folder ?? '')
    if (!existsSync(join(project, 'millwright.config.ts')))
      throw new MillwrightError('not-found', `commit ${commit.slice(0, 8)} has no millwright.config.ts`, {
        hint: 'Say where it lies with --folder.',
      })
    await provideModules(project, join(home.path, 'ci'), home.packages)
    const [out, report] = [join(folder, 'out'), join(folder, 'report.json')]
    const { keyFile } = this.options
    const { code, said } = await this.runCi(
      [
        '--project',
        project,
        '--branch',
        branch,
        '--package',
        out,
        '--json',
        report,
        ...(keyFile ? ['--key', keyFile] : []),
      ],
      project,
    )
    const log = await data.blobs.put(Buffer.from(said))
    const text = await readFile(report).catch(() => null)
    const kept = text ? await data.blobs.put(text) : null
    const checks = text ? (JSON.parse(text.toString()) as { checks: CheckResult[] }).checks : []
    const facts = {
      checks: checks.map(({ check, outcome, summary }) => ({ check, outcome, summary })),
      report: kept?.hash ?? null,
      log: log.hash,
    }
    const [file] = await readdir(out).catch(() => [])
    if (code !== 0 || !file) {
      const last = said.trim().split('\n').at(-1) ?? ''
      return {
        ...facts,
        state: 'failed',
        error: code === 0 ? 'it made no package' : `it ended with code ${code}: ${last}`,
      }
    }
    const { record } = await packages.receive(await readFile(join(out, file)), 'ci')
    return { ...facts, state: 'passed', package: record.id }
  }

  /** In a process of its own, which is given only what programs need to be found and to reach the network. */
  private runCi(line: readonly string[], cwd: string): Promise<{ code: number | null; said: string }> {
    const program = this.options.ciCommand ?? [process.execPath, millwright, 'ci']
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name)))
    return new Promise((resolve, reject) => {
      const child = spawn(program[0]!, [...program.slice(1), ...line], {
        cwd,
        env: { ...env, CI: '1', NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: ciLimitMs,
        signal: this.stop.signal,
      })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said = (said + text).slice(-mostLog)
        })
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, said: this.plane.environment.forSteps().redact(said) }))
    })
  }

  /** Puts what passed into force where this environment does so by itself, as far as the rules allow. */
  private async deliver(run: CiRunRecord, isNew: boolean): Promise<CiRunRecord> {
    const { packageDeployments, packages, environment, data } = this.plane
    if (run.state !== 'passed' || run.package === null || run.deployed || environment.name === null) return run
    const { definition } = await packages.read(run.package)
    const isStated = definition.environments.some(({ name }) => name === environment.name)
    const own = isStated ? resolveEnvironment(definition, environment.name) : null
    const takes = environment.resolved ? environment.resolved.takes : own?.takes
    if (takes?.and !== 'deploy' || !isBranchOf(takes.branch, run.branch)) return run
    const request = { package: run.package, actor: 'ci', reason: `commit ${run.commit.slice(0, 8)} on ${run.branch}` }
    const changed = await this.plane.inTurn(async (): Promise<Partial<CiRunRecord>> => {
      try {
        const { missing } = await packageDeployments.deploy({ ...request, dryRun: true })
        // Told once: a rule that does not hold yet is no news at every look.
        if (missing.length > 0 && !isNew) return { missing }
        await packageDeployments.deploy({ ...request, dryRun: false })
        return { deployed: true, missing: [] }
      } catch (error) {
        if (!(error instanceof MillwrightError) || error.code !== 'rules-unmet') return { error: messageOf(error) }
        return { missing: (await packageDeployments.deploy({ ...request, dryRun: true })).missing }
      }
    })
    return data.metadata.transaction((writer) => writer.update('ci_run', run.id, changed))
  }

  private async save(run: CiRunRecord, type: 'ci.started' | 'ci.passed' | 'ci.failed', message: string): Promise<void> {
    await this.plane.data.metadata.transaction(async (writer) => {
      await writer.put('ci_run', run)
      await writer.emit({
        type,
        subject: `ci:${run.id}`,
        actor: 'ci',
        level: type === 'ci.failed' ? 'bad' : type === 'ci.passed' ? 'good' : 'info',
        message,
        data: { branch: run.branch, commit: run.commit, package: run.package },
      })
    })
  }
}
