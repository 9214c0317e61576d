import { MillwrightError, messageOf } from '../../base/errors.ts'
import { type CheckReport, type CiCheck, ciChecks } from '../../contract/ci.ts'
import { type CheckVerdict, fault, verdictOf } from '../../domain/delivery/checks/verdict.ts'
import { located, type SourceText } from '../../domain/delivery/locate.ts'
import type { Deadline } from './deadline.ts'
import { configFile, projectSources } from './project-sources.ts'

export interface CheckReportsOptions {
  projectDir: string
  /** Null for all. */
  only: readonly CiCheck[] | null
  onProgress(check: CiCheck, report: CheckReport | null): void
}

/** What checks have said so far. */
export class CheckReports {
  private readonly reports = new Map<CiCheck, CheckReport>()
  private sources: Promise<SourceText[]> | null = null

  constructor(
    private readonly options: CheckReportsOptions,
    private readonly deadline: Deadline,
  ) {}

  /** Does the work of a check that was asked for, and keeps what it says. Work that throws is a check that failed. */
  async of(check: CiCheck, work: () => Promise<CheckVerdict>): Promise<void> {
    const { only, onProgress } = this.options
    if (only && !only.includes(check)) return
    onProgress(check, null)
    const begun = performance.now()
    let verdict: CheckVerdict
    try {
      verdict = await this.deadline.within(work())
    } catch (error) {
      const { field, hint } = error instanceof MillwrightError ? error : ({} as Partial<MillwrightError>)
      verdict = verdictOf(check, '', [
        fault(field ?? configFile, messageOf(error), hint ?? 'Look at the message; run it again alone with `--only`.'),
      ])
    }
    if (verdict.findings.length > 0) this.sources ??= projectSources(this.options.projectDir)
    const sources = (await this.sources) ?? []
    const findings = verdict.findings.map((finding) => located(finding, sources))
    const report = { ...verdict, findings, seconds: (performance.now() - begun) / 1000 }
    this.reports.set(check, report)
    onProgress(check, report)
  }

  has(check: CiCheck): boolean {
    return this.reports.has(check)
  }

  hasFailed(check: CiCheck): boolean {
    return this.reports.get(check)?.outcome === 'failed'
  }

  /** In the order in which people read them. */
  all(): CheckReport[] {
    return ciChecks.flatMap((check) => this.reports.get(check) ?? [])
  }
}
