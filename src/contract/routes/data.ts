import * as z from 'zod'
import { batchSchema, columnSummarySchema, consumerSchema, datasetVersionSchema, listedBatchSchema } from '../data.ts'
import { datasetSchema } from '../definition.ts'
import { route } from '../route.ts'
import { timeSchema } from '../time.ts'

const named = z.object({ dataset: z.string() })
const outcomeSchema = z.object({ batches: z.array(batchSchema), version: z.number().int() })

export const dataRoutes = {
  datasets: route({
    method: 'GET',
    path: '/api/datasets',
    group: 'data',
    summary: 'Datasets with their newest version and the batch that came last',
    response: z.object({
      datasets: z.array(
        z.object({
          definition: datasetSchema,
          version: datasetVersionSchema.nullable(),
          /** How many there are of each state. */
          batches: z.record(z.string(), z.number()),
          /** The last that came, whatever became of it. */
          last: listedBatchSchema.nullable(),
        }),
      ),
    }),
  }),
  dataset: route({
    method: 'GET',
    path: '/api/datasets/{dataset}',
    group: 'data',
    summary: 'One dataset: its definition, inferred schema, newest version, and what uses it',
    params: named,
    response: z.object({
      definition: datasetSchema,
      version: datasetVersionSchema.nullable(),
      inferred: z.array(columnSummarySchema),
      consumers: z.array(consumerSchema),
    }),
  }),
  datasetVersions: route({
    method: 'GET',
    path: '/api/datasets/{dataset}/versions',
    group: 'data',
    summary: 'Versions, newest first',
    params: named,
    query: z.object({
      /** Only those before this number: the next page. */
      before: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    response: z.object({ versions: z.array(datasetVersionSchema) }),
  }),
  datasetBatches: route({
    method: 'GET',
    path: '/api/datasets/{dataset}/batches',
    group: 'data',
    summary: 'Batches as they arrived, newest first: accepted, refused and set aside, with what validation said',
    params: named,
    query: z.object({
      state: z.enum(['accepted', 'refused', 'quarantined']).optional(),
      /** Only those that came before the batch of this id: the next page. */
      before: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    response: z.object({ batches: z.array(listedBatchSchema) }),
  }),
  datasetBatch: route({
    method: 'GET',
    path: '/api/datasets/{dataset}/batches/{batch}',
    group: 'data',
    summary: 'One batch: what its columns are like, and how far each is from the reference by which batches are judged',
    params: z.object({ dataset: z.string(), batch: z.string() }),
    response: z.object({
      batch: batchSchema,
      columns: z.array(
        z.object({
          name: z.string(),
          reference: columnSummarySchema.nullable(),
          /** Jensen-Shannon distance, base 2; null where there is nothing to compare. */
          distance: z.number().nullable(),
          /** The distance from which on it is told or refused; null of derived columns, which follow others. */
          mayBe: z.number().nullable(),
        }),
      ),
    }),
  }),
  datasetDiff: route({
    method: 'GET',
    path: '/api/datasets/{dataset}/diff',
    group: 'data',
    summary: 'What changed between two versions',
    params: named,
    query: z.object({ from: z.coerce.number().int().nonnegative(), to: z.coerce.number().int().positive() }),
    response: z.object({
      added: z.array(listedBatchSchema),
      removed: z.array(listedBatchSchema),
      rows: z.number(),
      columns: z.array(
        z.object({ name: z.string(), before: columnSummarySchema.nullable(), after: columnSummarySchema.nullable() }),
      ),
    }),
  }),
  pushRows: route({
    role: 'service',
    method: 'POST',
    repeatable: true,
    path: '/api/datasets/{dataset}/rows',
    group: 'data',
    summary: 'Push rows as they happen; durable when answered, and the same key again changes nothing',
    params: named,
    body: z.object({
      columns: z.record(z.string(), z.array(z.json())).optional(),
      rows: z.array(z.record(z.string(), z.json())).optional(),
    }),
    response: z.object({ accepted: z.number().int(), known: z.number().int() }),
    bodyLimit: 32 << 20,
    checkedByStage: true,
  }),
  rollbackDataset: route({
    method: 'POST',
    role: 'operator',
    keyed: true,
    path: '/api/datasets/{dataset}/rollback',
    group: 'data',
    summary: 'Make a new version with the rows of an earlier one; a dry run says what would go and what depends on it',
    params: z.object({ dataset: z.string() }),
    body: z.object({
      version: z.number().int().positive(),
      dryRun: z.boolean().default(false),
      reason: z.string().default('by hand'),
      actor: z.string().default('user'),
    }),
    response: z.object({
      /** The new version. */
      version: z.string(),
      removed: z.object({ batches: z.number(), rows: z.number() }),
      restored: z.object({ batches: z.number(), rows: z.number() }),
      depends: z.array(z.string()),
    }),
  }),
  ingest: route({
    method: 'POST',
    repeatable: true,
    path: '/api/datasets/{dataset}/ingest',
    group: 'data',
    summary:
      "Take in batches: of the dataset's own source, or of a file named here; a batch that is known already changes nothing",
    params: named,
    body: z.object({
      /** Path on the control plane's machine, within the project's folder or the home's `incoming`. */
      path: z.string().optional(),
      format: z.enum(['parquet', 'csv']).optional(),
      /** Partitions of the source in this range of local time, `[from, to)`, UTC milliseconds. */
      from: timeSchema.optional(),
      to: timeSchema.optional(),
    }),
    response: outcomeSchema,
  }),
}
