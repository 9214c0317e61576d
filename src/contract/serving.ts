import * as z from 'zod'
import { endpointSchema, featureViewSchema, modelSchema } from './definition.ts'
import { modelVersionSchema } from './model.ts'
import { deploymentStates } from './states.ts'

export const deploymentSchema = z.object({
  id: z.string(),
  endpoint: z.string(),
  version: z.string(),
  state: z.enum(deploymentStates),
  /** Index into the rollout's steps, and the share of traffic of that step. */
  step: z.number().int(),
  share: z.number(),
  /** The version that served before; rollback returns to it. */
  previous: z.string().nullable(),
  /** Project times. */
  startedAt: z.number(),
  stepStartedAt: z.number(),
  endedAt: z.number().nullable(),
  reason: z.string(),
  startedBy: z.string(),
})
export type DeploymentRecord = z.infer<typeof deploymentSchema>

export const endpointRecordSchema = z.object({
  id: z.string(),
  definition: endpointSchema,
  /** The version that answers when no rollout is on its way; null before the first. */
  serving: z.string().nullable(),
  /** The version that answers in the shadow for comparison, if the endpoint keeps one. */
  frozen: z.string().nullable(),
  /** Version without a training set → blob of what it was first asked, which drift is measured against. */
  references: z.record(z.string(), z.string()).optional(),
})
export type EndpointRecord = z.infer<typeof endpointRecordSchema>

export const slotRoles = ['primary', 'canary', 'shadow', 'candidate'] as const
const slotSchema = z.object({
  role: z.enum(slotRoles),
  /** Share of traffic; 0 of shadows and candidates. */
  share: z.number(),
  version: modelVersionSchema,
  /** How its inputs are computed; null of a model whose request is its input. */
  model: modelSchema.nullable(),
  /** Files of a Python model by their paths within its folder; null of others. */
  files: z
    .array(z.object({ path: z.string(), hash: z.string(), size: z.number() }))
    .nullable()
    .default(null),
})
export type Slot = z.infer<typeof slotSchema>

export const capabilitiesSchema = z.object({
  /** That it may still take. */
  freeMemoryMb: z.number(),
  cores: z.number().int(),
  /** Those that a model may ask for, with their versions; one that is not installed is not there. */
  packages: z.record(z.string(), z.string()),
  accelerators: z.array(z.string()),
})
/** What a prediction service has to offer to a model. */
export type Capabilities = z.infer<typeof capabilitiesSchema>

/** What the prediction services are to serve. A new plan has a new revision. */
export const servingPlanSchema = z.object({
  revision: z.string(),
  endpoints: z.array(z.object({ endpoint: endpointSchema, slots: z.array(slotSchema) })),
  /** What the versions were trained by: each answers by its own definition, whatever is in force since. */
  definitions: z.array(
    z.object({
      /** As the versions name it. */
      hash: z.string(),
      datasets: z.array(z.looseObject({ name: z.string() })),
      featureViews: z.array(featureViewSchema),
    }),
  ),
  /** Entity → the blob with its attributes. */
  entities: z.array(z.object({ entity: z.string(), key: z.string(), hash: z.string() })),
  /** Dataset → how often it returned to an earlier version; those that never did are left out. */
  epochs: z.record(z.string(), z.number()).optional(),
})
export type ServingPlan = z.infer<typeof servingPlanSchema>

const versionTrafficSchema = z.object({
  version: z.string(),
  role: z.enum(slotRoles),
  answers: z.number().int(),
  errors: z.number().int(),
  /** At the times of the whole. */
  perSecond: z.array(z.number()),
  errorsPerSecond: z.array(z.number()),
  p95Ms: z.array(z.number().nullable()),
  /** Answers by the upper end of their latency. */
  latency: z.array(z.object({ toMs: z.number(), count: z.number().int() })),
  quantilesMs: z.object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() }),
})

export const endpointTrafficSchema = z.object({
  /** Wall-clock time from which on answers were counted, a quarter of an hour ago at most. */
  since: z.number(),
  /** Wall-clock middles of the buckets, ten seconds each. */
  times: z.array(z.number()),
  versions: z.array(versionTrafficSchema),
  /** Age of the features of the newest answer; null without features. */
  featureAgeMs: z.number().nullable(),
})
/** What an endpoint answered lately, from the prediction log as it arrives. */
export type EndpointTraffic = z.infer<typeof endpointTrafficSchema>

const stepFiguresSchema = z.object({
  answers: z.number().int(),
  errors: z.number().int(),
  p95Ms: z.number().nullable(),
  meanScore: z.number().nullable(),
})
export const rolloutStandingSchema = z.object({
  deployment: z.string(),
  /** What the watch would do now. */
  action: z.enum(['wait', 'advance', 'roll-back']),
  /** Why, with the figures. */
  because: z.string(),
  heldMs: z.number(),
  canary: stepFiguresSchema,
  primary: stepFiguresSchema,
})
/** How a rollout stands in its step: what is judged, and what follows from it. */
export type RolloutStanding = z.infer<typeof rolloutStandingSchema>

export const predictorSchema = z.object({
  predictor: z.string(),
  address: z.string(),
  /** Milliseconds since it last said where it stands. */
  heardAgoMs: z.number(),
  /** Whether it serves the plan of now. */
  servesPlan: z.boolean(),
  revision: z.string(),
  /** Records of the feature log that it has not taken in yet. */
  featuresBehind: z.number().int(),
  /** Predictions that were not logged, and requests that were refused, since it started. */
  dropped: z.number().int(),
  refused: z.record(z.string(), z.number()),
  faults: z.array(z.object({ version: z.string(), message: z.string() })),
  /** Versions whose packages are being installed, or that are being started. */
  preparing: z.array(z.string()),
  capabilities: capabilitiesSchema.nullable(),
})

/** One line of the prediction log. */
export interface PredictionRecord {
  /** `<segment>:<line>`: finds the line again. */
  id: string
  /** The request's own id, echoed. */
  requestId: string
  endpoint: string
  version: string
  role: (typeof slotRoles)[number]
  /** Key of the row, by which its label is found; null where the request had none. */
  key: string | null
  /** Project time of the answer. */
  time: number
  /** Event time of the row. */
  eventTime: number
  /** Request columns as sent; empty of a model file, whose inputs are the request. */
  request: Record<string, string | number | boolean | null>
  /** Model inputs by name as computed; a missing one is null. Of a tensor with several values a row, `name.0`, `name.1`, … */
  inputs: Record<string, string | number | null>
  /** Age of the newest feature event, in milliseconds; null without features. */
  featureAgeMs: number | null
  /** Probability of yes, value, or probability of each class. */
  score: number | number[] | null
  output: string | number | boolean | null
  error: string | null
  /** Wall time from arrival to answer of the request that it was part of, microseconds. */
  latencyUs: number
}
