import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import type { Upgraded } from '../../contract/package.ts'
import type { ExecutedStep } from '../../contract/reproduction.ts'
import { isStepDone } from '../../contract/states.ts'
import type { UpgradeReason, UpgradeReport } from '../../contract/upgrade.ts'
import { diffLockfiles } from '../../domain/delivery/diff-packages.ts'
import { executedSteps, noOrigins } from '../../domain/delivery/executed-steps.ts'
import { compareReports } from '../../domain/delivery/reports/comparison.ts'
import { isSteady } from '../../domain/delivery/step-comparison.ts'
import { judgeUpgrade, levelOf, nameOf } from '../../domain/delivery/upgrade-verdict.ts'
import { changesBetween } from '../../domain/lifecycle/plan-changes.ts'
import { createClient } from '../../sdk/client.ts'
import { loadDefinition } from '../package-project.ts'
import { millwrightVersion } from '../version.ts'
import { applyUpgrades, copyProject, installCopy, type ProjectCopy } from './project-copy.ts'
import type { Pip } from './python-locks.ts'
import { compareServed } from './served-comparison.ts'
import { openSide, type Side } from './side.ts'

/** What every attempt has in common. */
export interface Bench {
  projectDir: string
  /** As it is without upgrades. */
  definition: Definition
  dataDir: string
  full: boolean
  /** Where attempts have their folders. */
  folder: string
  pip: Pip
  signal: AbortSignal
  /** UTC milliseconds. */
  deadline: number
  onNote(text: string): void
}

type Parts = Pick<UpgradeReport, 'checks' | 'models' | 'answers' | 'load' | 'memoryMb' | 'movedAlong' | 'notes'>

/** Upgrades that were tried in a copy, and what came of it. */
export interface Attempt extends Parts {
  upgraded: Upgraded[]
  reasons: UpgradeReason[]
  copy: ProjectCopy
  /** As the upgraded project states it; null where it does not load. */
  definition: Definition | null
  /** Null where nothing could be installed or the checks came to no end. */
  side: Side | null
  /** Ends its processes and removes its copy. */
  close(): Promise<void>
}

const empty: Parts = { checks: [], models: [], answers: [], load: [], memoryMb: null, movedAlong: [], notes: [] }

/** A copy of the project in a folder of its own. */
export async function copyInto(bench: Bench, name: string): Promise<ProjectCopy> {
  const around = join(bench.folder, name)
  await mkdir(around)
  return copyProject(bench.projectDir, join(around, 'project'))
}

/** Runs the checks of a copy that is installed. @throws `unavailable` */
export const sideOf = (bench: Bench, copy: ProjectCopy): Promise<Side> =>
  openSide({
    copy,
    dataDir: bench.dataDir,
    full: bench.full,
    signal: bench.signal,
    timeoutMs: Math.max(1000, bench.deadline - Date.now()),
    onLine: bench.onNote,
  })

let attempts = 0

/**
 * Tries upgrades in a copy beside the project as it is.
 *
 * @param before the project as it is; null where that could not be installed.
 */
