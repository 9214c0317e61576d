import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { CiReport } from '../../contract/ci.ts'
import { type Comparison, compareReports } from '../../domain/delivery/reports/comparison.ts'
import { junitXml } from '../../domain/delivery/reports/junit.ts'
import { markdown } from '../../domain/delivery/reports/markdown.ts'
import { sarif } from '../../domain/delivery/reports/sarif.ts'
import { branchReport, repositoryOf } from './branch-report.ts'
import { packChecked, writeWhole } from './checked-package.ts'
import { type CiOptions, runCi } from './run-ci.ts'

export interface ContinuousIntegrationOptions extends Omit<CiOptions, 'golden'> {
  /** The branch that the changes go to. */
  against: string | null
  /** Where the package is written when every check passed; null writes none. */
  packageDir: string | null
  key: { name: string; privateKey: string } | null
  /** Who packs, as events name it. */
  by: string
  branch?: string
  onNote(text: string): void
}

export interface ContinuousIntegrationResult {
  report: CiReport
  comparison: Comparison | null
  package: { path: string; hash: string } | null
  junit(): string
  sarif(): string
  markdown(): string
}

/** Continuous integration of a project: its checks, what changes against the branch that it goes to, and its package when all is well. */
export async function continuousIntegration(
  options: ContinuousIntegrationOptions,
): Promise<ContinuousIntegrationResult> {
  const { projectDir, definition, against } = options
  const repository = await repositoryOf(projectDir)
  const base = against === null ? null : await branchReport({ ...options, against })
  const golden = base ? { from: `branch ${against}`, file: null, requests: base.golden } : null
  const report = await runCi({ ...options, golden })
  const tasks = new Map((definition?.models ?? []).map(({ name, task }) => [name, task]))
  const comparison = base && against ? compareReports(base, report, against, tasks) : null
  const packed = report.outcome === 'passed' && definition ? await writePackage(options, report) : null
  return {
    report,
    comparison,
    package: packed,
    junit: () => junitXml(report),
    sarif: () => `${JSON.stringify(sarif(report, repository ? relative(repository, projectDir) : ''), null, 1)}\n`,
    markdown: () => markdown(report, comparison, packed?.hash ?? null),
  }
}

async function writePackage(
  { projectDir, definition, packageDir, key, by, branch, only }: ContinuousIntegrationOptions,
  report: CiReport,
): Promise<{ path: string; hash: string } | null> {
  // A package says that everything was looked at.
  if (packageDir === null || !definition || only) return null
  const packed = await packChecked({ projectDir, definition, by, key, report, ...(branch ? { branch } : {}) })
  await mkdir(packageDir, { recursive: true })
  const path = join(packageDir, `${definition.name}-${packed.hash.slice(0, 12)}.zip`)
  await writeWhole(path, packed.bytes)
  return { path, hash: packed.hash }
}
