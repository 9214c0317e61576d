import * as z from 'zod'
import { monitorSchema, triggerSchema } from '../definition.ts'
import { approvalSchema } from '../delivery.ts'
import { eventSchema } from '../events.ts'
import { lineageGraphSchema, trackedOriginSchema } from '../lineage.ts'
import { figureSchema, verdictSchema } from '../model.ts'
import {
  alertSchema,
  measurementSchema,
  periodComparisonSchema,
  triggerOutlookSchema,
  triggerStateSchema,
} from '../monitoring.ts'
import { route } from '../route.ts'
import { runSchema } from '../run.ts'
import { deploymentSchema } from '../serving.ts'
import { timeInAddressSchema, timeSchema } from '../time.ts'

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
      from: timeInAddressSchema.optional(),
      to: timeInAddressSchema.optional(),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000),
    }),
    response: z.object({ measurements: z.array(measurementSchema) }),
  }),
  monitorPeriod: route({
    method: 'GET',
    path: '/api/monitors/{monitor}/periods/{from}',
    group: 'monitoring',
    summary:
      'One period of a monitor: what it measured, a figure of drift bin by bin, its alerts, and what they started',
    params: z.object({ monitor: z.string(), from: timeInAddressSchema }),
    query: z.object({ figure: z.string().optional() }),
    response: z.object({
      measurements: z.array(measurementSchema),
      /** Null without a figure, and of monitors that compare no distributions. */
      comparison: periodComparisonSchema.nullable(),
      alerts: z.array(alertSchema),
      /** Triggers that fired by one of the alerts. */
      fired: z.array(eventSchema),
    }),
  }),
  alerts: route({
    method: 'GET',
    path: '/api/alerts',
    group: 'monitoring',
    summary: 'Alerts, newest first',
    query: z.object({
      state: z.enum(['open', 'resolved']).optional(),
      monitor: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    response: z.object({ alerts: z.array(alertSchema) }),
  }),
  triggers: route({
    method: 'GET',
    path: '/api/triggers',
    group: 'monitoring',
    summary: 'Triggers with when and how often each fired, and what it waits for',
    response: z.object({
      triggers: z.array(
        z.object({
          definition: triggerSchema,
          state: triggerStateSchema.nullable(),
          outlook: triggerOutlookSchema,
        }),
      ),
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
      from: timeInAddressSchema.optional(),
      to: timeInAddressSchema.optional(),
      /** `newest` looks at a bounded number of lines, from the newest back. */
      order: z.enum(['oldest', 'newest']).default('oldest'),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
    }),
    response: z.object({
      predictions: z.array(z.looseObject({ id: z.string() })),
      /** Of the newest: back to when was looked; null when that is all there is. */
      searchedTo: z.number().nullable(),
    }),
  }),
  quality: route({
    method: 'GET',
    path: '/api/quality',
    group: 'monitoring',
    summary:
      'Metrics over a stretch of time, from logged predictions and the labels that arrived: of what was answered, and of the frozen version on the same rows',
    query: z.object({ endpoint: z.string(), from: timeInAddressSchema, to: timeInAddressSchema }),
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
    query: z.object({ endpoint: z.string().optional() }),
    response: z.object({
      record: z.looseObject({ id: z.string() }),
      /** What came true; null while that is not known. */
      label: z.union([z.string(), z.number()]).nullable(),
      graph: lineageGraphSchema,
      /** That brought its version to the endpoint. */
      rollout: deploymentSchema.nullable(),
      /** Of a pipeline: that made the version, or whose step the tracked run is of. */
      run: runSchema.nullable(),
      /** What a client of MLflow logged of the version; null of one that no client registered. */
      tracked: trackedOriginSchema.nullable(),
      /** Who or what made or registered the version; null when that is gone. */
      madeBy: z.string().nullable(),
      gates: z.array(verdictSchema),
      /** Of the package with the code of the run. */
      approvals: z.array(approvalSchema),
      steps: z.array(z.object({ what: z.string(), name: z.string(), detail: z.record(z.string(), z.json()) })),
    }),
  }),
  postLabels: route({
    role: 'service',
    method: 'POST',
    repeatable: true,
    path: '/api/labels',
    group: 'monitoring',
    summary: 'Labels of predictions of a model that has no dataset; the last one of a key counts',
    body: z.object({
      endpoint: z.string(),
      labels: z.array(
        z.object({
          key: z.string(),
          value: z.union([z.number(), z.string(), z.boolean()]),
          time: timeSchema.optional(),
        }),
      ),
    }),
    response: z.object({ accepted: z.number() }),
    bodyLimit: 32 << 20,
  }),
}
