import * as z from 'zod'
import { monitorSchema, triggerSchema } from '../definition.ts'
import { figureSchema } from '../model.ts'
import { alertSchema, measurementSchema, triggerStateSchema } from '../monitoring.ts'
import { route } from '../route.ts'

export const monitoringRoutes = {
  monitors: route({
    method: 'GET',
    path: '/api/monitors',
    group: 'monitoring',
    summary: 'Monitors with what each saw last, and open alerts',
    response: z.object({
      monitors: z.array(z.object({ definition: monitorSchema, latest: z.array(measurementSchema) })),
      alerts: z.array(alertSchema),
    }),
  }),
  measurements: route({
    method: 'GET',
    path: '/api/measurements',
    group: 'monitoring',
    summary: 'What monitors saw, by period',
    query: z.object({
      monitor: z.string().optional(),
      endpoint: z.string().optional(),
      kind: z.enum(['drift', 'quality', 'service']).optional(),
      version: z.string().optional(),
      from: z.coerce.number().optional(),
      to: z.coerce.number().optional(),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000),
    }),
    response: z.object({ measurements: z.array(measurementSchema) }),
  }),
  alerts: route({
    method: 'GET',
    path: '/api/alerts',
    group: 'monitoring',
    summary: 'Alerts, newest first',
    query: z.object({
      state: z.enum(['open', 'resolved']).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    response: z.object({ alerts: z.array(alertSchema) }),
  }),
  triggers: route({
    method: 'GET',
    path: '/api/triggers',
    group: 'monitoring',
    summary: 'Triggers with when and how often each fired',
    response: z.object({
      triggers: z.array(z.object({ definition: triggerSchema, state: triggerStateSchema.nullable() })),
    }),
  }),
  predictions: route({
    method: 'GET',
    path: '/api/predictions',
    group: 'monitoring',
    summary: 'Logged predictions, by id or by key',
    query: z.object({
      endpoint: z.string(),
      id: z.string().optional(),
      key: z.string().optional(),
      from: z.coerce.number().optional(),
      to: z.coerce.number().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
    }),
    response: z.object({ predictions: z.array(z.looseObject({ id: z.string() })) }),
  }),
  quality: route({
    method: 'GET',
    path: '/api/quality',
    group: 'monitoring',
    summary:
      'Metrics over a stretch of time, from logged predictions and the labels that arrived: of what was answered, and of the frozen version on the same rows',
    query: z.object({ endpoint: z.string(), from: z.coerce.number(), to: z.coerce.number() }),
    response: z.object({
      groups: z.array(
        z.object({
          group: z.enum(['served', 'frozen']),
          predictions: z.number(),
          labelled: z.number(),
          figures: z.record(z.string(), figureSchema),
        }),
      ),
    }),
  }),
  lineage: route({
    method: 'GET',
    path: '/api/predictions/{id}/lineage',
    group: 'monitoring',
    summary: 'One prediction back to its model, run, data versions, commit and approval',
    params: z.object({ id: z.string() }),
    query: z.object({ endpoint: z.string() }),
    response: z.object({
      steps: z.array(z.object({ what: z.string(), name: z.string(), detail: z.record(z.string(), z.json()) })),
    }),
  }),
  postLabels: route({
    role: 'service',
    method: 'POST',
    path: '/api/labels',
    group: 'monitoring',
    summary: 'Labels of predictions of a model that has no dataset; the last one of a key counts',
    body: z.object({
      endpoint: z.string(),
      labels: z.array(
        z.object({
          key: z.string(),
          value: z.union([z.number(), z.string(), z.boolean()]),
          time: z.number().optional(),
        }),
      ),
    }),
    response: z.object({ accepted: z.number() }),
    bodyLimit: 32 << 20,
  }),
}
