import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import type { Anomaly, BatchRecord, ColumnSummary, DatasetRecord, DatasetVersionRecord } from '../../contract/data.ts'
import type { BatchState } from '../../contract/states.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import type { DataServices } from './data-services.ts'
import type { DatasetPlan } from './dataset-plan.ts'
import { batchesWithin, mayRepeat, type TimeSpan } from './repeated-keys.ts'
import { learnReference } from './schema-inference.ts'

/** A batch whose rows are stored and judged, and that awaits its place among the versions. */
export interface JudgedBatch {
  plan: DatasetPlan
  origin: string
  originHash: string
  contentHash: string
  rows: number
  bytes: number
  from: number | null
  to: number | null
  anomalies: Anomaly[]
  summaries: ColumnSummary[]
  actor: string
  /** The version of the dataset by which it was judged, and the times of what came, rows that were known already included; null without keys or times. */
  judgedAt: number
  span: TimeSpan | null
}

/** Refused before quarantined before accepted: three outcomes, never one. */
export function outcomeOf(anomalies: readonly Anomaly[]): BatchState {
  if (anomalies.some((anomaly) => anomaly.severity === 'stop')) return 'refused'
  if (anomalies.some((anomaly) => anomaly.severity === 'quarantine')) return 'quarantined'
  return 'accepted'
}

/** The batch that came from the same place with the same content before, whatever became of it. */
export async function sameOrigin(
  reader: Pick<RecordWriter, 'find'>,
  dataset: string,
  origin: string,
  originHash: string,
): Promise<BatchRecord | undefined> {
  const candidates = await reader.find('batch', { where: { dataset, originHash } })
  return candidates.find((batch) => batch.origin === origin)
}

/**
 * Makes the batch part of a new version, or sets it aside, with its event, in one transaction.
 *
 * @returns the batch as recorded, and whether it was there already: then nothing changed. Null when another batch came first that may hold the same keys:
 *   then it must be judged anew.
 */
export async function commitBatch(
  { metadata, clock }: Pick<DataServices, 'metadata' | 'clock'>,
  judged: JudgedBatch,
): Promise<{ batch: BatchRecord; isNew: boolean } | null> {
  const dataset = judged.plan.dataset.name
  const state = outcomeOf(judged.anomalies)
  const stamp = { time: clock.now(), recordedAt: Date.now() }
  return metadata.transaction(async (writer) => {
    const before = await sameOrigin(writer, dataset, judged.origin, judged.originHash)
    if (before !== undefined) return { batch: before, isNew: false }
    const { plan, actor, judgedAt, span, ...facts } = judged
    if (span !== null && mayRepeat(plan) && (await batchesWithin(writer, dataset, span, judgedAt)).length > 0)
      return null
    const batch: BatchRecord = {
      ...facts,
      ...stamp,
      id: newId('batch'),
      dataset,
      state,
      addedIn: null,
      removedIn: null,
    }
    if (state === 'accepted') {
      batch.addedIn = (await commitVersion(writer, batch, judged)).number
      await tellShifts(writer, batch, actor)
    } else await tellSetAside(writer, batch, actor)
    await writer.insert('batch', batch)
    return { batch, isNew: true }
  })
}

async function commitVersion(
  writer: RecordWriter,
  batch: BatchRecord,
  judged: JudgedBatch,
): Promise<DatasetVersionRecord> {
  const { plan, actor } = judged
  const { dataset } = batch
  const known: DatasetRecord = (await writer.get('dataset', dataset)) ?? { id: dataset, version: 0, inferred: [] }
  const previous = known.version === 0 ? undefined : await writer.get('dataset_version', `${dataset}@${known.version}`)
  if (known.version > 0 && previous === undefined) {
    throw new MillwrightError('internal', `version ${known.version} of dataset "${dataset}" has no record`)
  }
  const number = known.version + 1
  // Reference data has no time by which a later list would add to an earlier one: it takes its place.
  const replaced = plan.time === null ? await writer.find('batch', { where: { dataset, state: 'accepted' } }) : []
  const removed = replaced.filter((each) => each.removedIn === null)
  for (const each of removed) await writer.update('batch', each.id, { removedIn: number })
  const carried = plan.time === null ? undefined : previous
  const version: DatasetVersionRecord = {
    id: `${dataset}@${number}`,
    dataset,
    number,
    hash: hashOf({
      previous: previous?.hash ?? null,
      schema: plan.schemaHash,
      added: [batch.contentHash],
      removed: removed.map((each) => each.contentHash),
    }),
    schemaHash: plan.schemaHash,
    added: [batch.id],
    removed: removed.map((each) => each.id),
    rows: (carried?.rows ?? 0) + batch.rows,
    from: leastKnown(Math.min, carried?.from, batch.from),
    to: leastKnown(Math.max, carried?.to, batch.to),
    time: batch.time,
    recordedAt: batch.recordedAt,
    reason: batch.origin,
  }
  await writer.insert('dataset_version', version)
  const inferred =
    batch.rows === 0 ? known.inferred : learnReference(plan.dataset, known.inferred, known.version, batch.summaries)
  await writer.put('dataset', { ...known, version: number, inferred })
  await writer.emit({
    type: 'dataset.version-committed',
    subject: `dataset:${dataset}`,
    actor,
    level: 'good',
    message: `${version.id}: ${batch.rows.toLocaleString('en-US')} rows from ${batch.origin}${knownRows(batch)}`,
    data: {
      version: version.id,
      batch: batch.id,
      rows: batch.rows,
      total: version.rows,
      from: batch.from,
      to: batch.to,
    },
  })
  return version
}

function knownRows({ anomalies }: BatchRecord): string {
  const known = anomalies.find((anomaly) => anomaly.kind === 'known-rows')
  return known === undefined ? '' : `, ${known.failing.toLocaleString('en-US')} more were there already`
}

async function tellShifts(writer: RecordWriter, batch: BatchRecord, actor: string): Promise<void> {
  const moved = batch.anomalies.filter((anomaly) => anomaly.kind === 'shift')
  if (moved.length === 0) return
  await writer.emit({
    type: 'dataset.value-skew',
    subject: `dataset:${batch.dataset}`,
    actor,
    level: 'warning',
    message: `${batch.origin}: ${moved.map((anomaly) => anomaly.message).join('; ')}`,
    data: { batch: batch.id, columns: moved.map((anomaly) => anomaly.column) },
  })
}

async function tellSetAside(writer: RecordWriter, batch: BatchRecord, actor: string): Promise<void> {
  const severity = batch.state === 'refused' ? 'stop' : 'quarantine'
  const reasons = batch.anomalies.filter((anomaly) => anomaly.severity === severity)
  await writer.emit({
    type: batch.state === 'refused' ? 'dataset.batch-refused' : 'dataset.batch-quarantined',
    subject: `dataset:${batch.dataset}`,
    actor,
    level: 'bad',
    message: `${batch.origin} ${batch.state}: ${reasons[0]?.message ?? ''}${reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : ''}`,
    data: {
      batch: batch.id,
      rows: batch.rows,
      reasons: reasons.map(({ kind, column, message }) => ({ kind, column, message })),
    },
  })
}

function leastKnown(choose: (a: number, b: number) => number, a: number | null | undefined, b: number | null) {
  if (a === null || a === undefined || b === null) return a ?? b
  return choose(a, b)
}
