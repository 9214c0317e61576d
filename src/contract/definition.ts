import * as z from 'zod'
import { environmentSchema } from './environment.ts'
import { expressionSchema } from './expression.ts'
import { pipelineSchema } from './pipeline.ts'

/**
 * A project as data: what `defineProject` produces, `plan` compares and `apply` installs. Its canonical JSON has a hash, and
 * every run names that hash. Names are checked by `src/contract/definition-check.ts`, structure by this schema.
 */

const name = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'a letter, then letters, digits, - or _, at most 63 in all')

export const briefSchema = z.strictObject({
  objective: z.string().min(1),
  owner: z.string().min(1),
  success: z.string().optional(),
  errors: z.string().optional(),
  data: z.string().optional(),
  /** Success as figures of the sealed test rows: they become gates of every model that is measured by the metric. */
  targets: z
    .array(z.strictObject({ metric: z.string(), atLeast: z.number().optional(), atMost: z.number().optional() }))
    .optional(),
})
/** Why the project exists: shown wherever its models are. */
export type Brief = z.infer<typeof briefSchema>

export const columnTypes = ['key', 'ref', 'time', 'local-time', 'number', 'category', 'text', 'boolean'] as const
export type ColumnType = (typeof columnTypes)[number]

const columnSchema = z.strictObject({
  name: z.string(),
  type: z.enum(columnTypes),
  /** The entity whose key the values are; type `ref` only. */
  entity: z.string().optional(),
  unit: z.string().optional(),
  /** May be missing in a row. */
  optional: z.boolean().default(false),
  /** Computed from other columns, in the order of the list; otherwise read from the source. */
  derived: expressionSchema.optional(),
  /** Read from a source only to derive others: neither stored nor pushed. */
  raw: z.boolean().default(false),
  /** Known only from the time in this column on; otherwise known at the row's event time. */
  knownAt: z.string().optional(),
})
export type Column = z.infer<typeof columnSchema>

export const severities = ['stop', 'quarantine', 'warn'] as const
/**
 * What a broken expectation does to a batch: `stop` is schema skew, for people to look at; `quarantine` sets the batch
 * aside, because nothing may be learnt from it; `warn` tells, and lets it in.
 */
export type Severity = (typeof severities)[number]

const expectationCommon = {
  severity: z.enum(severities).default('stop'),
  /** The least share of rows that must hold, 0 to 1. */
  mostly: z.number().min(0).max(1).default(1),
}
const expectationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('between'),
    column: z.string(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    ...expectationCommon,
  }),
  z.strictObject({ kind: z.literal('in'), column: z.string(), values: z.array(z.string()), ...expectationCommon }),
  /** Every value is a key of the entity's dataset. */
  z.strictObject({ kind: z.literal('in-entity'), column: z.string(), entity: z.string(), ...expectationCommon }),
  z.strictObject({ kind: z.literal('matches'), column: z.string(), pattern: z.string(), ...expectationCommon }),
  z.strictObject({ kind: z.literal('unique'), columns: z.array(z.string()).min(1), ...expectationCommon }),
  z.strictObject({ kind: z.literal('present'), column: z.string(), ...expectationCommon }),
  /** Any rule over the columns of a row. */
  z.strictObject({ kind: z.literal('holds'), what: z.string(), rule: expressionSchema, ...expectationCommon }),
  z.strictObject({
    kind: z.literal('row-count'),
    min: z.number().int().nullable(),
    max: z.number().int().nullable(),
    severity: expectationCommon.severity,
  }),
  /** A bound on the mean, median or standard deviation of a column over the batch: a changed unit breaks it. */
  z.strictObject({
    kind: z.literal('statistic'),
    column: z.string(),
    statistic: z.enum(['mean', 'median', 'std', 'null-share', 'distinct']),
    min: z.number().nullable(),
    max: z.number().nullable(),
    severity: expectationCommon.severity,
  }),
  /** The distance (Jensen-Shannon, base 2, of histograms on the reference's edges) from the accepted history. */
  z.strictObject({
    kind: z.literal('shift'),
    column: z.string(),
    max: z.number().positive(),
    severity: expectationCommon.severity,
  }),
])
export type Expectation = z.infer<typeof expectationSchema>

export const datasetSchema = z.strictObject({
  name,
  /** Where batches come from; rows can be pushed to any dataset besides. Paths are relative to the project's folder. */
  source: z
    .strictObject({
      format: z.enum(['parquet', 'csv']),
      path: z.string(),
      /** Split the history into batches by the day or month of this source column. */
      partition: z.strictObject({ by: z.string(), every: z.enum(['day', 'month']) }).optional(),
    })
    .optional(),
  columns: z.array(columnSchema).min(1),
  /** The column that says when a row happened; none for reference data such as a list of airports. */
  time: z.string().optional(),
  expectations: z.array(expectationSchema).default([]),
  description: z.string().optional(),
})
export type Dataset = z.infer<typeof datasetSchema>

