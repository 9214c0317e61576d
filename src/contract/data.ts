import * as z from 'zod'
import { columnTypes, severities } from './definition.ts'
import { batchStates } from './states.ts'

/** What the values of a column are like. Counts are exact; quantiles are DuckDB's exact ones up to a million rows, its sketches above. */
export const columnSummarySchema = z.object({
  name: z.string(),
  type: z.enum(columnTypes),
  rows: z.number().int(),
  nulls: z.number().int(),
  distinct: z.number().int(),
  mean: z.number().nullable(),
  std: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 of numbers. */
  quantiles: z.array(z.number()).nullable(),
  /** The most frequent values of other columns. */
  top: z.array(z.object({ value: z.string(), count: z.number().int() })).nullable(),
  /** Counts on the dataset's reference edges; `edges.length - 1` bins, then one below, one above. */
  histogram: z
    .object({
      edges: z.array(z.number()),
      counts: z.array(z.number().int()),
      below: z.number().int(),
      above: z.number().int(),
    })
    .nullable(),
})
export type ColumnSummary = z.infer<typeof columnSummarySchema>

/** A broken expectation, a difference from the schema, or rows whose key an earlier batch has. */
export const anomalySchema = z.object({
  kind: z.enum([
    'missing-column',
    'unexpected-column',
    'wrong-type',
    'expectation',
    'shift',
    'key-conflict',
    'known-rows',
  ]),
  column: z.string().nullable(),
  severity: z.enum(severities),
  message: z.string(),
  failing: z.number().int(),
  rows: z.number().int(),
  /** Up to five failing rows. */
  samples: z.array(z.record(z.string(), z.json())),
})
export type Anomaly = z.infer<typeof anomalySchema>

export const batchSchema = z.object({
  id: z.string(),
  dataset: z.string(),
  state: z.enum(batchStates),
  /** Where it came from: `file:…` or `push:<first sequence>-<last>`, with the source's own SHA-256. */
  origin: z.string(),
  originHash: z.string(),
  /** The Parquet file with its rows, as stored; refused and quarantined batches keep theirs too. */
  contentHash: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  /** Range of the dataset's event time within it; null without one. */
  from: z.number().nullable(),
  to: z.number().nullable(),
  /** Versions that hold it: from `addedIn` on, before `removedIn`. Null: in none. */
  addedIn: z.number().int().nullable(),
  removedIn: z.number().int().nullable(),
  anomalies: z.array(anomalySchema),
  summaries: z.array(columnSummarySchema),
  /** Project time and wall-clock time of its arrival. */
  time: z.number(),
  recordedAt: z.number(),
})
export type BatchRecord = z.infer<typeof batchSchema>
/** A batch in a list: without what its columns are like, which is most of it. */
export const listedBatchSchema = batchSchema.omit({ summaries: true })
export type ListedBatch = z.infer<typeof listedBatchSchema>

/** What uses a dataset or a feature view, and what for. */
export const consumerSchema = z.object({
  /** As events name it: `feature-view:departures`, `model:late`, `endpoint:flights`. */
  subject: z.string(),
  /** In words, after its name: "is trained on its rows". */
  does: z.string(),
})
export type Consumer = z.infer<typeof consumerSchema>

export const datasetVersionSchema = z.object({
  /** `<dataset>@<number>` */
  id: z.string(),
  dataset: z.string(),
  number: z.number().int(),
  /** Hash of the version before it and of the batches added and removed: names the content of the whole. */
  hash: z.string(),
  schemaHash: z.string(),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  rows: z.number().int(),
  from: z.number().nullable(),
  to: z.number().nullable(),
  time: z.number(),
  recordedAt: z.number(),
  reason: z.string(),
})
export type DatasetVersionRecord = z.infer<typeof datasetVersionSchema>

export const datasetStateSchema = z.object({
  /** The dataset's name. */
  id: z.string(),
  /** The newest version; 0 before the first. */
  version: z.number().int(),
  /** How often it returned to an earlier version: features begin anew each time. Not there before the first. */
  epoch: z.number().int().optional(),
  /** What was inferred from the first accepted batch and widened only by people: domains, ranges, reference histograms. */
  inferred: z.array(columnSummarySchema),
})
export type DatasetRecord = z.infer<typeof datasetStateSchema>
