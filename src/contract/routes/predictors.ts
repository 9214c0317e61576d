import * as z from 'zod'
import { route } from '../route.ts'
import { capabilitiesSchema, predictorSchema, servingPlanSchema } from '../serving.ts'
import { timeSchema } from '../time.ts'

/** Between the control plane and its prediction services. */
export const predictorRoutes = {
  predictors: route({
    method: 'GET',
    path: '/api/predictors',
    group: 'predictors',
    summary: 'The prediction services that are connected, and where each stands',
    response: z.object({ predictors: z.array(predictorSchema) }),
  }),
  synchronise: route({
    role: 'service',
    method: 'POST',
    repeatable: true,
    path: '/api/predictors/{predictor}/sync',
    group: 'predictors',
    summary:
      'A prediction service says where it stands and is told, as soon as there is any, what is new: time, plan, features',
    params: z.object({ predictor: z.string() }),
    body: z.object({
      /** Where it answers: it is asked there on behalf of people and tests. */
      address: z.url({ protocol: /^https?$/ }),
      /** Revision of the plan it serves; '' before the first. */
      revision: z.string(),
      /** Slots that could not be loaded, with the reason. */
      faults: z.array(z.object({ version: z.string(), message: z.string() })).default([]),
      /** Slots that are not loaded yet: their packages are being installed, or they are being started. */
      preparing: z.array(z.string()).default([]),
      /** Place in the feature log up to which it has taken it in. */
      featureSeq: z.number().int(),
      clock: timeSchema,
      /** The event log's head as it last saw it. */
      witness: z.object({ seq: z.number().int().min(0), hash: z.string() }),
      /** Predictions that were not logged, since it started (best-effort logging only). */
      dropped: z.number().int().default(0),
      /** Endpoint → requests that were refused or failed, since it started. */
      refused: z.record(z.string(), z.number().int()).default({}),
      /** Null of one that does not say. */
      capabilities: capabilitiesSchema.nullable().default(null),
      /** Hold the answer this long if there is nothing new. */
      waitMs: z.number().int().max(30_000).default(10_000),
    }),
    response: z.object({
      clock: z.object({ mode: z.enum(['live', 'replay']), now: z.number() }),
      /** Null when it serves this revision already. */
      plan: servingPlanSchema.nullable(),
      /** Records of the feature log after `featureSeq`, in order, as base64. */
      features: z.array(z.object({ seq: z.number(), record: z.string() })),
      head: z.object({ seq: z.number(), hash: z.string() }),
      /** Whether the event that it saw last is here as it saw it. */
      agrees: z.boolean(),
    }),
  }),
  shipPredictions: route({
    role: 'service',
    method: 'PUT',
    repeatable: true,
    path: '/api/predictors/{predictor}/segments/{segment}',
    group: 'predictors',
    summary: 'Append bytes of a prediction log segment at an offset; what is there already is not taken twice',
    params: z.object({ predictor: z.string(), segment: z.string() }),
    query: z.object({ offset: z.coerce.number().int().nonnegative() }),
    takes: 'bytes',
    bodyLimit: 64 << 20,
    response: z.object({ size: z.number().int() }),
  }),
}
