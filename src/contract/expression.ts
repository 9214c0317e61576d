import * as z from 'zod'

/**
 * A computation over the columns of one row, as data. One evaluator (`src/domain/data/expression.ts`) reads it, in batch and in
 * the prediction service alike, so a value cannot be computed one way for training and another way for serving.
 *
 * Times are UTC milliseconds; a local time is the wall clock written as if it were UTC. A missing operand makes the
 * result missing, except where an operator says otherwise.
 */
export type Expression =
  | { op: 'column'; column: string }
  | { op: 'literal'; value: number | string | boolean | null }
  | { op: 'add' | 'subtract' | 'multiply' | 'divide'; left: Expression; right: Expression }
  | {
      op: 'at-least' | 'at-most' | 'greater' | 'less' | 'equal' | 'not-equal'
      left: Expression
      right: Expression
    }
  | { op: 'and' | 'or'; of: Expression[] }
  | { op: 'not' | 'is-missing'; of: Expression }
  /** A part of the calendar of a UTC time, on the clocks of `zone` (an IANA name), or of UTC without one. Weekday: Monday is 1. */
  | { op: 'calendar'; part: CalendarPart; time: Expression; zone: Expression | null }
  /** The UTC time at which the clocks of `zone` showed `local`. A time that was skipped moves forward, a doubled one is its first. */
  | { op: 'utc'; local: Expression; zone: Expression }
  /** The IANA time zone at a place, in degrees. */
  | { op: 'zone-at'; latitude: Expression; longitude: Expression }
  /** A column of the entity's own dataset, of the row whose key is `key`. */
  | { op: 'attribute'; entity: string; key: Expression; attribute: string }
  /** Labels for ranges: `bounds` ascending, `labels` one longer; a value equal to a bound belongs to the upper range. */
  | { op: 'bucket'; of: Expression; bounds: number[]; labels: string[] }
  | { op: 'join'; of: Expression[]; separator: string }
  /** `<first 12 hex digits of the file's SHA-256>-<row number from 0>`: a key for rows that have none. Batch sources only. */
  | { op: 'row-key' }

export const calendarParts = ['minute-of-day', 'hour', 'weekday', 'day-of-month', 'month', 'day-of-year'] as const
export type CalendarPart = (typeof calendarParts)[number]

export const expressionSchema: z.ZodType<Expression> = z.lazy(() =>
  z.discriminatedUnion('op', [
    z.object({ op: z.literal('column'), column: z.string() }),
    z.object({ op: z.literal('literal'), value: z.union([z.number(), z.string(), z.boolean(), z.null()]) }),
    z.object({
      op: z.enum(['add', 'subtract', 'multiply', 'divide']),
      left: expressionSchema,
      right: expressionSchema,
    }),
    z.object({
      op: z.enum(['at-least', 'at-most', 'greater', 'less', 'equal', 'not-equal']),
      left: expressionSchema,
      right: expressionSchema,
    }),
    z.object({ op: z.enum(['and', 'or']), of: z.array(expressionSchema) }),
    z.object({ op: z.enum(['not', 'is-missing']), of: expressionSchema }),
    z.object({
      op: z.literal('calendar'),
      part: z.enum(calendarParts),
      time: expressionSchema,
      zone: expressionSchema.nullable(),
    }),
    z.object({ op: z.literal('utc'), local: expressionSchema, zone: expressionSchema }),
    z.object({ op: z.literal('zone-at'), latitude: expressionSchema, longitude: expressionSchema }),
    z.object({ op: z.literal('attribute'), entity: z.string(), key: expressionSchema, attribute: z.string() }),
    z.object({
      op: z.literal('bucket'),
      of: expressionSchema,
      bounds: z.array(z.number()),
      labels: z.array(z.string()),
    }),
    z.object({ op: z.literal('join'), of: z.array(expressionSchema), separator: z.string() }),
    z.object({ op: z.literal('row-key') }),
  ]),
)
