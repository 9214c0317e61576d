import * as z from 'zod'
import { trackedRunStatuses } from './tracking.ts'

/** What stands in a lineage. Each is made from what its edges come from. */
const lineageKinds = [
  'dataset version',
  'code',
  'definition',
  'run',
  'step',
  'logged dataset',
  'tracked run',
  'logged model',
  'model version',
  'features',
  'endpoint',
  'prediction',
  'label',
] as const

const lineageNodeSchema = z.object({
  id: z.string(),
  kind: z.enum(lineageKinds),
  title: z.string(),
  /** In a few words. */
  detail: z.string(),
  /** As events name it; null of what has no place of its own. */
  subject: z.string().nullable(),
  state: z.enum(['good', 'warning', 'bad', 'working', 'idle']),
})
export type LineageNode = z.infer<typeof lineageNodeSchema>

export const lineageGraphSchema = z.object({
  /** In topological order. */
  nodes: z.array(lineageNodeSchema),
  edges: z.array(z.object({ from: z.string(), to: z.string() })),
})
/** What came of what: a graph without circles. */
export type LineageGraph = z.infer<typeof lineageGraphSchema>

/** Of something that a version names by its id: `removed` was here once, `unknown` never. */
const presences = ['here', 'deleted', 'removed', 'unknown'] as const
export type Presence = (typeof presences)[number]

const loggedInputSchema = z.object({
  name: z.string(),
  digest: z.string(),
  /** What it was read for, such as `training`. */
  context: z.string().nullable(),
  /** The dataset version of ours that it is of; null of other data. */
  version: z.string().nullable(),
  /** `logged-dataset:<experiment>/<name>/<digest>`, name and digest encoded. */
  subject: z.string(),
})
export type LoggedInput = z.infer<typeof loggedInputSchema>

const originRunSchema = z.object({
  id: z.string(),
  presence: z.enum(presences),
  /** Null of what is not here, as is all that follows. */
  name: z.string().nullable(),
  user: z.string().nullable(),
  status: z.enum(trackedRunStatuses).nullable(),
  experiment: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** As the client says it. */
  commit: z.string().nullable(),
  /** The script, as the client says it. */
  script: z.string().nullable(),
})

const originModelSchema = z.object({
  id: z.string(),
  presence: z.enum(presences),
  /** Null of what is not here. */
  name: z.string().nullable(),
})

export const trackedOriginSchema = z.object({
  /** Null of files that are no logged model. */
  model: originModelSchema.nullable(),
  /** That made it; null where nobody said. */
  run: originRunSchema.nullable(),
  /** Id of the step whose program the run is of: `<run>/<step>`. */
  step: z.string().nullable(),
  /** Datasets that the run logged as read. */
  inputs: z.array(loggedInputSchema),
  /** Ids of logged models that it read. */
  models: z.array(z.string()),
  /** Dataset versions of ours that the steps before read. */
  reads: z.array(z.string()),
})
/** Where a version comes from that a client of MLflow registered, as far as it was logged here. */
export type TrackedOrigin = z.infer<typeof trackedOriginSchema>