const entitySchema = z.strictObject({
  name,
  key: z.string(),
  /** The dataset that lists them, one row a key; its other columns are the entity's attributes. */
  dataset: z.string().optional(),
})
export type Entity = z.infer<typeof entitySchema>

export const aggregates = ['count', 'sum', 'mean', 'min', 'max', 'share', 'last', 'std'] as const
export type Aggregate = (typeof aggregates)[number]

const featureSchema = z.strictObject({
  name,
  aggregate: z.enum(aggregates),
  /** What is aggregated; `share` takes a condition, `count` ignores it. */
  of: expressionSchema,
  /** Length of the window `(t - window, t]` in milliseconds; none only for `last`. */
  windowMs: z.number().positive().nullable(),
  /** `last` only: a value older than this is missing, in milliseconds. */
  ttlMs: z.number().positive().nullable().default(null),
  unit: z.string().optional(),
})
export type Feature = z.infer<typeof featureSchema>

export const featureViewSchema = z.strictObject({
  name,
  entity: z.string(),
  dataset: z.string(),
  /** The column of the dataset that holds the entity's key. */
  by: z.string(),
  /** The column with the time from which the aggregated columns are known: the events' time in every window. */
  knownAt: z.string(),
  features: z.array(featureSchema).min(1),
  owner: z.string().optional(),
})
export type FeatureView = z.infer<typeof featureViewSchema>

const modelInputSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  from: z.discriminatedUnion('kind', [
    /** Computed from the columns known at the row's event time. */
    z.strictObject({ kind: z.literal('expression'), expression: expressionSchema }),
    /** Looked up as of the row's event time, for the entity whose key `by` holds. */
    z.strictObject({ kind: z.literal('feature'), view: z.string(), feature: z.string(), by: z.string() }),
  ]),
})
export type ModelInput = z.infer<typeof modelInputSchema>

export const tasks = ['binary', 'multiclass', 'regression'] as const
export type Task = (typeof tasks)[number]

const trainingSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('boosted-trees'),
    trees: z.number().int().positive().default(300),
    learningRate: z.number().positive().default(0.1),
    maxLeaves: z.number().int().min(2).default(31),
    minSamplesLeaf: z.number().int().positive().default(20),
    l2: z.number().nonnegative().default(0),
    /** Stop after this many trees without a better validation loss; 0 never stops early. */
    stopEarly: z.number().int().nonnegative().default(20),
    rowShare: z.number().gt(0).max(1).default(1),
    featureShare: z.number().gt(0).max(1).default(1),
  }),
  z.strictObject({ kind: z.literal('linear'), l2: z.number().nonnegative().default(1) }),
])
export type Training = z.infer<typeof trainingSchema>

export const gateSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('beats-baseline'), metric: z.string(), by: z.number() }),
  /** Refused when worse than the model in production by more than `within`, and by more than noise (95 %). */
  z.strictObject({ kind: z.literal('not-worse'), metric: z.string(), within: z.number().nonnegative() }),
  /** No part of the segment may be worse than production, or without one than the baseline, by more than `within`. */
  z.strictObject({
    kind: z.literal('segment'),
    segment: z.string(),
    metric: z.string(),
    within: z.number().nonnegative(),
    minRows: z.number().int().positive().default(200),
  }),
  z.strictObject({ kind: z.literal('calibration'), maxError: z.number().positive() }),
  z.strictObject({ kind: z.literal('at-least'), metric: z.string(), value: z.number() }),
  z.strictObject({ kind: z.literal('at-most'), metric: z.string(), value: z.number() }),
  /** Measured on the prediction service, on a slot that takes no traffic. */
  z.strictObject({ kind: z.literal('latency'), p99Ms: z.number().positive() }),
  /** The slot answers the golden rows as the evaluation did (to 1e-6), and refuses a request with a wrong type. */
  z.strictObject({ kind: z.literal('signature') }),
])
export type Gate = z.infer<typeof gateSchema>

const requirementsSchema = z.strictObject({
  /** Package → the least version: `{ 'onnxruntime-node': '1.20' }`. */
  packages: z.record(z.string(), z.string()).optional(),
  /** To load and to answer; estimated from the model's file where nothing is said. */
  memoryMb: z.number().positive().optional(),
  cores: z.number().int().positive().optional(),
  /** Such as `cuda`. */
  accelerator: z.string().optional(),
})
/** What a model needs wherever it is served. */
export type Requirements = z.infer<typeof requirementsSchema>

