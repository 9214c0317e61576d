import * as z from 'zod'
import { loggedModelStatuses, trackedRunStatuses } from './tracking.ts'

/** What screens show of experiments and runs of scripts. */

/** JSON has no word for these three. */
export const metricValueSchema = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
export type MetricValue = z.infer<typeof metricValueSchema>

const pairs = z.array(z.object({ key: z.string(), value: z.string() }))

export const experimentRowSchema = z.object({
  id: z.string(),
  name: z.string(),
  isDeleted: z.boolean(),
  /** Wall-clock UTC milliseconds. */
  createdAt: z.number(),
  changedAt: z.number(),
  tags: z.record(z.string(), z.string()),
  /** Runs that are not deleted. */
  runs: z.number().int(),
  running: z.number().int(),
  /** When a run last began or ended, UTC milliseconds; null without a run. */
  lastAt: z.number().nullable(),
})
export type ExperimentRow = z.infer<typeof experimentRowSchema>

const runSchema = z.object({
  /** 32 hexadecimal digits. */
  id: z.string(),
  experimentId: z.string(),
  name: z.string(),
  user: z.string(),
  status: z.enum(trackedRunStatuses),
  /** UTC milliseconds, as the script's clock has them; 0 where it said none. */
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  isDeleted: z.boolean(),
  deletedAt: z.number().nullable(),
})

/** A run with the columns that were asked for, each list in the order of the names; null where it has none. */
export const trackedRunRowSchema = z.object({
  run: runSchema,
  metrics: z.array(metricValueSchema.nullable()),
  params: z.array(z.string().nullable()),
  tags: z.array(z.string().nullable()),
})
export type TrackedRunRow = z.infer<typeof trackedRunRowSchema>

const modelSchema = z.object({
  id: z.string(),
  /** Null for one that is not here. */
  name: z.string().nullable(),
  status: z.enum(loggedModelStatuses).nullable(),
  modelType: z.string(),
})

/** One run with all that it has, but for the points of its metrics. */
export const trackedRunDetailSchema = z.object({
  run: runSchema,
  experiment: z.object({ id: z.string(), name: z.string() }),
  /** Of every metric the latest point. */
  metrics: z.array(z.object({ name: z.string(), value: metricValueSchema, step: z.number(), at: z.number() })),
  params: pairs,
  tags: pairs,
  /** Datasets that it read; a schema or profile is cut after 20,000 characters. */
  datasets: z.array(
    z.object({
      name: z.string(),
      digest: z.string(),
      sourceType: z.string(),
      source: z.string(),
      schema: z.string().nullable(),
      profile: z.string().nullable(),
      tags: pairs,
    }),
  ),
  modelsIn: z.array(modelSchema),
  modelsOut: z.array(modelSchema.extend({ step: z.number() })),
})
export type TrackedRunDetail = z.infer<typeof trackedRunDetailSchema>

export const courseAxes = ['step', 'time', 'relative'] as const
export type CourseAxis = (typeof courseAxes)[number]

/** A metric of a run over an axis: all its points, or so many stretches of them as there is room for. */
export const metricCourseSchema = z.object({
  run: z.string(),
  /** Points within the range; of a sampled course those that were read. */
  points: z.number().int(),
  /** True where there are so many that only some of each stretch were read. */
  isSampled: z.boolean(),
  /** Points that are NaN or infinite; they are no part of the values. */
  notFinite: z.number().int(),
  /** Ascending: steps, UTC milliseconds, or milliseconds since the run began; of a stretch where it begins. */
  xs: z.array(z.number()),
  /** The value, or the mean of a stretch; null where none of it is finite. */
  values: z.array(z.number().nullable()),
  /** The least and the greatest of each stretch; absent where every point is there. */
  low: z.array(z.number().nullable()).optional(),
  high: z.array(z.number().nullable()).optional(),
})
export type MetricCourse = z.infer<typeof metricCourseSchema>

export const metricCoursesSchema = z.object({
  /** How long a stretch is, in the unit of the axis; null where every point is there. */
  width: z.number().nullable(),
  courses: z.array(metricCourseSchema),
})
