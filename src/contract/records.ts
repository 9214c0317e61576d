import type { BatchRecord, DatasetRecord, DatasetVersionRecord } from './data.ts'
import type { ClockRecord, DefinitionRecord } from './project.ts'
import type { RunRecord, StepRecord } from './run.ts'

/**
 * The kinds of record in the metadata store, with the fields that queries may filter and order by. A record has an `id`; the rest
 * of it is a document that comes back as it was written.
 */
export interface Records {
  definition: DefinitionRecord
  clock: ClockRecord
  run: RunRecord
  step: StepRecord
  dataset: DatasetRecord
  batch: BatchRecord
  dataset_version: DatasetVersionRecord
}
export type RecordKind = keyof Records

/** Fields of each kind that have an index: the only ones a query may name. */
export const recordIndexes = {
  definition: ['appliedAt'],
  clock: [],
  run: ['pipeline', 'state', 'queuedAt'],
  step: ['runId', 'key', 'state'],
  dataset: [],
  batch: ['dataset', 'state', 'originHash', 'contentHash', 'addedIn'],
  dataset_version: ['dataset', 'number'],
} as const satisfies { [K in RecordKind]: readonly (keyof Records[K] & string)[] }
