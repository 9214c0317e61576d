import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import type { BatchRecord, DatasetVersionRecord } from '../../contract/data.ts'
import type { RecordReader, RecordWriter } from '../../ports/metadata.ts'
import type { DataServices } from './data-services.ts'
import { datasetVersion, diffVersions } from './dataset-reader.ts'

export interface RollbackPlan {
  /** The new version, which has the rows of the earlier one. */
  version: string
  removed: { batches: number; rows: number }
  restored: { batches: number; rows: number }
}

export interface DatasetRollback {
  actor: string
  reason: string
  /** Written in the transaction that makes the version. */
  also?: (writer: RecordWriter, plan: RollbackPlan) => Promise<void>
}

const counted = (batches: readonly BatchRecord[]): { batches: number; rows: number } => ({
  batches: batches.length,
  rows: batches.reduce((sum, batch) => sum + batch.rows, 0),
})

/**
 * What returning to a version takes away and brings back.
 *
 * @throws `not-found` for a version that is not there, `conflict` when it is the newest.
 */
export async function planDatasetRollback(
  metadata: RecordReader,
  dataset: string,
  to: number,
): Promise<RollbackPlan & { goes: readonly BatchRecord[]; comes: readonly BatchRecord[] }> {
  const [target, newest] = await Promise.all([datasetVersion(metadata, dataset, to), datasetVersion(metadata, dataset)])
  if (target.record.number === newest.record.number)
    throw new MillwrightError('conflict', `${dataset}@${to} is the newest version`, {
      hint: 'Name an earlier one; `millwright datasets` says which is the newest.',
    })
  const { added, removed } = diffVersions(newest, target)
  const [goes, comes] = [[...removed], [...added]]
  const version = `${dataset}@${newest.record.number + 1}`
  return { version, removed: counted(goes), restored: counted(comes), goes, comes }
}

/** Makes a new version with the rows of an earlier one: no version ever changes, so that what was trained on those between can still be read. */
export async function rollBackDataset(
  { metadata, clock }: Pick<DataServices, 'metadata' | 'clock'>,
  dataset: string,
  to: number,
  { actor, reason, also }: DatasetRollback,
): Promise<RollbackPlan> {
  return metadata.transaction(async (writer) => {
    const plan = await planDatasetRollback(writer, dataset, to)
    const target = (await datasetVersion(writer, dataset, to)).record
    const newest = (await datasetVersion(writer, dataset)).record
    const number = newest.number + 1
    const stamp = { time: clock.now(), recordedAt: Date.now() }
    for (const batch of plan.goes) await writer.update('batch', batch.id, { removedIn: number })
    const restored: BatchRecord[] = plan.comes.map((batch) => ({
      ...batch,
      ...stamp,
      // A batch is in one range of versions only; this is the same file in another.
      id: newId('batch'),
      addedIn: number,
      removedIn: null,
    }))
    for (const batch of restored) await writer.insert('batch', batch)
    const version: DatasetVersionRecord = {
      ...target,
      ...stamp,
      id: plan.version,
      number,
      hash: hashOf({
        previous: newest.hash,
        schema: target.schemaHash,
        added: restored.map((batch) => batch.contentHash),
        removed: plan.goes.map((batch) => batch.contentHash),
      }),
      added: restored.map((batch) => batch.id),
      removed: plan.goes.map((batch) => batch.id),
      reason: `back to ${target.id}: ${reason}`,
    }
    await writer.insert('dataset_version', version)
    const epoch = ((await writer.get('dataset', dataset))?.epoch ?? 0) + 1
    await writer.update('dataset', dataset, { version: number, epoch })
    await writer.emit({
      type: 'dataset.rolled-back',
      subject: `dataset:${dataset}`,
      actor,
      level: 'warning',
      message: `${version.id} is ${target.id} again: ${plan.removed.rows.toLocaleString('en-US')} rows went, ${plan.restored.rows.toLocaleString('en-US')} came back (${reason})`,
      data: { version: version.id, to: target.id, removed: plan.removed, restored: plan.restored },
    })
    await also?.(writer, plan)
    return plan
  })
}

/** Dataset → how often it returned to an earlier version. */
export async function datasetEpochs(records: RecordReader): Promise<Map<string, number>> {
  const datasets = await records.find('dataset')
  return new Map(datasets.flatMap(({ id, epoch }) => (epoch ? [[id, epoch]] : [])))
}
