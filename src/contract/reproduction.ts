import * as z from 'zod'
import { batchSchema, datasetStateSchema, datasetVersionSchema } from './data.ts'
import { definitionSchema } from './definition.ts'
import { modelVersionSchema } from './model.ts'
import { pipelineSchema } from './pipeline.ts'
import { environmentSchema, runSchema, stepExecutionSchema } from './run.ts'
import { stepStates } from './states.ts'

/** The execution that made what a step or an element holds: an earlier run's where it was reused. */
const madeSchema = z.object({ runId: z.string(), from: z.number().nullable(), to: z.number().nullable() })
const executedStepSchema = stepExecutionSchema.extend({
  made: madeSchema,
  /** Its elements in their order, where it ran for each of a list; null otherwise. */
  fanOut: z
    .array(
      stepExecutionSchema
        .pick({ index: true, element: true, state: true, output: true, artifacts: true, error: true })
        .extend({ made: madeSchema }),
    )
    .nullable(),
})
/** A step's own record, with what it was made by and from. */
export type ExecutedStep = z.infer<typeof executedStepSchema>

export const runInputsSchema = z.object({
  run: runSchema,
  steps: z.array(executedStepSchema),
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

/** `identical` is also a step that failed then, and fails again in the same way. */
const stepVerdicts = ['identical', 'different', 'as-recorded', 'not-made'] as const
/** Something that a step left; of a fan-out, which element left it. */
const leftSchema = z.object({
  name: z.string(),
  /** Place and value of the element; null for what is the step's own. */
  index: z.number().int().nullable().default(null),
  element: z.json().default(null),
  recorded: z.string().nullable(),
  again: z.string().nullable(),
})
const stepComparisonSchema = z.object({
  step: z.string(),
  /** How it ended, and how it did when it was made again; null where it did not run. */
  endedThen: z.enum(stepStates).nullable().default(null),
  endedNow: z.enum(stepStates).nullable().default(null),
  /** `as-recorded`: it changes the world, so it was not run, and what needs it was given what it had made. */
  verdict: z.enum(stepVerdicts),
  artifacts: z.array(leftSchema.extend({ type: z.string() })),
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
      artifact: leftSchema.shape.name,
      index: leftSchema.shape.index,
      element: leftSchema.shape.element,
      recorded: leftSchema.shape.recorded,
      again: leftSchema.shape.again,
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
  /** The machine that made it again: what it calls itself, and the address that the control plane saw. */
  machine: z.object({ name: z.string(), address: z.string() }).nullable().default(null),
  /** Wall-clock UTC milliseconds. */
  at: z.number(),
})
/** A run that somebody made again, with what came of it. */
export type ReproductionRecord = z.infer<typeof reproductionSchema>
