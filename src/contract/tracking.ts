/** What scripts log: experiments, their runs, and what a run has. Every text is as the script gave it. */

/** As MLflow's clients know them; a run of a script is in one of these. */
export const trackedRunStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
export type TrackedRunStatus = (typeof trackedRunStatuses)[number]

export interface Experiment {
  /** A whole number as text; `0` is there from the beginning. */
  id: string
  name: string
  /** Where artifacts of its runs go; null for the control plane's own store. */
  artifactLocation: string | null
  isDeleted: boolean
  /** Wall-clock UTC milliseconds. */
  createdAt: number
  changedAt: number
  tags: Record<string, string>
}

export interface TrackedRun {
  /** 32 hexadecimal digits. */
  id: string
  experimentId: string
  name: string
  user: string
  status: TrackedRunStatus
  /** UTC milliseconds, as the script's clock has them; 0 where it said none. */
  startedAt: number
  endedAt: number | null
  isDeleted: boolean
  /** Wall-clock UTC milliseconds; null for one that is not deleted. */
  deletedAt: number | null
}

export interface MetricPoint {
  metric: string
  /** May be NaN; an infinity is kept as the largest number of its sign. */
  value: number
  /** UTC milliseconds. */
  at: number
  step: number
  /** The logged model that it is of, too, and the data it was measured on. */
  model?: { id: string; datasetName: string | null; datasetDigest: string | null }
}

/** What a run has, each in the order of its name. */
export interface RunFacts {
  /** Of every metric the point with the greatest (step, time, value). */
  metrics: MetricPoint[]
  params: { key: string; value: string }[]
  tags: { key: string; value: string }[]
}

/** A dataset as a script describes it. */
export interface LoggedDataset {
  name: string
  digest: string
  sourceType: string
  source: string
  schema: string | null
  profile: string | null
}

export interface RunInput {
  dataset: LoggedDataset
  tags: { key: string; value: string }[]
}

export const loggedModelStatuses = ['UNSPECIFIED', 'PENDING', 'READY', 'FAILED'] as const
export type LoggedModelStatus = (typeof loggedModelStatuses)[number]

/** A model whose files a script leaves, before anybody registers it. */
export interface LoggedModel {
  /** `m-` and 32 hexadecimal digits. */
  id: string
  experimentId: string
  name: string
  /** Empty where the script said none. */
  modelType: string
  /** The run that made it; empty for none. */
  sourceRunId: string
  status: LoggedModelStatus
  isDeleted: boolean
  /** Wall-clock UTC milliseconds. */
  createdAt: number
  changedAt: number
}

/** A point of a metric of a logged model. */
export interface ModelPoint extends Omit<MetricPoint, 'model'> {
  runId: string
  datasetName: string | null
  datasetDigest: string | null
}

export interface LoggedModelFacts {
  params: { key: string; value: string }[]
  tags: { key: string; value: string }[]
  /** All that were logged, by name, time and step. */
  metrics: ModelPoint[]
}

/** The models that a run read and made. */
export interface RunModels {
  inputs: string[]
  outputs: { model: string; step: number }[]
}

/** The limits of MLflow's own server, so that a script is told the same by both. */
export const trackingLimits = {
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  entitiesPerBatch: 1000,
  /** Bytes of the JSON of a batch: what the longest values take when every letter is escaped. */
  batchBytes: 16 << 20,
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  experimentName: 500,
  experimentTagValue: 20_000,
  artifactLocation: 2048,
  inputsPerRequest: 1000,
  datasetName: 500,
  datasetDigest: 36,
  datasetSchema: 1_048_575,
  datasetSource: 65_535,
  datasetProfile: 16_777_215,
  inputTagKey: 255,
  inputTagValue: 500,
  runsPerPage: 50_000,
  experimentsPerPage: 50_000,
  pointsPerPage: 25_000,
  modelsPerPage: 50_000,
} as const