export async function attempt(
  bench: Bench,
  before: { copy: ProjectCopy; side: Side | null },
  upgraded: Upgraded[],
): Promise<Attempt> {
  bench.onNote(`with ${upgraded.map(nameOf).join(', ')}`)
  attempts += 1
  const name = `try-${attempts}`
  const copy = await copyInto(bench, name)
  let side: Side | null = null
  const close = async (): Promise<void> => {
    await side?.close()
    await rm(join(bench.folder, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const refused = (kind: UpgradeReason['kind'], what: string, message: string): Attempt => ({
    ...empty,
    upgraded,
    reasons: [{ kind, what, message }],
    copy,
    definition: null,
    side,
    close,
  })
  try {
    await applyUpgrades(copy, upgraded, bench.pip, bench.signal)
    await installCopy(copy, bench.signal)
  } catch (error) {
    bench.signal.throwIfAborted()
    if (!(error instanceof MillwrightError)) throw error
    const names = upgraded.map(nameOf).join(', ')
    return refused(
      'install',
      upgraded.map((each) => each.name).join(', '),
      `${names} cannot be installed: ${error.message}`,
    )
  }
  try {
    side = await sideOf(bench, copy)
  } catch (error) {
    bench.signal.throwIfAborted()
    if (!(error instanceof MillwrightError)) throw error
    return refused('check', 'ci', error.message)
  }
  try {
    return { ...(await compared(bench, before, { copy, side, upgraded })), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What speaks against the upgrades, now that both went through their checks. */
async function compared(
  bench: Bench,
  before: { copy: ProjectCopy; side: Side | null },
  { copy, side, upgraded }: { copy: ProjectCopy; side: Side; upgraded: Upgraded[] },
): Promise<Omit<Attempt, 'close'>> {
  const definition = side.report.definitionHash === null ? null : await loadDefinition(copy.projectDir)
  const found = await evidenceOf(bench, before.side, side, definition)
  const reasons = [...found.reasons]
  if (definition && hashOf(definition) !== side.report.definitionHash)
    reasons.push({
      kind: 'check',
      what: 'definition',
      message: `Millwright ${side.report.millwright} states the definition in a way that this one (${millwrightVersion}) does not read alike; make the package with its own \`millwright ci\``,
    })
  const notes = [...found.notes, ...(definition ? definitionNotes(bench.definition, definition) : [])]
  if (before.side) notes.push(...(await stepNotes(before.side, side, bench.definition)))
  const movedAlong = await movedWith(before.copy, copy, upgraded)
  return { ...found, reasons, notes, movedAlong, upgraded, copy, definition, side }
}

async function evidenceOf(bench: Bench, before: Side | null, side: Side, definition: Definition | null) {
  const tasks = new Map(bench.definition.models.map(({ name, task }) => [name, task]))
  const served =
    before && definition
      ? await compareServed(before, side, definition, bench)
      : { answers: [], load: [], memoryMb: null, overBudget: [] }
  return judgeUpgrade({
    ...served,
    before: before?.report ?? null,
    after: side.report,
    comparison: before ? compareReports(before.report, side.report, 'the lock', tasks, levelOf) : null,
  })
}

/** Packages that moved though nobody asked for it. */
async function movedWith(
  before: ProjectCopy,
  after: ProjectCopy,
  upgraded: readonly Upgraded[],
): Promise<UpgradeReport['movedAlong']> {
  const lockOf = ({ npmFolder }: ProjectCopy): Promise<Uint8Array | undefined> =>
    npmFolder ? readFile(join(npmFolder, 'package-lock.json')) : Promise.resolve(undefined)
  const asked = new Set(upgraded.map(({ name }) => name))
  return diffLockfiles(await lockOf(before), await lockOf(after)).filter(({ name }) => !asked.has(name))
}

const shownChanges = 5

function definitionNotes(before: Definition, after: Definition): string[] {
  const changes = changesBetween(before, after).flatMap(({ action, what, differences }) =>
    differences.length === 0
      ? [`${action} ${what}`]
      : differences.map(({ path, from, to }) => `${what} ${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`),
  )
  if (changes.length === 0) return []
  const more = changes.length > shownChanges ? `, and ${changes.length - shownChanges} more` : ''
  return [`the definition is another: ${changes.slice(0, shownChanges).join('; ')}${more}`]
}

/** What the project's own steps made otherwise. Those of Millwright are compared by what their models answer. */
async function stepNotes(before: Side, after: Side, definition: Definition): Promise<string[]> {
  if (before.server === null || after.server === null) return []
  const [old, now] = [await stepsAt(before.server), await stepsAt(after.server)]
  const notes: string[] = []
  for (const { name, steps } of definition.pipelines) {
    for (const { name: step, run } of steps) {
      const [was, is] = [old, now].map((of) => of.get(name)?.find((each) => each.step === step))
      if (run.kind === 'stage' || !was || !is || !isStepDone(is.state)) continue
      if (!isSteady(was, is, true)) notes.push(`step "${step}" of ${name} makes something else than before`)
    }
  }
  return notes
}

/** Pipeline → steps of its newest run. */
async function stepsAt(server: string): Promise<Map<string, ExecutedStep[]>> {
  const client = createClient(server)
  const { runs } = await client.runs({ query: {} })
  const found = new Map<string, ExecutedStep[]>()
  for (const { id, pipeline } of runs)
    if (!found.has(pipeline)) {
      const { steps } = await client.run({ params: { run: id } })
      // It ran on a bench of its own, where nothing was there to be reused.
      found.set(pipeline, await executedSteps(steps, noOrigins))
    }
  return found
}
