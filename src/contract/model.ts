import * as z from 'zod'
import { briefSchema, tasks } from './definition.ts'
import { modelVersionStates } from './states.ts'

/** Element types of the Open Inference Protocol. */
export const tensorDatatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const
export type TensorDatatype = (typeof tensorDatatypes)[number]

/** Those of numbers and truths by the names that NumPy and onnxruntime have for them; texts are called otherwise by each. */
export const datatypesByName = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
} as const satisfies Record<string, TensorDatatype>

/** A column of a request or an answer, or a whole tensor of a model that came as a file. */
const fieldSchema = z.object({
  name: z.string(),
  datatype: z.enum(tensorDatatypes),
  /** Of a tensor, −1 where the size is the caller's; a column has none: it is one value a row. */
  shape: z.array(z.number().int()).optional(),
  /** May be missing in a request. */
  optional: z.boolean().default(false),
})
export type SignatureField = z.infer<typeof fieldSchema>

export const signatureSchema = z.object({
  /** What a request carries. */
  request: z.array(fieldSchema),
  /** What the model itself reads, in its order. */
  inputs: z.array(z.object({ name: z.string(), kind: z.enum(['numeric', 'categorical']) })),
  outputs: z.array(fieldSchema),
})
export type Signature = z.infer<typeof signatureSchema>

/** A figure with its 95 % interval and the rows behind it. */
export const figureSchema = z.object({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  rows: z.number().int(),
})
export type Figure = z.infer<typeof figureSchema>

export const scoresSchema = z.record(z.string(), figureSchema)
export type Scores = z.infer<typeof scoresSchema>

export const evaluationSchema = z.object({
  rows: z.number().int(),
  /** Of the test rows; both 0 where they have no times. */
  from: z.number(),
  to: z.number(),
  candidate: scoresSchema,
  baseline: scoresSchema.nullable(),
  /** The model in production, on the same rows. */
  production: z.object({ version: z.string(), scores: scoresSchema }).nullable(),
  /** Metric → candidate minus production, with the interval of the paired difference. */
  differences: scoresSchema,
  /** Segment → part → scores. */
  segments: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        rows: z.number().int(),
        candidate: scoresSchema,
        baseline: scoresSchema.nullable(),
        production: scoresSchema.nullable(),
      }),
    ),
  ),
  /** Reliability: mean score against share of yes, over bins of equal counts. Null where the task has no scores. */
  calibration: z
    .object({
      error: z.number(),
      bins: z.array(z.object({ score: z.number(), observed: z.number(), rows: z.number().int() })),
    })
    .nullable(),
})
export type Evaluation = z.infer<typeof evaluationSchema>

export const verdictSchema = z.object({
  gate: z.string(),
  passed: z.boolean(),
  /** One sentence with the figures: what was measured, what was asked, where. */
  message: z.string(),
  segment: z.string().nullable(),
  measured: z.number().nullable(),
  bound: z.number().nullable(),
})
export type Verdict = z.infer<typeof verdictSchema>

/** What a client of MLflow's registered. */
const sourceSchema = z.object({
  /** As the client said it. */
  uri: z.string(),
  /** Where clients find it when its files are not kept with the version. */
  location: z.string(),
  /** The logged model that it is; null of files that are none. */
  modelId: z.string().nullable(),
  /** A link to a run of another server. */
  runLink: z.string().nullable(),
})

export const modelVersionSchema = z.object({
  /** `<model>@<number>` */
  id: z.string(),
  model: z.string(),
  number: z.number().int(),
  state: z.enum(modelVersionStates),
  /** Null of a model file: what its numbers mean is not said. */
  task: z.enum(tasks).nullable(),
  /** Names the whole: model bytes, signature, input definitions. */
  hash: z.string(),
  /** Our own format; null of a model that was made elsewhere. */
  modelHash: z.string().nullable(),
  onnxHash: z.string().nullable(),
  signature: signatureSchema,
  /** The definition that its inputs and features follow; null of a model without one. */
  definitionHash: z.string().nullable(),
  /** The run that made it: of a pipeline, or one that a script tracked. */
  runId: z.string().nullable(),
  datasetVersion: z.string().nullable(),
  /** Labels known until then were learnt from, project time. */
  trainedUntil: z.number().nullable(),
  trainedRows: z.number().int().nullable(),
  /** The version in production when it was made. */
  previous: z.string().nullable(),
  evaluation: evaluationSchema.nullable(),
  verdicts: z.array(verdictSchema),
  importance: z.array(z.object({ input: z.string(), gain: z.number() })),
  /** Blob of reference histograms for drift; null without a training set, then the endpoint remembers one. */
  referenceHash: z.string().nullable(),
  /** Blob of golden rows: inputs with the answers of the evaluation. */
  goldenHash: z.string().nullable(),
  /** Blob of the model card, Markdown. */
  cardHash: z.string().nullable(),
  brief: briefSchema.nullable(),
  threshold: z.number(),
  /** Null of what was not registered by a client of MLflow's. */
  source: sourceSchema.nullable().default(null),
  /** Names the files that such a version had when it was registered: paths, hashes and sizes. Null where there were none in this store. */
  filesHash: z.string().nullable().default(null),
  time: z.number(),
  recordedAt: z.number(),
  /** Who or what made it. */
  madeBy: z.string(),
})
export type ModelVersionRecord = z.infer<typeof modelVersionSchema>

export const aliasSchema = z.object({
  /** `<model>/<alias>` */
  id: z.string(),
  model: z.string(),
  alias: z.string(),
  version: z.string(),
  movedAt: z.number(),
  movedBy: z.string(),
})
export type AliasRecord = z.infer<typeof aliasSchema>
