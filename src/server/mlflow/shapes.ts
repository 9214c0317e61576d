import {
  type Experiment,
  type LoggedModel,
  type LoggedModelFacts,
  type LoggedModelStatus,
  loggedModelStatuses,
  type MetricPoint,
  type RunFacts,
  type RunInput,
  type RunModels,
  type TrackedRun,
} from '../../contract/tracking.ts'

/** Our things as the protocol's messages. What is not set is left out. */

const ownStore = 'mlflow-artifacts:'
const stage = (isDeleted: boolean): string => (isDeleted ? 'deleted' : 'active')

const experimentLocation = ({ id, artifactLocation }: Pick<Experiment, 'id' | 'artifactLocation'>): string =>
  artifactLocation ?? `${ownStore}/${id}`

export const experimentMessage = (experiment: Experiment) => ({
  experiment_id: experiment.id,
  name: experiment.name,
  artifact_location: experimentLocation(experiment),
  lifecycle_stage: stage(experiment.isDeleted),
  last_update_time: experiment.changedAt,
  creation_time: experiment.createdAt,
  ...some('tags', pairsOf(experiment.tags)),
})

const pairsOf = (tags: Record<string, string>): { key: string; value: string }[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }))

/** A list under its name; nothing where it is empty. */
export const some = <K extends string, T>(name: K, list: readonly T[]) =>
  (list.length > 0 ? { [name]: list } : {}) as { [N in K]?: readonly T[] }

const runLocation = (run: TrackedRun, experiment: Pick<Experiment, 'id' | 'artifactLocation'>): string =>
  `${experimentLocation(experiment).replace(/\/$/, '')}/${run.id}/artifacts`

export const runInfo = (run: TrackedRun, experiment: Pick<Experiment, 'id' | 'artifactLocation'>) => ({
  run_uuid: run.id,
  run_id: run.id,
  run_name: run.name,
  experiment_id: run.experimentId,
  user_id: run.user,
  status: run.status,
  start_time: run.startedAt,
  ...(run.endedAt === null ? {} : { end_time: run.endedAt }),
  artifact_uri: runLocation(run, experiment),
  lifecycle_stage: stage(run.isDeleted),
})

export const pointMessage = ({ metric, value, at, step }: Omit<MetricPoint, 'model'>) => ({
  key: metric,
  value: Number.isNaN(value) ? 'NaN' : value,
  timestamp: at,
  step,
})

const inputMessage = ({ dataset, tags }: RunInput) => ({
  ...some(
    'tags',
    [...tags].sort((a, b) => (a.key < b.key ? -1 : 1)),
  ),
  dataset: {
    name: dataset.name,
    digest: dataset.digest,
    source_type: dataset.sourceType,
    source: dataset.source,
    ...(dataset.schema === null ? {} : { schema: dataset.schema }),
    ...(dataset.profile === null ? {} : { profile: dataset.profile }),
  },
})

const modelStates = {
  UNSPECIFIED: 'LOGGED_MODEL_STATUS_UNSPECIFIED',
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
} as const satisfies Record<LoggedModelStatus, string>

/** By its name in the protocol, its number there, or our own. */
export function modelStatusOf(said: string): LoggedModelStatus | undefined {
  return loggedModelStatuses.find((each, place) => [each, modelStates[each], String(place)].includes(said))
}

export const modelMessage = (
  model: LoggedModel,
  experiment: Pick<Experiment, 'id' | 'artifactLocation'>,
  facts: LoggedModelFacts,
) => ({
  info: {
    model_id: model.id,
    experiment_id: model.experimentId,
    name: model.name,
    creation_timestamp_ms: model.createdAt,
    last_updated_timestamp_ms: model.changedAt,
    artifact_uri: `${experimentLocation(experiment).replace(/\/$/, '')}/models/${model.id}/artifacts`,
    status: modelStates[model.status],
    model_type: model.modelType,
    source_run_id: model.sourceRunId,
    ...some('tags', facts.tags),
  },
  data: {
    ...some('params', facts.params),
    ...some(
      'metrics',
      facts.metrics.map((point) => ({
        ...pointMessage(point),
        model_id: model.id,
        run_id: point.runId,
        ...(point.datasetName === null ? {} : { dataset_name: point.datasetName }),
        ...(point.datasetDigest === null ? {} : { dataset_digest: point.datasetDigest }),
      })),
    ),
  },
})

export const runMessage = (
  run: TrackedRun,
  experiment: Pick<Experiment, 'id' | 'artifactLocation'>,
  facts: RunFacts,
  inputs: readonly RunInput[],
  models: RunModels | undefined,
) => ({
  info: runInfo(run, experiment),
  data: {
    ...some('metrics', facts.metrics.map(pointMessage)),
    ...some('params', facts.params),
    ...some('tags', facts.tags),
  },
  inputs: {
    ...some('dataset_inputs', inputs.map(inputMessage)),
    ...some(
      'model_inputs',
      (models?.inputs ?? []).map((model_id) => ({ model_id })),
    ),
  },
  outputs: some(
    'model_outputs',
    (models?.outputs ?? []).map(({ model, step }) => ({ model_id: model, step })),
  ),
})
