import * as z from 'zod'
import { figureSchema } from './model.ts'

/** What a monitor saw in one period. */
export const measurementSchema = z.object({
  /** `<monitor>/<period start>` and, for a version in the shadow, `/<version>`. */
  id: z.string(),
  monitor: z.string(),
  endpoint: z.string(),
  kind: z.enum(['drift', 'quality', 'service']),
  /** Project time, UTC: `[from, to)` by event time. */
  from: z.number(),
  to: z.number(),
  version: z.string(),
  role: z.string(),
  /** Predictions, and those of them whose label has arrived. */
  predictions: z.number().int(),
  labelled: z.number().int(),
  /** Metric, feature or service figure → value with interval. */
  figures: z.record(z.string(), figureSchema),
  /** Figures that broke their threshold, with the threshold. */
  broken: z.record(z.string(), z.number()),
  /** Figure → the bound that it was held against; periods that were measured before this was kept have none. */
  bounds: z.record(z.string(), z.number()).optional(),
})
export type MeasurementRecord = z.infer<typeof measurementSchema>

export const alertSchema = z.object({
  id: z.string(),
  monitor: z.string(),
  endpoint: z.string(),
  /** What broke: a metric, a feature, a service figure. */
  figure: z.string(),
  state: z.enum(['open', 'resolved']),
  message: z.string(),
  value: z.number(),
  threshold: z.number(),
  /** Project times. */
  raisedAt: z.number(),
  resolvedAt: z.number().nullable(),
})
export type AlertRecord = z.infer<typeof alertSchema>

export const periodComparisonSchema = z.object({
  version: z.string(),
  figure: z.string(),
  distance: z.number(),
  bound: z.number(),
  /** What chance alone lets expect of so many rows. */
  byChance: z.number(),
  /** Counts in what the version was trained on, or first asked, and in the period. */
  bins: z.array(z.object({ bin: z.string(), reference: z.number(), current: z.number() })),
})
/** One figure of drift, bin by bin. */
export type PeriodComparison = z.infer<typeof periodComparisonSchema>

/** What a trigger remembers. */
export const triggerStateSchema = z.object({
  id: z.string(),
  /** Project time of the last firing; null before the first. */
  firedAt: z.number().nullable(),
  fired: z.number().int(),
  /** The last run it started. */
  runId: z.string().nullable(),
})
export type TriggerRecord = z.infer<typeof triggerStateSchema>

/** What a trigger waits for. */
export const triggerOutlookSchema = z.object({
  /** Project time of the next firing, where a schedule says it. */
  at: z.number().nullable(),
  says: z.string(),
})
export type TriggerOutlook = z.infer<typeof triggerOutlookSchema>
