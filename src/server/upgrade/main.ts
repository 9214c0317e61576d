import { readFile, rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import { nearest } from '../../contract/nearest.ts'
import type { Upgraded } from '../../contract/package.ts'
import type { UpgradeReport } from '../../contract/upgrade.ts'
import { upgradeMarkdown } from '../../domain/delivery/reports/upgrade-markdown.ts'
import { type Blame, findCulprits } from '../../domain/delivery/upgrade-search.ts'
import { failsAnyway, nameOf } from '../../domain/delivery/upgrade-verdict.ts'
import { gitState } from '../../domain/pipelines/run-source.ts'
import { packChecked, writeWhole } from '../ci/checked-package.ts'
import { closeOnSignal, ownedFolder } from '../owned-folder.ts'
import { type Asked, type Behind, refused } from './asked.ts'
import { type Attempt, attempt, type Bench, copyInto, sideOf } from './attempt.ts'
import { npmBehind } from './npm-versions.ts'
import { installCopy, type ProjectCopy } from './project-copy.ts'
import { Pip, pythonLocks } from './python-locks.ts'
import type { Side } from './side.ts'

export { askedPackages } from './asked.ts'
export { upgradeMarkdown }

export interface UpgradeOptions {
  projectDir: string
  definition: Definition
  dataDir: string
  /** All data instead of a sample. */
  full: boolean
  asked: Asked
  timeoutMs: number
  /** Who packs, as events name it. */
  by: string
  key: { name: string; privateKey: string } | null
  /** Where the package goes; named by project and hash in the working folder where nothing is said. */
  out: string | null
  /** Put the new locks into the project when they are ready. */
  write: boolean
  onNote(text: string): void
}

export interface UpgradeResult {
  report: UpgradeReport
  /** Where the package is. */
  path: string | null
  /** Files of the project that were written. */
  written: string[]
}

const prefix = 'millwright-upgrade-'
/** Of parts of what was asked for, when all together is not ready. */
const mostTries = 12

/**
 * Tries newer versions of a project's packages in a copy of it: both go through all checks on the same data, their metrics are compared on the same
 * rows, their answers to the same requests, their speed under the same load. The project itself is left as it is.
 *
 * @throws `invalid-request` for a package or version that there is not, `unavailable` when no registry answers or time is up.
 */
export async function upgradeCheck(options: UpgradeOptions): Promise<UpgradeResult> {
  const begun = performance.now()
  const folder = ownedFolder(prefix)
  const stop = new AbortController()
  const open = new Set<Pick<Attempt, 'close'>>()
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await Promise.all([...open].map((each) => each.close()))
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      takeBack()
    })()
    return closing
  }
  const takeBack = closeOnSignal(() => {
    stop.abort(new MillwrightError('unavailable', 'it was interrupted'))
    return close()
  })
  const timer = setTimeout(
    () =>
      stop.abort(
        new MillwrightError('unavailable', `time was up after ${options.timeoutMs / 1000} s`, {
          hint: 'Give it more with `--timeout`, or name fewer packages with `--package`.',
        }),
      ),
    options.timeoutMs,
  )
  try {
    const pip = new Pip(join(folder, 'pip'), stop.signal)
    const deadline = Date.now() + options.timeoutMs
    const check = new UpgradeCheck({ ...options, folder, pip, signal: stop.signal, deadline }, options, open)
    const { report, ...rest } = await check.run()
    return { ...rest, report: { ...report, seconds: (performance.now() - begun) / 1000 } }
  } finally {
    clearTimeout(timer)
    await close()
  }
}

class UpgradeCheck {
  constructor(
    private readonly bench: Bench,
    private readonly options: UpgradeOptions,
    private readonly open: Set<Pick<Attempt, 'close'>>,
  ) {}

