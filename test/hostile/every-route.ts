import * as z from 'zod'
import type { Route } from '../../src/contract/route.ts'
import { routes } from '../../src/contract/routes.ts'
import { noNote } from '../../src/ports/metadata.ts'
import { Message } from '../../src/server/mlflow/protocol.ts'
import { prefixes, protocolRoutes } from '../../src/server/mlflow/serve-mlflow.ts'
import type { RunningServer } from '../../src/server/start.ts'

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** Where a text of a request stands: a part of the address, a value of the query, or a place in the body. */
export interface Place {
  kind: 'path' | 'query' | 'body'
  /** Of the parameter, or the way to the place in the body. */
  name: string
  way: readonly (string | number)[]
}

/** A route with a request that it takes, all of whose texts can be another. */
export interface Tried {
  from: 'contract' | 'protocol' | 'other'
  name: string
  method: string
  url: string
  /** By the names of the address; `*` for the rest of one. */
  params: Record<string, string>
  query: Record<string, Json>
  /** Undefined where none is sent. */
  body: Json | undefined
  bytes: boolean
  places: Place[]
}

/** What there is, by the names that requests have for it. */
export type Things = Readonly<Record<string, Json>>

const parameterNames = (url: string): string[] =>
  [...url.matchAll(/:(\w+)|(\*)/g)].map(([, name, star]) => name ?? star!)

/** Ways to all texts of a value. */
function texts(value: Json, way: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value === 'string') return [[...way]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) =>
    texts(each, [...way, Array.isArray(value) ? Number(name) : name]),
  )
}

interface JsonSchema {
  type?: string
  const?: Json
  enum?: Json[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
}

/** A value that a schema takes, or nearly so. */
function sample(schema: JsonSchema, name: string, things: Things, depth = 0): Json {
  if (Object.hasOwn(things, name) && depth > 0) return things[name]!
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]!
  const [either] = schema.anyOf ?? schema.oneOf ?? []
  if (either) return sample(either, name, things, depth)
  switch (schema.type) {
    case 'string':
      return 'x'
    case 'boolean':
      return true
    case 'integer':
    case 'number':
      return 1
    case 'array':
      return depth > 5 || !schema.items ? [] : [sample(schema.items, name, {}, depth + 1)]
    case 'object': {
      if (depth > 5) return {}
      const stated = Object.entries(schema.properties ?? {})
      if (stated.length > 0)
        return Object.fromEntries(stated.map(([key, each]) => [key, sample(each, key, things, depth + 1)]))
      return typeof schema.additionalProperties === 'object' && Object.keys(schema.additionalProperties).length > 0
        ? { x: sample(schema.additionalProperties, 'x', {}, depth + 1) }
        : { x: 'x' }
    }
    default:
      return 'x'
  }
}

const sampleOf = (schema: z.ZodType | undefined, things: Things): Json | undefined =>
  schema && sample(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '', things)

/** With all places of it. */
function tried(route: Omit<Tried, 'places'>): Tried {
  const places: Place[] = [
    ...Object.keys(route.params).map((name) => ({ kind: 'path' as const, name, way: [] })),
    ...Object.entries(route.query).flatMap(([name, value]) =>
      (typeof value === 'string' ? [[]] : texts(value)).map((way) => ({ kind: 'query' as const, name, way })),
    ),
    ...texts(route.body ?? null).map((way) => ({ kind: 'body' as const, name: way.join('.'), way })),
  ]
  return { ...route, places }
}

const paramsOf = (url: string, things: Things): Record<string, string> =>
  Object.fromEntries(parameterNames(url).map((name) => [name, String(things[name] ?? 'x')]))

function ofContract(things: Things): Tried[] {
  return (Object.entries(routes) as [string, Route][]).map(([name, route]) => {
    const url = route.path.replace(/\{(\w+)\}/g, ':$1')
    const own = { ...things, ...(things[name] as object) } as Things
    return tried({
      from: 'contract',
      name,
      method: route.method,
      url,
      params: paramsOf(url, own),
      query: (sampleOf(route.query, own) ?? {}) as Record<string, Json>,
      body: route.takes === 'bytes' ? undefined : sampleOf(route.body, own),
      bytes: route.takes === 'bytes',
    })
  })
}

/** The names that a route of the protocol reads: asked of the route itself, which is given all that it asks for. */
async function namesRead(answer: (message: Message) => Promise<unknown>, things: Things): Promise<Set<string>> {
  const names = new Set<string>()
  const fields = new Proxy(
    {},
    {
      getOwnPropertyDescriptor: (_, name) => {
        names.add(String(name))
        const value = things[String(name)]
        return value === undefined ? undefined : { value, configurable: true, enumerable: true, writable: true }
      },
      get: (_, name) => things[String(name)],
    },
  )
  await answer(new Message(fields)).catch(() => {})
  return names
}

/** @param unknown takes the names that have no value among the things. */
async function ofProtocol({ plane }: RunningServer, things: Things, unknown: (name: string) => void): Promise<Tried[]> {
  const registry = {
    metadata: plane.data.metadata,
    registered: plane.registered,
    registry: plane.registry,
    checkAliasMove: () => {},
    outgoing: plane.outgoing,
    seesAddresses: () => true,
  }
  const caller = { principal: null, step: null, actor: () => 'user:test' }
  const found: Tried[] = []
  for (const { method, path, answer } of protocolRoutes(plane.tracking, registry)) {
    const names = await namesRead((message) => answer({ message, caller, once: (make) => make(noNote) }), things)
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
    const fields: Record<string, Json> = {}
    for (const name of names) {
      if (inPath.includes(name)) continue
      if (things[name] === undefined) unknown(`${method} ${path}: ${name}`)
      else fields[name] = things[name]!
    }
    for (const prefix of prefixes) {
      const url = prefix + path.replace(/\{(\w+)\}/g, ':$1')
      found.push(
        tried({
          from: 'protocol',
          name: `${method} ${path}`,
          method,
          url,
          params: paramsOf(url, things),
          query: method === 'GET' ? fields : {},
          body: method === 'GET' ? undefined : fields,
          bytes: false,
        }),
      )
    }
  }
  return found
}

/** A route that no table has, with what it takes beside its address. */
export interface Other {
  url: RegExp
  query?: Record<string, Json>
  body?: Json
  bytes?: boolean
}

/** Every route that the server answers, each with a request. @returns what has no value, or no place in a table, too. */
export async function everyRoute(
  server: RunningServer,
  things: Things,
  others: readonly Other[],
): Promise<{ tried: Tried[]; unknown: string[] }> {
  const unknown: string[] = []
  const known = [...ofContract(things), ...(await ofProtocol(server, things, (name) => unknown.push(name)))]
  const at = new Set(known.map(({ method, url }) => `${method} ${url}`))
  for (const { method, url } of server.routes) {
    // It comes with each GET.
    if (at.has(`${method} ${url}`) || (method === 'HEAD' && at.has(`GET ${url}`))) continue
    const other = others.find((each) => each.url.test(`${method} ${url}`))
    if (!other) {
      unknown.push(`${method} ${url}`)
      continue
    }
    const { query = {}, body, bytes = false } = other
    const params = paramsOf(url, things)
    known.push(tried({ from: 'other', name: `${method} ${url}`, method, url, params, query, body, bytes }))
  }
  return { tried: known, unknown }
}
