import * as z from 'zod'
import { route } from '../route.ts'

/** Kinds of things that have a name or an id to be found by. */
const foundKinds = [
  'pipeline',
  'run',
  'dataset',
  'feature-view',
  'model',
  'model-version',
  'endpoint',
  'monitor',
  'trigger',
  'package',
  'experiment',
  'tracked-run',
] as const

export const foundSchema = z.object({
  kind: z.enum(foundKinds),
  id: z.string(),
  /** Where people know it by another name than its id. */
  name: z.string().optional(),
  /** What it is, in a few words. */
  detail: z.string(),
})
export type Found = z.infer<typeof foundSchema>

export const searchRoutes = {
  search: route({
    method: 'GET',
    path: '/api/search',
    group: 'project',
    summary:
      'Things of the project and experiments by a part of their name, runs of scripts by how their name begins or, of the newest 2,000, by a part of it, and runs, versions and packages by the first signs of their id',
    query: z.object({ text: z.string().max(200), limit: z.coerce.number().int().min(1).max(100).default(20) }),
    response: z.object({ found: z.array(foundSchema) }),
  }),
}
