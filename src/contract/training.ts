import * as z from 'zod'

/** What the inputs of a model looked like in training: what drift is measured against. */
export const referenceSchema = z.object({
  rows: z.number().int(),
  columns: z.array(
    z.discriminatedUnion('kind', [
      /** Counts on fixed edges, with one bin below and one above, and of missing values. */
      z.object({
        kind: z.literal('numeric'),
        name: z.string(),
        edges: z.array(z.number()),
        counts: z.array(z.number()),
        missing: z.number(),
      }),
      z.object({
        kind: z.literal('categorical'),
        name: z.string(),
        values: z.array(z.string()),
        counts: z.array(z.number()),
        missing: z.number(),
      }),
    ]),
  ),
})
export type Reference = z.infer<typeof referenceSchema>

/** Rows with the answers of the evaluation, for checks wherever the model is served. */
export const goldenSchema = z.object({
  inputs: z.array(z.string()),
  rows: z.array(z.array(z.union([z.number(), z.string(), z.null()]))),
  /** Probability of yes, value, or probability of each class. */
  scores: z.array(z.union([z.number(), z.array(z.number())])),
  /** Requests as somebody would send them. */
  requests: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
})
export type Golden = z.infer<typeof goldenSchema>
