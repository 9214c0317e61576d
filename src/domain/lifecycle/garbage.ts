import { rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { day } from '../../base/clock.ts'
import { isRunOver } from '../../contract/states.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { PredictionStore } from '../monitoring/prediction-store.ts'
import type { Projects } from './project.ts'

export interface GarbageReport {
  dryRun: boolean
  blobs: { count: number; bytes: number }
  runs: { count: number }
  predictions: { files: number; bytes: number }
  items: { kind: string; name: string; bytes: number; why: string }[]
}

/** A blob that was written just now may belong to work whose record is not there yet. */
const graceMs = 60 * 60 * 1000
const mostItems = 1000

/**
 * Removes what is past the retention of the definition, and then every blob that nothing refers to. Runs that made a version or that still run
 * stay; so does everything that a version, a dataset or a kept run names.
 */
export async function collectGarbage(
  {
    metadata,
    blobs,
    clock,
    projects,
    predictions,
    served,
  }: {
    metadata: Metadata
    blobs: Blobs
    clock: Clock
    projects: Projects
    predictions: PredictionStore
    /** Blobs that prediction services may still ask for by the plan in force. */
    served: readonly string[]
  },
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<GarbageReport> {
  const { retention } = projects.definition
  const now = clock.now()
  const report: GarbageReport = {
    dryRun,
    blobs: { count: 0, bytes: 0 },
    runs: { count: 0 },
    predictions: { files: 0, bytes: 0 },
    items: [],
  }
  const note = (item: GarbageReport['items'][number]): void => {
    if (report.items.length < mostItems) report.items.push(item)
  }

  const versions = await metadata.find('model_version')
  const named = new Set([
    ...(await metadata.find('alias')).map((alias) => alias.version),
    ...(await metadata.find('endpoint')).flatMap((endpoint) => [endpoint.serving, endpoint.frozen]),
    ...(await metadata.find('deployment'))
      .filter((deployment) => deployment.state === 'serving' || deployment.state === 'rolling')
      .flatMap((deployment) => [deployment.version, deployment.previous]),
  ])
  const oldVersions = versions.filter(
    (version) => !named.has(version.id) && version.time < now - retention.modelsDays * day,
  )
  const keptVersions = versions.filter((version) => !oldVersions.includes(version))
  const runsOfVersions = new Set(keptVersions.map((version) => version.runId))
  const oldRuns = (await metadata.find('run')).filter(
    (run) => isRunOver(run.state) && !runsOfVersions.has(run.id) && run.time < now - retention.runsDays * day,
  )
  const gone = new Set(oldRuns.map((run) => run.id))

  // Snapshots of a project's code are kept for the runs and definitions that name them; what was brought here stays.
  const namedPackages = new Set([
    ...(await metadata.find('definition')).map((definition) => definition.packageHash),
    ...(await metadata.find('run')).filter((run) => !gone.has(run.id)).map((run) => run.packageHash),
  ])
  const packages = await metadata.find('package')
  const oldPackages = packages.filter((each) => each.origin === 'snapshot' && !namedPackages.has(each.id))

  const used = new Set<string | null>(served)
  for (const each of packages) if (!oldPackages.includes(each)) used.add(each.blob)
  for (const endpoint of await metadata.find('endpoint'))
    for (const hash of Object.values(endpoint.references ?? {})) used.add(hash)
  for (const batch of await metadata.find('batch')) used.add(batch.contentHash)
  for (const version of keptVersions)
    for (const hash of [
      version.modelHash,
      version.onnxHash,
      version.referenceHash,
      version.goldenHash,
      version.cardHash,
    ])
      used.add(hash)
  for (const run of await metadata.find('run')) if (!gone.has(run.id)) used.add(run.pipelineHash)
  for (const step of await metadata.find('step'))
    if (!gone.has(step.runId)) hashesIn([step.output, step.artifacts, step.elements], used)

  for (const version of oldVersions)
    note({
      kind: 'model version',
      name: version.id,
      bytes: 0,
      why: `older than ${retention.modelsDays} days, and nothing serves or names it`,
    })
  for (const run of oldRuns) note({ kind: 'run', name: run.id, bytes: 0, why: `older than ${retention.runsDays} days` })
  for (const { id, bytes } of oldPackages)
    note({ kind: 'snapshot', name: id, bytes, why: 'no run that is kept ran its code' })
  report.runs.count = oldRuns.length
  for (const path of await predictions.segments(0, now - retention.predictionsDays * day)) {
    const { size } = await stat(path)
    report.predictions.files += 1
    report.predictions.bytes += size
    note({
      kind: 'predictions',
      name: basename(path),
      bytes: size,
      why: `older than ${retention.predictionsDays} days`,
    })
    if (!dryRun) await rm(path, { force: true })
  }
  // Records first: a crash in between leaves blobs without a name, never names without a blob.
  if (!dryRun) {
    await metadata.transaction(async (writer) => {
      for (const version of oldVersions) await writer.remove('model_version', version.id)
      for (const each of oldPackages) await writer.remove('package', each.id)
      for (const run of oldRuns) {
        for (const step of await writer.find('step', { where: { runId: run.id } })) await writer.remove('step', step.id)
        await writer.remove('run', run.id)
      }
    })
  }
  for await (const blob of blobs.list()) {
    if (used.has(blob.hash) || blob.writtenAt > Date.now() - graceMs) continue
    report.blobs.count += 1
    report.blobs.bytes += blob.size
    note({ kind: 'blob', name: blob.hash, bytes: blob.size, why: 'nothing refers to it' })
    if (!dryRun) await blobs.remove(blob.hash)
  }
  if (!dryRun) {
    await metadata.transaction((writer) =>
      writer.emit({
        type: 'gc.finished',
        subject: 'project:storage',
        actor,
        message: `Removed ${report.blobs.count} blobs (${(report.blobs.bytes / 1e6).toFixed(1)} MB), ${report.runs.count} runs and ${report.predictions.files} prediction segments`,
        data: { blobs: report.blobs, runs: report.runs, predictions: report.predictions },
      }),
    )
  }
  return report
}

const looksLikeHash = /^[0-9a-f]{64}$/

/** Every hash in a value, wherever it stands: an output of a step may name artifacts in its own way. */
function hashesIn(value: unknown, into: Set<string | null>): void {
  if (typeof value === 'string') {
    if (looksLikeHash.test(value)) into.add(value)
  } else if (Array.isArray(value)) for (const each of value) hashesIn(each, into)
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) hashesIn(each, into)
}