  async run(): Promise<UpgradeResult> {
    const { definition, asked, onNote } = this.options
    onNote('looking for newer versions')
    const copy = await copyInto(this.bench, 'before')
    const { behind, notes } = await this.behind(copy)
    const { commit } = await gitState(this.options.projectDir)
    const report: UpgradeReport = {
      project: definition.name,
      verdict: 'nothing-to-do',
      message: 'nothing is behind',
      reach: asked.reach,
      commit,
      upgraded: behind,
      movedAlong: [],
      reasons: [],
      notes,
      checks: [],
      models: [],
      answers: [],
      load: [],
      memoryMb: null,
      culprits: [],
      readyWithout: [],
      undecided: [],
      package: null,
      millwright: { before: null, after: null },
      node: process.version,
      seconds: 0,
    }
    if (behind.length === 0) return { report, path: null, written: [] }
    const before = await this.before(copy)
    const all = await this.attempt(before, behind)
    const { checks, models, answers, load, memoryMb, movedAlong, reasons } = all
    const judged: UpgradeReport = {
      ...report,
      ...{ checks, models, answers, load, memoryMb, movedAlong, reasons },
      notes: [...notes, ...before.notes, ...all.notes],
      millwright: { before: before.side?.report.millwright ?? null, after: all.side?.report.millwright ?? null },
    }
    if (reasons.length === 0 && all.side && all.definition) return this.ready(judged, copy, all)
    await this.close(all)
    const blame = failsAnyway(before.side?.report ?? null, reasons) ? null : await this.blame(before, all)
    const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : ''
    return {
      report: { ...judged, ...blame, verdict: 'not-ready', message: `not ready: ${reasons[0]!.message}${more}` },
      path: null,
      written: [],
    }
  }

  /** Every package that is behind, by the registries of this machine. */
  private async behind(copy: ProjectCopy): Promise<Behind> {
    const { asked, definition } = this.options
    const found: Behind[] = []
    if (copy.npmFolder) found.push(await npmBehind(copy.npmFolder, copy.root, asked, this.bench.signal))
    else if (await dependsOnPackages(copy.projectDir))
      found.push({
        behind: [],
        names: [],
        notes: ['the project has no package-lock.json of its own, so nothing pins packages of npm'],
      })
    for (const lock of pythonLocks(definition)) {
      const path = resolve(copy.projectDir, lock)
      found.push(await this.bench.pip.behind(path, relative(copy.root, path), asked))
    }
    const all = {
      behind: found.flatMap(({ behind }) => behind),
      names: found.flatMap(({ names }) => names),
      notes: found.flatMap(({ notes }) => notes),
    }
    for (const name of asked.packages?.keys() ?? []) {
      if (all.names.some((each) => each.toLowerCase() === name.toLowerCase())) continue
      const note = all.notes.find((each) => each.startsWith(`${name} `))
      const meant = nearest(name, all.names)
      throw refused(
        note ?? `the project does not depend on "${name}" itself`,
        meant ? `Did you mean ${meant}?` : `It depends on ${all.names.join(', ') || 'nothing that a registry has'}.`,
      )
    }
    return all
  }

  /** The project as it is locked. What stops it is told: it is no fault of an upgrade. */
  private async before(copy: ProjectCopy): Promise<{ copy: ProjectCopy; side: Side | null; notes: string[] }> {
    this.options.onNote('as it is locked')
    const missing = (why: string) => ({
      copy,
      side: null,
      notes: [`there is nothing to compare with, since the project as it is locked does not stand: ${why}`],
    })
    try {
      await installCopy(copy, this.bench.signal)
      const side = await sideOf(this.bench, copy)
      this.open.add(side)
      const failed = side.report.checks.filter(({ outcome }) => outcome === 'failed').map(({ check }) => check)
      return { copy, side, notes: failed.length > 0 ? [`without the upgrade, ${failed.join(', ')} fail`] : [] }
    } catch (error) {
      this.bench.signal.throwIfAborted()
      if (error instanceof MillwrightError) return missing(error.message)
      throw error
    }
  }

