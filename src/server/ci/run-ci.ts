import { fileURLToPath } from 'node:url'
import { hashOf } from '../../base/hash.ts'
import { type CiReport, ciChecks } from '../../contract/ci.ts'
import type { Definition } from '../../contract/definition.ts'
import { checkDefinitionRules } from '../../domain/delivery/checks/definition.ts'
import { checkTypes } from '../../domain/delivery/checks/types.ts'
import { type CheckVerdict, fault, skipped, verdictOf } from '../../domain/delivery/checks/verdict.ts'
import { gitState } from '../../domain/pipelines/run-source.ts'
import { isFromSource } from '../command-line.ts'
import { millwrightVersion } from '../version.ts'
import { openWorkbench } from '../workbench.ts'
import { CheckReports, type CheckReportsOptions } from './check-reports.ts'
import { CheckedProject } from './checked-project.ts'
import { Deadline } from './deadline.ts'
import type { RecordedGolden } from './golden-file.ts'
import { configFile } from './project-sources.ts'

export interface CiOptions extends CheckReportsOptions {
  /** Null when the project did not load; `loadFault` then says why. */
  definition: Definition | null
  loadFault: { message: string; field?: string | undefined; hint?: string | undefined } | null
  /** All data and gates that bind, instead of a sample. */
  full: boolean
  /** What is unused is an error. */
  strict: boolean
  /** Folder from which sources are found. */
  dataDir: string
  /** Requests that were recorded elsewhere, and where. */
  golden: RecordedGolden | null
  timeoutMs: number
  /** What gives a Millwright to work with; without it, one in processes of its own. */
  openWorkbench?: typeof openWorkbench
  /** What is there stays until this has ended. */
  hold?(held: HeldCi): Promise<void>
}

/** What was found, and where what was trained on the sample is still served; null when it never came to that. */
export interface HeldCi {
  report: CiReport
  server: string | null
  predictor: string | null
}

/** Runs the checks of a project, each once what it relies on has stood, in a Millwright of its own that is gone afterwards. */
export async function runCi(options: CiOptions): Promise<CiReport> {
  const begun = performance.now()
  const { definition, projectDir, full } = options
  const deadline = new Deadline(options.timeoutMs)
  const reports = new CheckReports(options, deadline)
  const project = definition
    ? new CheckedProject({ openWorkbench, ...options, definition }, reports, deadline.signal)
    : null
  try {
    await runChecks(options, reports, project, deadline.signal)
    const checks = reports.all()
    const { commit, branch, dirty } = await gitState(projectDir)
    const report: CiReport = {
      project: definition?.name ?? 'project',
      definitionHash: definition ? hashOf(definition) : null,
      commit,
      branch,
      dirty,
      millwright: millwrightVersion,
      full,
      outcome: checks.some((check) => check.outcome === 'failed') ? 'failed' : 'passed',
      checks,
      models: project?.models() ?? [],
      golden: project?.golden() ?? {},
      seconds: (performance.now() - begun) / 1000,
    }
    await options.hold?.({ report, server: null, predictor: null, ...(await project?.addresses()) })
    return report
  } finally {
    deadline.end()
    await project?.close()
  }
}

async function runChecks(
  options: CiOptions,
  reports: CheckReports,
  project: CheckedProject | null,
  signal: AbortSignal,
): Promise<void> {
  // The compiler works in a process of its own.
  const types = reports.of('types', () => typesOf(options.projectDir, signal))
  await reports.of('definition', async () => definitionRules(options))
  if (!project || reports.hasFailed('definition')) {
    const reason = project ? 'the definition does not hold together' : 'the project does not load'
    for (const check of ciChecks.slice(2)) await reports.of(check, async () => skipped(check, reason))
    return types
  }
  await reports.of('data', () => project.data())
  await Promise.all([
    reports.of('features', () => project.features()),
    reports.of('pipeline', () => project.pipelines()),
  ])
  await Promise.all([reports.of('training', () => project.training()), reports.of('serving', () => project.serving())])
  await reports.of('model', () => project.model())
  // Nothing else may be at work while times are measured.
  await types
  await reports.of('load', () => project.load())
}

const typesOf = (projectDir: string, signal: AbortSignal): Promise<CheckVerdict> =>
  checkTypes({
    projectDir,
    ownSources: isFromSource ? fileURLToPath(new URL('../../', import.meta.url)) : null,
    fallback: fileURLToPath(import.meta.url),
    signal,
  })

function definitionRules({ definition, loadFault, strict }: CiOptions): CheckVerdict {
  if (definition) return checkDefinitionRules(definition, { strict })
  const { message, field, hint } = loadFault ?? { message: 'the project does not load' }
  return verdictOf('definition', '', [fault(field ?? configFile, message, hint ?? `Mend ${configFile}.`)])
}
