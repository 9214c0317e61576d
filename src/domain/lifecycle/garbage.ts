import { rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { day } from '../../base/clock.ts'
import { isRunOver } from '../../contract/states.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { PredictionStore } from '../monitoring/prediction-store.ts'
import { removeVersions } from '../registry/enter-version.ts'
import { type GarbageRequest, isNamed, rootOfItem, type TrackingGarbage } from '../tracking/tracking-garbage.ts'
import { namedBlobs } from './named-blobs.ts'
import type { Projects } from './project.ts'

export interface GarbageReport {
  dryRun: boolean
  blobs: { count: number; bytes: number }
  runs: { count: number }
  /** Of scripts: what was deleted long enough ago, or is named. */
  tracked: {
    runs: number
    models: number
    experiments: number
    points: number
    files: number
    /** Of files, whether others have the same or not; a collection that is done says it of its blobs. */
    bytes: number
    /** False where it takes longer than a request may: it goes on by itself. */
    isDone: boolean
  }
  predictions: { files: number; bytes: number }
  items: { kind: string; name: string; bytes: number; why: string }[]
}

/** A blob that was written just now may belong to work whose record is not there yet. */
const graceMs = 60 * 60 * 1000
const mostItems = 1000
/** So long after it was last heard of, an upload in parts that was not completed is abandoned, by the clock of the machine. */
const uploadsMs = day
/** Without a project nothing is past its time but what scripts deleted. */
const forever = { runsDays: Infinity, modelsDays: Infinity, predictionsDays: Infinity }
/** A request is answered after that, whatever is still being removed. */
const longestSweepMs = 120_000
/** So long may a request be sent again under its key, by the clock of the machine. */
const keysMs = 30 * day

/**
 * Removes what scripts deleted long enough ago and what is past the retention of the definition, and then every blob that nothing refers to. Runs that made a
 * version or that still run stay; so does everything that a version, a dataset or a kept run names. Where runs, models or experiments of scripts are named, these
 * go alone.
 *
 * @throws `not-found`, `conflict` for what is named and not there, or not deleted
 */
export async function collectGarbage(
  {
    metadata,
    blobs,
    clock,
    projects,
    predictions,
    tracking,
    served,
  }: {
    metadata: Metadata
    blobs: Blobs
    clock: Clock
    projects: Projects
    predictions: PredictionStore
    tracking: TrackingGarbage
    /** Blobs that prediction services may still ask for by the plan in force. */
    served: readonly string[]
  },
  { dryRun, deleted, actor }: { dryRun: boolean; deleted: GarbageRequest; actor: string },
): Promise<GarbageReport> {
  const retention = projects.current?.definition.retention ?? forever
  const now = clock.now()
  const report: GarbageReport = {
    dryRun,
    blobs: { count: 0, bytes: 0 },
    runs: { count: 0 },
    tracked: { runs: 0, models: 0, experiments: 0, points: 0, files: 0, bytes: 0, isDone: true },
    predictions: { files: 0, bytes: 0 },
    items: [],
  }
  const note = (item: GarbageReport['items'][number]): void => {
    if (report.items.length < mostItems) report.items.push(item)
  }

  const leavingRoots = await collectTracked(tracking, { dryRun, deleted, actor }, report, note)
  if (isNamed(deleted))
    return removeBlobs({ metadata, blobs, gone: new Set(leavingRoots), used: new Set(served) }, report, note, actor)

  const versions = await metadata.find('model_version')
  const named = new Set([
    ...(await metadata.find('alias')).map((alias) => alias.version),
    ...(await metadata.find('endpoint')).flatMap((endpoint) => [endpoint.serving, endpoint.frozen]),
    ...(await metadata.find('deployment'))
      .filter((deployment) => deployment.state === 'serving' || deployment.state === 'rolling')
      .flatMap((deployment) => [deployment.version, deployment.previous]),
  ])
  const oldVersions = versions.filter(
    // What a client registered it takes out itself: its scripts expect to find it.
    (version) => !version.source && !named.has(version.id) && version.time < now - retention.modelsDays * day,
  )
  const runsOfVersions = new Set(
    versions.filter((version) => !oldVersions.includes(version)).map((version) => version.runId),
  )
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

  const oldUploads = await metadata.find('artifact_upload', { where: { heardAt: { below: Date.now() - uploadsMs } } })
  const leaving = new Set([
    ...leavingRoots,
    ...gone,
    ...[...oldVersions, ...oldPackages, ...oldUploads].map(({ id }) => id),
  ])

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
  const oldKeys = (await metadata.find('keyed_request')).filter(({ at }) => at < Date.now() - keysMs)
  if (oldKeys.length > 0)
    note({
      kind: 'keys of requests',
      name: String(oldKeys.length),
      bytes: 0,
      why: 'nobody repeats a request for so long',
    })
  for (const { id, root, path, state } of oldUploads)
    if (state === 'open')
      note({ kind: 'upload', name: id, bytes: 0, why: `of ${root}/${path}, and nothing was heard of it for a day` })
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
      await removeVersions(writer, oldVersions)
      for (const each of oldPackages) await writer.remove('package', each.id)
      for (const { id } of oldKeys) await writer.remove('keyed_request', id)
      for (const { id } of oldUploads) {
        for (const part of await writer.find('artifact_part', { where: { upload: id } }))
          await writer.remove('artifact_part', part.id)
        await writer.remove('artifact_upload', id)
      }
      for (const run of oldRuns) {
        for (const step of await writer.find('step', { where: { runId: run.id } })) await writer.remove('step', step.id)
        await writer.remove('run', run.id)
      }
    })
  }
  return removeBlobs({ metadata, blobs, gone: leaving, used: new Set(served) }, report, note, actor)
}

