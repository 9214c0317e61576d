import * as z from 'zod'

const sideKinds = ['run', 'package', 'definition', 'environment'] as const
const sideSchema = z.object({ kind: z.enum(sideKinds), id: z.string() })
const differenceSchema = z.object({ path: z.string(), from: z.json().nullable(), to: z.json().nullable() })
const thingSchema = z.object({ hash: z.string(), size: z.number() })

export const diffSchema = z.object({
  a: sideSchema,
  b: sideSchema,
  /** What could be compared; the rest is empty because one of the two has none of it. */
  compared: z.array(z.string()),
  equal: z.boolean(),
  parameters: z.array(differenceSchema),
  settings: z.array(differenceSchema),
  /** Rules of environments; of runs, where they happened: Millwright, Node, platform, environment. */
  environment: z.array(differenceSchema),
  definition: z.array(
    z.object({
      action: z.enum(['add', 'change', 'remove']),
      what: z.string(),
      differences: z.array(differenceSchema),
    }),
  ),
  /** Files of the package; lines are counted where both are text. */
  code: z.array(
    z.object({
      path: z.string(),
      action: z.enum(['add', 'change', 'remove']),
      linesAdded: z.number().int().nullable(),
      linesRemoved: z.number().int().nullable(),
    }),
  ),
  /** Of the npm lockfile, by where a package is installed. */
  packages: z.array(z.object({ name: z.string(), from: z.string().nullable(), to: z.string().nullable() })),
  data: z.array(
    z.object({
      dataset: z.string(),
      from: z.number().int().nullable(),
      to: z.number().int().nullable(),
      batchesAdded: z.number().int(),
      batchesRemoved: z.number().int(),
      rows: z.number().int(),
      /** Statistics of columns that moved. */
      columns: z.array(
        z.object({ column: z.string(), statistic: z.string(), from: z.number().nullable(), to: z.number().nullable() }),
      ),
    }),
  ),
  /** On the test rows of each run; the interval (95 %) takes the two for independent, so it is wide where the rows are the same. */
  metrics: z.array(
    z.object({
      metric: z.string(),
      from: z.number().nullable(),
      to: z.number().nullable(),
      difference: z.number().nullable(),
      low: z.number().nullable(),
      high: z.number().nullable(),
    }),
  ),
  artifacts: z.array(
    z.object({ step: z.string(), artifact: z.string(), from: thingSchema.nullable(), to: thingSchema.nullable() }),
  ),
})
/** How two runs, packages, definitions or environments differ. */
export type Diff = z.infer<typeof diffSchema>
