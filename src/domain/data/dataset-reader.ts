import type { Table } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { BatchRecord, ColumnSummary, DatasetVersionRecord } from '../../contract/data.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import type { ScanQuery, TableFile, Tables } from '../../ports/tables.ts'
import type { DataServices } from './data-services.ts'
import { mergeSummaries } from './summary-merge.ts'

/** A version of a dataset: always the same rows. */
export interface DatasetVersion {
  record: DatasetVersionRecord
  batches: readonly BatchRecord[]
}

/**
 * Finds a version and the batches it is made of, those with `addedIn` ≤ version < `removedIn`, in the order they were added.
 *
 * @param number null: the newest.
 * @param range only batches that hold events in it (inclusive), or that have no event time: what is asked of a few days costs no more as history grows.
 * @throws `not-found` when the dataset has no such version, or none at all.
 */
export async function datasetVersion(
  metadata: RecordReader,
  dataset: string,
  number: number | null = null,
  range: TimeRange | null = null,
): Promise<DatasetVersion> {
  const wanted = number ?? (await metadata.get('dataset', dataset))?.version ?? 0
  const record = await metadata.get('dataset_version', `${dataset}@${wanted}`)
  if (record === undefined) {
    throw new MillwrightError(
      'not-found',
      `dataset "${dataset}" has no version${number === null ? ' yet' : ` ${number}`}`,
      {
        hint: 'Ingest a batch first.',
      },
    )
  }
  const held = { dataset, state: 'accepted', addedIn: { atMost: record.number } } as const
  const orderBy = { field: 'addedIn' } as const
  const added =
    range === null
      ? await metadata.find('batch', { where: held, orderBy })
      : [
          ...(await metadata.find('batch', { where: { ...held, from: null }, orderBy })),
          ...(await metadata.find('batch', {
            where: { ...held, from: { atMost: range.to }, to: { atLeast: range.from } },
            orderBy,
          })),
        ]
  return { record, batches: added.filter((batch) => batch.removedIn === null || batch.removedIn > record.number) }
}

/** Event times, both ends included. */
export interface TimeRange {
  from: number
  to: number
}

/** The files of a version, those left out that hold no event between `from` and `to` (inclusive). */
export async function filesOf(
  services: Pick<DataServices, 'blobs'>,
  version: DatasetVersion,
  range: { from?: number; to?: number } = {},
): Promise<TableFile[]> {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = range
  const wanted = version.batches.filter((batch) => {
    return batch.from === null || batch.to === null || (batch.to >= from && batch.from <= to)
  })
  return Promise.all(
    wanted.map(async (batch) => ({ format: 'parquet' as const, path: await services.blobs.pathOf(batch.contentHash) })),
  )
}

export async function readVersion(
  services: Pick<DataServices, 'blobs'> & { tables: Tables },
  version: DatasetVersion,
  query: ScanQuery,
): Promise<Table> {
  return services.tables.read(await filesOf(services, version), query)
}

export interface VersionDiff {
  from: string
  to: string
  added: readonly BatchRecord[]
  removed: readonly BatchRecord[]
  rows: number
  /** The summaries of a column in both versions; null where one has no such column. */
  columns: { name: string; before: ColumnSummary | null; after: ColumnSummary | null }[]
}

/** What changed from one version of a dataset to another. */
export function diffVersions(before: DatasetVersion, after: DatasetVersion): VersionDiff {
  const [old, current] = [new Set(before.batches.map((b) => b.id)), new Set(after.batches.map((b) => b.id))]
  const summaries = (version: DatasetVersion) => {
    const merged = new Map<string, ColumnSummary>()
    for (const batch of version.batches) {
      for (const summary of batch.summaries) {
        const known = merged.get(summary.name)
        merged.set(summary.name, known === undefined ? summary : mergeSummaries(known, summary))
      }
    }
    return merged
  }
  const [first, second] = [summaries(before), summaries(after)]
  const names = [...new Set([...first.keys(), ...second.keys()])]
  return {
    from: before.record.id,
    to: after.record.id,
    added: after.batches.filter((batch) => !old.has(batch.id)),
    removed: before.batches.filter((batch) => !current.has(batch.id)),
    rows: after.record.rows - before.record.rows,
    columns: names.map((name) => ({ name, before: first.get(name) ?? null, after: second.get(name) ?? null })),
  }
}
