import * as z from 'zod'
import { checkResultSchema } from './package.ts'

const ciRunStates = ['running', 'passed', 'failed'] as const

export const ciRunSchema = z.object({
  id: z.string(),
  branch: z.string(),
  commit: z.string(),
  state: z.enum(ciRunStates),
  /** What each check said; empty while it runs, and when it ended without a word. */
  checks: z.array(checkResultSchema),
  /** Blobs: all that was found, as JSON, and what was printed. */
  report: z.string().nullable(),
  log: z.string().nullable(),
  /** The package that came of it. */
  package: z.string().nullable(),
  /** Whether that was put into force here, and what was missing when it was last tried. */
  deployed: z.boolean(),
  missing: z.array(z.string()),
  /** Why there is no package. */
  error: z.string().nullable(),
  /** Wall-clock UTC milliseconds. */
  startedAt: z.number(),
  endedAt: z.number().nullable(),
})
/** A commit that was found on a watched branch, and what became of it. */
export type CiRunRecord = z.infer<typeof ciRunSchema>
