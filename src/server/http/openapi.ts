import * as z from 'zod'
import type { Route } from '../../contract/route.ts'
import { routes } from '../../contract/routes.ts'

type Schema = Record<string, unknown>

const errorSchema: Schema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        field: { type: 'string' },
        hint: { type: 'string' },
      },
    },
  },
}

/** zod puts recursive parts under `$defs` of each schema, which is where OpenAPI 3.1 lets them be. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Schema
  return rest
}

function parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query'): Schema[] {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }))
}

function operation(name: string, route: Route): Schema {
  const content = route.response
    ? { 'application/json': { schema: jsonSchema(route.response, 'output') } }
    : route.sends === 'events'
      ? { 'text/event-stream': { schema: { type: 'string' } } }
      : route.sends === 'text'
        ? { 'text/plain': { schema: { type: 'string' } } }
        : { 'application/octet-stream': {} }
  const body =
    route.takes === 'bytes'
      ? { 'application/octet-stream': {} }
      : route.body
        ? { 'application/json': { schema: jsonSchema(route.body, 'input') } }
        : null
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.group],
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(body ? { requestBody: { required: true, content: body } } : {}),
    responses: {
      200: { description: 'Done', content },
      default: {
        description: 'Refused',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

/** The contract as an OpenAPI 3.1 document. */
export function openApi(version: string): Schema {
  const paths: Record<string, Schema> = {}
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(name, route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millwright control plane',
      version,
      description: 'Machine learning in production: the whole loop.',
    },
    paths,
    components: { schemas: { Error: errorSchema } },
  }
}
