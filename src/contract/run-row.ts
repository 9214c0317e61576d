import * as z from 'zod'
import { modelVersionStates, runStates } from './states.ts'

/** What a table of very many runs needs of each, and no more. */
export const runRowSchema = z.object({
  id: z.string(),
  pipeline: z.string(),
  state: z.enum(runStates),
  startedBy: z.string(),
  reason: z.string(),
  params: z.record(z.string(), z.json()),
  commit: z.string().nullable(),
  environmentName: z.string().nullable(),
  /** Project time of the start. */
  time: z.number(),
  /** Wall-clock UTC milliseconds. */
  queuedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** Cut after its first 300 characters. */
  error: z.string().nullable(),
  /** The version of a model that it made, with its gates counted and its figures on the test rows. */
  model: z
    .object({
      version: z.string(),
      state: z.enum(modelVersionStates),
      passed: z.number().int(),
      gates: z.number().int(),
      metrics: z.record(z.string(), z.number()),
    })
    .nullable(),
})
export type RunRow = z.infer<typeof runRowSchema>
