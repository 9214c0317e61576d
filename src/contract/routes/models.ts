import * as z from 'zod'
import { briefSchema, endpointSchema } from '../definition.ts'
import { lineageGraphSchema } from '../lineage.ts'
import { aliasSchema, modelVersionSchema, verdictSchema } from '../model.ts'
import { route } from '../route.ts'
import { deploymentSchema, endpointRecordSchema, endpointTrafficSchema, rolloutStandingSchema } from '../serving.ts'

const byModel = z.object({ model: z.string() })
const byEndpoint = z.object({ endpoint: z.string() })
const endpointState = z.object({ endpoint: endpointRecordSchema, deployments: z.array(deploymentSchema) })

export const modelRoutes = {
  models: route({
    method: 'GET',
    path: '/api/models',
    group: 'models',
    summary: 'Models, with the brief they serve, aliases and newest version',
    response: z.object({
      models: z.array(
        z.object({
          model: z.string(),
          /** What clients that register models call it; `model` is the beginning of the ids of its versions. */
          name: z.string(),
          brief: briefSchema.nullable(),
          /** Whether the project in force defines it. */
          isDefined: z.boolean(),
          versions: z.number(),
          newest: modelVersionSchema.nullable(),
          aliases: z.array(aliasSchema),
        }),
      ),
    }),
  }),
  modelVersions: route({
    method: 'GET',
    path: '/api/models/{model}/versions',
    group: 'models',
    summary: 'Versions of a model, newest first',
    params: byModel,
    query: z.object({
      /** Only numbers below it: the next page. */
      before: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    response: z.object({
      versions: z.array(modelVersionSchema),
      /** How many there are in all. */
      total: z.number().int(),
      aliases: z.array(aliasSchema),
    }),
  }),
  modelVersion: route({
    method: 'GET',
    path: '/api/models/{model}/versions/{version}',
    group: 'models',
    summary: 'One version, by number or alias',
    params: z.object({ model: z.string(), version: z.string() }),
    response: z.object({ version: modelVersionSchema, card: z.string().nullable() }),
  }),
  versionLineage: route({
    method: 'GET',
    path: '/api/models/{model}/versions/{version}/lineage',
    group: 'models',
    summary: 'One version both ways: what it was made from, what gave its answers, what was held against it',
    params: z.object({ model: z.string(), version: z.string() }),
    response: lineageGraphSchema,
  }),
  addModelFile: route({
    method: 'POST',
    repeatable: true,
    path: '/api/models/{model}/files',
    group: 'models',
    summary: 'Register an ONNX file as it is, and give it an endpoint and monitors of its own',
    // The endpoint has the model's name.
    params: z.object({ model: endpointSchema.shape.name }),
    query: z.object({ actor: z.string().default('user'), deploy: z.stringbool().default(true) }),
    takes: 'bytes',
    bodyLimit: 1 << 30,
    response: z.object({ version: modelVersionSchema, isNew: z.boolean(), endpoint: z.string().nullable() }),
  }),
  setAlias: route({
    role: 'operator',
    method: 'PUT',
    repeatable: true,
    path: '/api/models/{model}/aliases/{alias}',
    group: 'models',
    summary: 'Point an alias at a version',
    params: z.object({ model: z.string(), alias: z.string() }),
    body: z.object({
      version: z.string(),
      actor: z.string().default('user'),
      reason: z.string().default('by hand'),
    }),
    response: aliasSchema,
  }),
  removeAlias: route({
    role: 'operator',
    method: 'DELETE',
    repeatable: true,
    path: '/api/models/{model}/aliases/{alias}',
    group: 'models',
    summary: 'Take an alias away',
    params: z.object({ model: z.string(), alias: z.string() }),
    body: z.object({
      actor: z.string().default('user'),
      reason: z.string().default('by hand'),
    }),
    /** False where there was none. */
    response: z.object({ removed: z.boolean() }),
  }),
  endpoints: route({
    method: 'GET',
    path: '/api/endpoints',
    group: 'endpoints',
    summary: 'Endpoints with their newest deployments',
    response: z.object({ endpoints: z.array(endpointState) }),
  }),
  endpoint: route({
    method: 'GET',
    path: '/api/endpoints/{endpoint}',
    group: 'endpoints',
    summary: 'One endpoint with its deployments',
    params: byEndpoint,
    response: endpointState,
  }),
  endpointTraffic: route({
    method: 'GET',
    path: '/api/endpoints/{endpoint}/traffic',
    group: 'endpoints',
    summary: 'What an endpoint answered in the last quarter of an hour, by version, and how a rollout of it stands',
    params: byEndpoint,
    response: endpointTrafficSchema.extend({ rollout: rolloutStandingSchema.nullable() }),
  }),
  tryEndpoint: route({
    method: 'POST',
    path: '/api/endpoints/{endpoint}/try',
    group: 'endpoints',
    summary: 'Ask an endpoint through the control plane, with what its answer was made of; it is logged like any other',
    params: byEndpoint,
    body: z.object({
      /** As a prediction service takes it. */
      request: z.record(z.string(), z.json()),
      /** By number; the shares of traffic decide where nothing is said. */
      version: z.string().optional(),
    }),
    response: z.object({
      /** The prediction service that answered, and how long that took, on the way too. */
      address: z.string(),
      tookMs: z.number(),
      answer: z.record(z.string(), z.json()),
      /** The line of the prediction log; null when it had not come within three seconds. */
      record: z.looseObject({ id: z.string() }).nullable(),
    }),
  }),
  deploy: route({
    role: 'operator',
    method: 'POST',
    path: '/api/endpoints/{endpoint}/deploy',
    group: 'endpoints',
    keyed: true,
    summary: "Roll out a version, by the endpoint's steps",
    params: byEndpoint,
    body: z.object({
      version: z.string(),
      /** Of an endpoint that is not there yet, where its name is not the model's: a model that no project defines gets one at its first deployment. */
      model: z.string().optional(),
      /** Only say what would happen; the version is tried on the prediction services, without traffic. */
      dryRun: z.boolean().default(false),
      actor: z.string().default('user'),
      reason: z.string().default('by hand'),
    }),
    response: deploymentSchema.extend({
      /** What goes on otherwise then. */
      depends: z.array(z.string()),
      /** What it must show before it gets traffic; of a dry run alone, for a deployment stood it. */
      preflight: z.array(verdictSchema),
    }),
  }),
  rollback: route({
    role: 'operator',
    method: 'POST',
    path: '/api/endpoints/{endpoint}/rollback',
    group: 'endpoints',
    keyed: true,
    summary: 'Return to a version that served before; answers when every connected prediction service serves it',
    params: byEndpoint,
    body: z.object({
      /** The one before the one that serves where nothing is said; a version or its number. */
      version: z.string().optional(),
      /** Only say what would change and what depends on it. */
      dryRun: z.boolean().default(false),
      actor: z.string().default('user'),
      reason: z.string().default('by hand'),
    }),
    response: z.object({
      deployment: deploymentSchema,
      /** The version that answers, or would. */
      serving: z.string(),
      depends: z.array(z.string()),
      tookMs: z.number(),
    }),
  }),
}