  private async attempt(before: { copy: ProjectCopy; side: Side | null }, upgraded: Upgraded[]): Promise<Attempt> {
    const made = await attempt(this.bench, before, upgraded)
    this.open.add(made)
    return made
  }

  private async close(made: Attempt): Promise<void> {
    await made.close()
    this.open.delete(made)
  }

  /** Which of several are to blame, and what is ready without them. */
  private async blame(
    before: { copy: ProjectCopy; side: Side | null },
    all: Attempt,
  ): Promise<Pick<UpgradeReport, 'culprits' | 'readyWithout' | 'undecided'>> {
    if (all.upgraded.length < 2) return { culprits: [], readyWithout: [], undecided: [] }
    this.options.onNote('not ready together: looking for those to blame')
    const tried = new Map([[keyOf(all.upgraded), all.reasons]])
    const works = async (some: readonly Upgraded[]): Promise<boolean | null> => {
      try {
        const made = await this.attempt(before, [...some])
        tried.set(keyOf(some), made.reasons)
        await this.close(made)
        return made.reasons.length === 0
      } catch (error) {
        // What was found until then is worth telling; who interrupts wants nothing more.
        if (this.bench.signal.aborted && Date.now() >= this.bench.deadline) return null
        throw error
      }
    }
    const found: Blame<Upgraded> = await findCulprits(all.upgraded, works, mostTries)
    return {
      culprits: found.culprits.map((upgraded) => ({ upgraded, reasons: tried.get(keyOf(upgraded)) ?? [] })),
      readyWithout: found.works,
      undecided: found.undecided,
    }
  }

  private async ready(report: UpgradeReport, before: ProjectCopy, made: Attempt): Promise<UpgradeResult> {
    const { by, key, projectDir, out, write } = this.options
    const { branch } = await gitState(projectDir)
    const packed = await packChecked({
      projectDir: made.copy.projectDir,
      definition: made.definition!,
      report: made.side!.report,
      by,
      key,
      upgraded: made.upgraded,
      ...(branch ? { branch } : {}),
    })
    const path = resolve(out ?? `${report.project}-${packed.hash.slice(0, 12)}.zip`)
    await writeWhole(path, packed.bytes)
    const written = write ? await this.writeBack(before, made.copy) : []
    const names = made.upgraded.map(nameOf).join(', ')
    return {
      report: { ...report, verdict: 'ready', message: `ready: ${names}`, package: packed.hash },
      path,
      written,
    }
  }

  /** Takes the locks of the copy over into the project. @throws `conflict` when somebody has changed one meanwhile. */
  private async writeBack(before: ProjectCopy, after: ProjectCopy): Promise<string[]> {
    const root = after.original
    const names = [
      ...(after.npmFolder
        ? ['package.json', 'package-lock.json'].map((name) => relative(after.root, join(after.npmFolder!, name)))
        : []),
      ...pythonLocks(this.options.definition).map((lock) => relative(after.root, resolve(after.projectDir, lock))),
    ]
    const changed: { name: string; bytes: Buffer }[] = []
    for (const name of names) {
      const [was, is, there] = await Promise.all(
        [join(before.root, name), join(after.root, name), join(root, name)].map((path) => readFile(path)),
      )
      if (was!.equals(is!)) continue
      if (!was!.equals(there!))
        throw new MillwrightError('conflict', `${name} has changed since; nothing was written to the project`, {
          field: '--write',
          hint: 'Run it again.',
        })
      changed.push({ name, bytes: is! })
    }
    for (const { name, bytes } of changed) await writeWhole(join(root, name), bytes)
    return changed.map(({ name }) => name)
  }
}

async function dependsOnPackages(projectDir: string): Promise<boolean> {
  const text = await readFile(join(projectDir, 'package.json'), 'utf8').catch(() => '{}')
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Record<string, object>
  return Object.keys({ ...dependencies, ...devDependencies }).length > 0
}

const keyOf = (upgraded: readonly Upgraded[]): string => upgraded.map((each) => `${each.lock} ${nameOf(each)}`).join()
