import * as z from 'zod'
import { eventSchema, severityLevels } from '../events.ts'
import { route } from '../route.ts'

const headSchema = z.object({ seq: z.number(), hash: z.string() })

export const eventRoutes = {
  events: route({
    method: 'GET',
    path: '/api/events',
    group: 'events',
    summary: 'The event log: newest first, or in order after a place',
    query: z.object({
      after: z.coerce.number().int().nonnegative().optional(),
      before: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      type: z.string().optional(),
      subject: z.string().optional(),
      stage: z.string().optional(),
      level: z.enum(severityLevels).optional(),
      actor: z.string().optional(),
      /** A part of the message, of the subject or of the actor. */
      text: z.string().max(200).optional(),
    }),
    response: z.object({ events: z.array(eventSchema), head: headSchema }),
  }),
  eventStream: route({
    method: 'GET',
    path: '/api/events/stream',
    group: 'events',
    summary: 'Events as they are sealed, as server-sent events; Last-Event-ID resumes',
    query: z.object({ after: z.coerce.number().int().nonnegative().optional() }),
    sends: 'events',
  }),
  verifyEvents: route({
    method: 'GET',
    path: '/api/events/verify',
    group: 'events',
    summary:
      'Read the whole chain and find the first event that does not fit; compare the head with what the prediction services witnessed',
    response: z.object({
      events: z.number(),
      head: headSchema,
      broken: z.object({ seq: z.number(), why: z.string() }).nullable(),
      witnesses: z.array(z.object({ predictor: z.string(), seq: z.number(), agrees: z.boolean() })),
    }),
  }),
}
