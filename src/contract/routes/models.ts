import * as z from 'zod'
import { briefSchema, endpointSchema } from '../definition.ts'
import { aliasSchema, modelVersionSchema } from '../model.ts'
import { route } from '../route.ts'
import { deploymentSchema, endpointRecordSchema } from '../serving.ts'

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
          brief: briefSchema.nullable(),
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
    response: z.object({ versions: z.array(modelVersionSchema), aliases: z.array(aliasSchema) }),
  }),
  modelVersion: route({
    method: 'GET',
    path: '/api/models/{model}/versions/{version}',
    group: 'models',
    summary: 'One version, by number or alias',
    params: z.object({ model: z.string(), version: z.string() }),
    response: z.object({ version: modelVersionSchema, card: z.string().nullable() }),
  }),
  addModelFile: route({
    method: 'POST',
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
    path: '/api/models/{model}/aliases/{alias}',
    group: 'models',
    summary: 'Point an alias at a version',
    params: z.object({ model: z.string(), alias: z.string() }),
    body: z.object({ version: z.string(), actor: z.string().default('user') }),
    response: aliasSchema,
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
  deploy: route({
    role: 'operator',
    method: 'POST',
    path: '/api/endpoints/{endpoint}/deploy',
    group: 'endpoints',
    summary: "Roll out a version, by the endpoint's steps",
    params: byEndpoint,
    body: z.object({ version: z.string(), actor: z.string().default('user'), reason: z.string().default('by hand') }),
    response: deploymentSchema,
  }),
  rollback: route({
    role: 'operator',
    method: 'POST',
    path: '/api/endpoints/{endpoint}/rollback',
    group: 'endpoints',
    summary: 'Return to the version that served before; answers when every connected prediction service serves it',
    params: byEndpoint,
    body: z.object({ actor: z.string().default('user'), reason: z.string().default('by hand') }),
    response: z.object({ deployment: deploymentSchema, serving: z.string(), tookMs: z.number() }),
  }),
}
