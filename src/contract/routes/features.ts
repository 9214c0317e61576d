import * as z from 'zod'
import { consumerSchema } from '../data.ts'
import { featureViewSchema } from '../definition.ts'
import { route } from '../route.ts'
import { timeInAddressSchema } from '../time.ts'
import { referenceSchema } from '../training.ts'

const byView = z.object({ view: z.string() })

export const featureRoutes = {
  featureViews: route({
    method: 'GET',
    path: '/api/feature-views',
    group: 'features',
    summary: 'Feature views: until when each knows something, what uses it, and entities that it often sees',
    response: z.object({
      views: z.array(
        z.object({
          definition: featureViewSchema,
          /** Time of the newest event that it knows; null without one. */
          until: z.number().nullable(),
          consumers: z.array(consumerSchema),
          /** Keys of entities, the most frequent first. */
          entities: z.array(z.string()),
        }),
      ),
    }),
  }),
  featureValues: route({
    method: 'GET',
    path: '/api/feature-views/{view}/values',
    group: 'features',
    summary: 'What is known of an entity as of a time, and how it came to that: by the definition in force',
    params: byView,
    query: z.object({
      entity: z.string().min(1),
      /** UTC milliseconds; now, by the project's clock, where nothing is said. */
      at: timeInAddressSchema.optional(),
      /** How far back to look too, in milliseconds, in equal steps that end at `at`. */
      over: z.coerce.number().min(0).max(8.64e15).default(0),
      steps: z.coerce.number().int().min(1).max(500).default(1),
    }),
    response: z.object({
      times: z.array(z.number()),
      /** By the name of the feature, a value for each of the times; null where there is nothing in the window. */
      values: z.record(z.string(), z.array(z.number().nullable())),
      /** Time of the entity's newest event by then; null without one. */
      newest: z.number().nullable(),
      /** Events that the windows hold in all. */
      events: z.number().int(),
      /** Whether the entity is in its list; null of an entity that none lists. */
      isListed: z.boolean().nullable(),
    }),
  }),
  featureSpreads: route({
    method: 'GET',
    path: '/api/feature-views/{view}/spreads',
    group: 'features',
    summary: 'How the values of a view were spread in training, beside those that serving versions were lately given',
    params: byView,
    response: z.object({
      spreads: z.array(
        z.object({
          endpoint: z.string(),
          /** The version that serves. */
          version: z.string(),
          input: z.string(),
          feature: z.string(),
          /** The column of the request that names the entity. */
          by: z.string(),
          training: referenceSchema.shape.columns.element,
          /** Counts of what it was given on the same bins, missing values last. */
          counts: z.array(z.number()),
          /** Answers that were looked at, and the time from which on. */
          answers: z.number().int(),
          since: z.number().nullable(),
          /** Jensen-Shannon distance, base 2, and the one from which on it counts as drift; null without answers. */
          distance: z.number().nullable(),
          mayBe: z.number().nullable(),
          /** The monitor that watches it; null where none does. */
          monitor: z.string().nullable(),
        }),
      ),
    }),
  }),
}
