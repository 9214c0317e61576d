import * as z from 'zod'

/** What stands in a lineage. Each is made from what its edges come from. */
const lineageKinds = [
  'dataset version',
  'code',
  'definition',
  'run',
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
