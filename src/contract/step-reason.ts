import * as z from 'zod'

/** Why an execution ran or was reused: what its key is made of, beside that of the execution it was compared with. */
export const stepReasonSchema = z.object({
  because: z.string(),
  /** The execution it was compared with; null when there is none, or when the step is never reused. */
  comparedWith: z.object({ execution: z.string(), run: z.string() }).nullable(),
  parts: z.array(
    z.object({
      /** `code train.ts`, `package zod`, `parameter rate`, `input rows`, … */
      name: z.string(),
      /** Hashes and versions, of parameters the values; null where it was no part. */
      before: z.json().nullable(),
      now: z.json().nullable(),
      changed: z.boolean(),
    }),
  ),
})
export type StepReason = z.infer<typeof stepReasonSchema>