export const modelSchema = z.strictObject({
  name,
  brief: briefSchema.optional(),
  task: z.enum(tasks),
  /** The dataset whose rows are the examples. */
  dataset: z.string(),
  /** A condition (binary), a category (multiclass) or a number (regression). */
  target: expressionSchema,
  inputs: z.array(modelInputSchema).min(1),
  training: trainingSchema,
  /** An input used as the score by itself; null: the training set's mean (or most frequent class). */
  baseline: z.string().nullable().default(null),
  segments: z.record(z.string(), expressionSchema).default({}),
  gates: z.array(gateSchema).default([]),
  /** Rows by time, from the newest back: sealed test days, then validation days, then training days. */
  split: z
    .strictObject({
      testDays: z.number().positive().default(7),
      validationDays: z.number().positive().default(4),
      trainingDays: z.number().positive().nullable().default(null),
      /** Rows drawn evenly when there are more. */
      maxRows: z.number().int().positive().default(500_000),
    })
    .prefault({}),
  threshold: z.number().default(0.5),
  seed: z.number().int().default(1),
  requires: requirementsSchema.optional(),
})
export type ModelDefinition = z.infer<typeof modelSchema>

export const endpointSchema = z.strictObject({
  name,
  model: z.string(),
  rollout: z
    .strictObject({
      /** Shares of traffic, ascending, the last is 1. */
      steps: z.array(z.number().gt(0).max(1)).min(1).default([1]),
      /** Least time and answers on each step before the next, on the project's clock. */
      holdMs: z
        .number()
        .nonnegative()
        .default(6 * 3_600_000),
      minAnswers: z.number().int().nonnegative().default(100),
      /** Back to the old version beyond these. */
      maxErrorShare: z.number().default(0.01),
      maxLatencyRatio: z.number().default(3),
      maxScoreShift: z.number().default(0.2),
    })
    .prefault({}),
  logging: z.enum(['required', 'best-effort']).default('required'),
  /** Keep the first promoted version answering in the shadow, for comparison over the years. */
  frozen: z.boolean().default(false),
  /** What it must stand under load: the 99th percentile of the latency, and answers a second. */
  budget: z
    .strictObject({ p99Ms: z.number().positive().optional(), requestsPerSecond: z.number().positive().optional() })
    .optional(),
})
export type EndpointDefinition = z.infer<typeof endpointSchema>

export const monitorSchema = z.strictObject({
  name,
  endpoint: z.string(),
  kind: z.enum(['drift', 'quality', 'service']),
  every: z.enum(['day', 'week']).default('day'),
  /** `quality`: which metric. */
  metric: z.string().optional(),
  /** `drift`: the alert level of the distance; `quality`: the loss against the reference beyond which it alerts. */
  threshold: z.number().positive().optional(),
  /** Alert only when this many of the last periods broke the threshold. */
  periods: z.number().int().positive().default(1),
})
export type MonitorDefinition = z.infer<typeof monitorSchema>

export const triggerSchema = z.strictObject({
  name,
  pipeline: z.string(),
  on: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('schedule'), cron: z.string() }),
    /** That much new accepted data of the dataset, in event time, since the last run of the pipeline. */
    z.strictObject({ kind: z.literal('new-data'), dataset: z.string(), everyMs: z.number().positive() }),
    z.strictObject({ kind: z.literal('alert'), monitor: z.string() }),
    z.strictObject({ kind: z.literal('value-skew'), dataset: z.string() }),
  ]),
  /** No further run of the pipeline within this time after the last one began, on the project's clock. */
  cooldownMs: z.number().nonnegative().default(0),
  /** Triggers start the pipeline that many times and no more; null is for ever. */
  atMost: z.number().int().positive().nullable().default(null),
})
export type TriggerDefinition = z.infer<typeof triggerSchema>

const retentionSchema = z.strictObject({
  /** Runs, and what only they refer to, older than this go. */
  runsDays: z.number().positive().default(90),
  predictionsDays: z.number().positive().default(365),
  /** Models that no alias names and no endpoint serves keep this long. */
  modelsDays: z.number().positive().default(365),
})

export const definitionSchema = z.strictObject({
  name,
  brief: briefSchema.optional(),
  clock: z
    .union([
      z.strictObject({ mode: z.literal('live') }),
      z.strictObject({ mode: z.literal('replay'), start: z.number() }),
    ])
    .default({ mode: 'live' }),
  entities: z.array(entitySchema).default([]),
  datasets: z.array(datasetSchema).default([]),
  featureViews: z.array(featureViewSchema).default([]),
  models: z.array(modelSchema).default([]),
  pipelines: z.array(pipelineSchema).default([]),
  endpoints: z.array(endpointSchema).default([]),
  monitors: z.array(monitorSchema).default([]),
  triggers: z.array(triggerSchema).default([]),
  retention: retentionSchema.prefault({}),
  /** What steps are told, the same in every environment that states no other value. */
  settings: z.record(z.string(), z.json()).default({}),
  environments: z.array(environmentSchema).default([]),
})
export type Definition = z.infer<typeof definitionSchema>
