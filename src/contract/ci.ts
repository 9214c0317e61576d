import * as z from 'zod'
import { scoresSchema } from './model.ts'
import { checkOutcomes } from './package.ts'

/** The checks of continuous integration, in their order: each relies on those before it. */
export const ciChecks = [
  'types',
  'definition',
  'data',
  'features',
  'pipeline',
  'training',
  'model',
  'serving',
  'load',
] as const
export type CiCheck = (typeof ciChecks)[number]

const findingSchema = z.object({
  /** `error` fails the check; `warning` is told. */
  level: z.enum(['error', 'warning']),
  /** What is wrong, with the figures that show it. */
  message: z.string(),
  /** How to mend it. */
  mend: z.string(),
  /** Where in the project: `datasets.flights.columns.delay`. */
  place: z.string(),
  /** Relative to the project's folder, and the line from 1 on, where they are known. */
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
})
export type Finding = z.infer<typeof findingSchema>

const checkReportSchema = z.object({
  check: z.enum(ciChecks),
  outcome: z.enum(checkOutcomes),
  /** One sentence without anything that was measured in time, so that it may go into a package. */
  summary: z.string(),
  findings: z.array(findingSchema),
  /** What was measured, by name: `late requests/s`. */
  figures: z.record(z.string(), z.number()),
  seconds: z.number(),
})
export type CheckReport = z.infer<typeof checkReportSchema>

const answerSchema = z.object({
  prediction: z.union([z.string(), z.number(), z.boolean()]),
  probability: z.number().nullable(),
})
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const goldenRequestsSchema = z.record(
  z.string(),
  z.object({
    /** The model that gave the answers; another one may answer differently. Null where nobody said. */
    model: z.string().nullable().default(null),
    requests: z.array(z.object({ request: z.record(z.string(), scalar), answer: answerSchema.optional() })),
  }),
)
/** Requests by endpoint that must go on being answered, with the answers that were given. */
export type GoldenRequests = z.infer<typeof goldenRequestsSchema>
export { goldenRequestsSchema }

const modelFactsSchema = z.object({
  model: z.string(),
  modelHash: z.string(),
  bytes: z.number(),
  inputs: z.array(z.string()),
  trainedRows: z.number(),
  metrics: scoresSchema,
  baseline: scoresSchema.nullable(),
  verdicts: z.array(z.object({ gate: z.string(), passed: z.boolean(), message: z.string() })),
  trainSeconds: z.number(),
  /** Probability from which a row is called positive. */
  threshold: z.number(),
  /** Test rows with what was true of them, their scores and the segments that each belongs to, ordered by key. */
  rows: z.array(
    z.object({
      key: z.string(),
      /** binary: 0 or 1; multiclass: index of the class; regression: the value. Null for a class that training never saw. */
      target: z.number().nullable(),
      score: z.union([z.number(), z.array(z.number())]),
      segments: z.record(z.string(), z.string().nullable()),
    }),
  ),
})
/** What the sample says of a model, for comparison with the branch that it goes to. */
export type ModelFacts = z.infer<typeof modelFactsSchema>

export const ciReportSchema = z.object({
  project: z.string(),
  definitionHash: z.string().nullable(),
  commit: z.string().nullable(),
  branch: z.string().nullable(),
  dirty: z.boolean().nullable(),
  millwright: z.string(),
  /** Whether all the data were taken, or a sample. */
  full: z.boolean(),
  outcome: z.enum(['passed', 'failed']),
  checks: z.array(checkReportSchema),
  models: z.array(modelFactsSchema),
  golden: goldenRequestsSchema,
  seconds: z.number(),
})
export type CiReport = z.infer<typeof ciReportSchema>