type Note = (item: GarbageReport['items'][number]) => void

/** What scripts deleted. @returns where the files are of what would go, in a dry run */
async function collectTracked(
  tracking: TrackingGarbage,
  { dryRun, deleted, actor }: { dryRun: boolean; deleted: GarbageRequest; actor: string },
  { tracked }: GarbageReport,
  note: Note,
): Promise<Set<string>> {
  const roots = new Set<string>()
  if (!dryRun) {
    const marked = await tracking.mark(deleted, actor)
    const swept = await Promise.race([
      tracking.sweep(),
      new Promise<null>((resolve) => setTimeout(resolve, longestSweepMs, null)),
    ])
    const { points, files } = swept ?? { points: 0, files: 0 }
    const { run: runs, model: models, experiment: experiments } = swept ?? marked
    Object.assign(tracked, { runs, models, experiments, points, files, isDone: swept !== null })
    return roots
  }
  for await (const item of tracking.find(deleted)) {
    const { kind, points, files, bytes, deletedAt } = item
    tracked[`${kind}s`] += 1
    tracked.points += points
    tracked.files += files
    tracked.bytes += bytes
    if (kind !== 'experiment') roots.add(rootOfItem(kind, item))
    const when =
      deletedAt === null
        ? 'its experiment is deleted'
        : `deleted ${new Date(deletedAt).toISOString().slice(0, 16).replace('T', ' ')}`
    const has = [points > 0 ? `${points} points` : '', files > 0 ? `${files} files` : ''].filter((part) => part !== '')
    note({
      kind: kind === 'run' ? 'tracked run' : kind === 'model' ? 'logged model' : 'experiment',
      name: `${item.id} ${item.name}`,
      bytes,
      why: [when, ...has].join(', '),
    })
  }
  return roots
}

/** Blobs that nothing names any more, and the event of the collection. */
async function removeBlobs(
  { metadata, blobs, gone, used }: { metadata: Metadata; blobs: Blobs; gone: ReadonlySet<string>; used: Set<string> },
  report: GarbageReport,
  note: Note,
  actor: string,
): Promise<GarbageReport> {
  const { dryRun } = report
  for await (const { hash } of namedBlobs(metadata, gone)) used.add(hash)
  for (const step of await metadata.find('step'))
    if (!gone.has(step.runId)) hashesIn([step.output, step.elements], used)
  for await (const blob of blobs.list()) {
    if (used.has(blob.hash) || blob.writtenAt > Date.now() - graceMs) continue
    report.blobs.count += 1
    report.blobs.bytes += blob.size
    note({ kind: 'blob', name: blob.hash, bytes: blob.size, why: 'nothing refers to it' })
    if (!dryRun) await blobs.remove(blob.hash)
  }
  const swept = await blobs.sweep(Date.now() - graceMs, { dryRun })
  if (swept.count > 0) {
    report.blobs.count += swept.count
    report.blobs.bytes += swept.bytes
    note({ kind: 'half-written bytes', name: String(swept.count), bytes: swept.bytes, why: 'whoever wrote them died' })
  }
  if (!dryRun) {
    await metadata.transaction((writer) =>
      writer.emit({
        type: 'gc.finished',
        subject: 'project:storage',
        actor,
        message: `Removed ${report.blobs.count} blobs (${(report.blobs.bytes / 1e6).toFixed(1)} MB), ${report.runs.count} runs and ${report.predictions.files} prediction segments`,
        data: { blobs: report.blobs, runs: report.runs, tracked: report.tracked, predictions: report.predictions },
      }),
    )
  }
  return report
}

const looksLikeHash = /^[0-9a-f]{64}$/

/** Every hash in a value, wherever it stands: an output of a step may name artifacts in its own way. */
function hashesIn(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    if (looksLikeHash.test(value)) into.add(value)
  } else if (Array.isArray(value)) for (const each of value) hashesIn(each, into)
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) hashesIn(each, into)
}
