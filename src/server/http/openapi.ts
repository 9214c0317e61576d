import * as z from 'zod'
import { keyPattern } from '../../contract/keyed-request.ts'
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

/** Recursive parts of all schemas, by the name they have in the document. */
class Definitions {
  readonly named: Record<string, Schema> = { Error: errorSchema }
  private readonly prefixes = new Map<string, string>()

  /** zod puts recursive parts under `$defs` of each schema, but `#/…` means the whole document: they move to its components. */
  take(schema: z.ZodType, io: 'input' | 'output'): Schema {
    const { $schema: _, $defs, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Schema
    if (!$defs) return rest
    const text = JSON.stringify($defs)
    const prefix = this.prefixes.get(text) ?? `part${this.prefixes.size + 1}`
    const renamed = (part: unknown): Schema =>
      JSON.parse(JSON.stringify(part).replaceAll('"#/$defs/', `"#/components/schemas/${prefix}`)) as Schema
    if (!this.prefixes.has(text))
      for (const [name, part] of Object.entries($defs)) this.named[`${prefix}${name}`] = renamed(part)
    this.prefixes.set(text, prefix)
    return renamed(rest)
  }
}

function parametersOf(definitions: Definitions, schema: z.ZodType | undefined, where: 'path' | 'query'): Schema[] {
  if (!schema) return []
  const { properties = {}, required = [] } = definitions.take(schema, 'input') as {
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

const keyParameter: Schema = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same request again with the same key changes nothing more, and answers what the first made.',
  schema: { type: 'string', pattern: keyPattern.source },
}

function operation(definitions: Definitions, name: string, route: Route): Schema {
  const content = route.response
    ? { 'application/json': { schema: definitions.take(route.response, 'output') } }
    : route.sends === 'events'
      ? { 'text/event-stream': { schema: { type: 'string' } } }
      : route.sends === 'text'
        ? { 'text/plain': { schema: { type: 'string' } } }
        : { 'application/octet-stream': {} }
  const body =
    route.takes === 'bytes'
      ? { 'application/octet-stream': {} }
      : route.body
        ? { 'application/json': { schema: definitions.take(route.body, 'input') } }
        : null
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.group],
    parameters: [
      ...parametersOf(definitions, route.params, 'path'),
      ...parametersOf(definitions, route.query, 'query'),
      ...(route.keyed ? [keyParameter] : []),
    ],
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
  const definitions = new Definitions()
  const paths: Record<string, Schema> = {}
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(definitions, name, route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millwright control plane',
      version,
      description: 'Machine learning in production: the whole loop.',
    },
    paths,
    components: { schemas: definitions.named },
  }
}
