import type { ArtifactPartRecord, ArtifactUploadRecord } from './artifact-upload.ts'
import type { CiRunRecord } from './ci-run.ts'
import type { BatchRecord, DatasetRecord, DatasetVersionRecord } from './data.ts'
import type { ApprovalRecord, DeliveryRecord } from './delivery.ts'
import type { KeyedRequestRecord } from './keyed-request.ts'
import type { AliasRecord, ModelVersionRecord } from './model.ts'
import type { AlertRecord, MeasurementRecord, TriggerRecord } from './monitoring.ts'
import type { PackageRecord } from './package.ts'
import type { ClockRecord, DefinitionRecord } from './project.ts'
import type { ReproductionRecord } from './reproduction.ts'
import type { RunRecord, StepRecord } from './run.ts'
import type { DeploymentRecord, EndpointRecord } from './serving.ts'
import type { UpgradeRecord } from './upgrade.ts'
import type { WebhookRecord, WebhookSetAsideRecord } from './webhook.ts'

/**
 * The kinds of record in the metadata store, with the fields that queries may filter and order by. A record has an `id`; the rest
 * of it is a document that comes back as it was written.
 */
export interface Records {
  definition: DefinitionRecord
  clock: ClockRecord
  keyed_request: KeyedRequestRecord
  package: PackageRecord
  approval: ApprovalRecord
  delivery: DeliveryRecord
  ci_run: CiRunRecord
  reproduction: ReproductionRecord
  upgrade: UpgradeRecord
  run: RunRecord
  step: StepRecord
  dataset: DatasetRecord
  batch: BatchRecord
  dataset_version: DatasetVersionRecord
  model_version: ModelVersionRecord
  alias: AliasRecord
  endpoint: EndpointRecord
  deployment: DeploymentRecord
  measurement: MeasurementRecord
  alert: AlertRecord
  trigger: TriggerRecord
  artifact_upload: ArtifactUploadRecord
  artifact_part: ArtifactPartRecord
  webhook: WebhookRecord
  webhook_set_aside: WebhookSetAsideRecord
}
export type RecordKind = keyof Records

/** Fields of each kind that have an index: the only ones a query may name. */
export const recordIndexes = {
  definition: ['appliedAt', 'current'],
  clock: [],
  keyed_request: [],
  package: ['origin', 'definitionHash', 'receivedAt'],
  approval: ['package'],
  delivery: ['package', 'at'],
  ci_run: ['branch', 'commit', 'state', 'startedAt'],
  reproduction: ['runId', 'at'],
  upgrade: ['at'],
  run: ['pipeline', 'state', 'queuedAt', 'packageHash'],
  step: ['runId', 'key', 'state'],
  dataset: [],
  batch: ['dataset', 'state', 'originHash', 'contentHash', 'addedIn', 'removedIn', 'from', 'to'],
  dataset_version: ['dataset', 'number'],
  model_version: ['model', 'number', 'state', 'runId', 'hash', 'filesHash'],
  alias: ['model', 'version'],
  endpoint: [],
  deployment: ['endpoint', 'state', 'startedAt', 'version'],
  measurement: ['monitor', 'endpoint', 'kind', 'from', 'version'],
  alert: ['monitor', 'state', 'raisedAt'],
  trigger: [],
  artifact_upload: ['heardAt'],
  artifact_part: ['upload', 'number'],
  webhook: ['name', 'createdAt'],
  webhook_set_aside: ['webhook', 'at'],
} as const satisfies { [K in RecordKind]: readonly (keyof Records[K] & string)[] }
