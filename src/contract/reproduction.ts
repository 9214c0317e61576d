import * as z from 'zod'
import { batchSchema, datasetStateSchema, datasetVersionSchema } from './data.ts'
import { definitionSchema } from './definition.ts'
import { modelVersionSchema } from './model.ts'
import { pipelineSchema } from './pipeline.ts'
import { environmentSchema, runSchema, stepExecutionSchema } from './run.ts'

export const runInputsSchema = z.object({
  run: runSchema,
  /** Every step's own record, with the execution that made what it holds: an earlier run's where it was reused. */
  steps: z.array(
    stepExecutionSchema.extend({
      made: z.object({ runId: z.string(), from: z.number().nullable(), to: z.number().nullable() }),
    }),
  ),
  pipeline: pipelineSchema,
  definition: definitionSchema,
  /** The datasets that it read, as they were: up to the version that it read, and the batches that had come by then. */
  datasets: z.array(
    z.object({
      state: datasetStateSchema,
      versions: z.array(datasetVersionSchema),
      batches: z.array(batchSchema),
    }),
  ),
  /** Model versions that were in production then. */
  production: z.array(modelVersionSchema),
  /** Project time at which it looked at the world, UTC milliseconds. */
  moment: z.number(),
})
/** All that a run was made from, but for the bytes: those of its package, and of the blobs that these records name. */
export type RunInputs = z.infer<typeof runInputsSchema>

const causeKinds = ['code', 'data', 'parameter', 'seed', 'package', 'platform', 'not-deterministic', 'failed'] as const
const causeSchema = z.object({
  kind: z.enum(causeKinds),
  /** `steps/total.ts`, `flights@12`, `rate`, `zod`, `Node`. */
  what: z.string(),
  recorded: z.string().nullable(),
  again: z.string().nullable(),
})
/** Something that was otherwise when a run was made again. */
export type Cause = z.infer<typeof causeSchema>

const stepVerdicts = ['identical', 'different', 'as-recorded', 'not-made'] as const
const stepComparisonSchema = z.object({
  step: z.string(),
  /** `as-recorded`: it changes the world, so it was not run, and what needs it was given what it had made. */
  verdict: z.enum(stepVerdicts),
  artifacts: z.array(
    z.object({ name: z.string(), type: z.string(), recorded: z.string().nullable(), again: z.string().nullable() }),
  ),
})
export type StepComparison = z.infer<typeof stepComparisonSchema>

export const reproductionReportSchema = z.object({
  run: z.string(),
  pipeline: z.string(),
  verdict: z.enum(['identical', 'different']),
  /** One sentence for people. */
  message: z.string(),
  steps: z.array(stepComparisonSchema),
  /** The first artifact that differs, in the order of the steps, and why. */
  first: z
    .object({
      step: z.string(),
      artifact: z.string(),
      recorded: z.string().nullable(),
      again: z.string().nullable(),
      causes: z.array(causeSchema),
    })
    .nullable(),
  /** Where it was made again. */
  environment: environmentSchema,
  seconds: z.number(),
})
export type ReproductionReport = z.infer<typeof reproductionReportSchema>

export const reproductionSchema = z.object({
  id: z.string(),
  runId: z.string(),
  verdict: reproductionReportSchema.shape.verdict,
  report: reproductionReportSchema,
  by: z.string(),
  /** Wall-clock UTC milliseconds. */
  at: z.number(),
})
/** A run that somebody made again, with what came of it. */
export type ReproductionRecord = z.infer<typeof reproductionSchema>
