import type { FastifyInstance, FastifyRequest } from 'fastify'
import type * as z from 'zod'
import { MillwrightError } from '../../base/errors.ts'
import type { Route } from '../../contract/route.ts'
import { type RouteName, routes } from '../../contract/routes.ts'
import { faultOf } from '../../contract/unknown-key.ts'
import { jsonText } from '../../http/json-body.ts'
import { type Asked, askedKey } from '../keyed-requests.ts'
import { type Access, type Caller, callerOf } from './access.ts'
import type { AllHandlers } from './handlers.ts'

function checked(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (!schema) return undefined
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  const fault = faultOf(schema, result.error, value)
  const path = [part, fault.path]
    .filter((each) => each !== '')
    .join('.')
    .replace(/^body\./, '')
  throw new MillwrightError('invalid-request', `${path}: ${fault.message}`, {
    field: path,
    ...(fault.hint ? { hint: fault.hint } : {}),
  })
}

/** Puts every route of the contract on the server. A route without a handler does not compile. */
export function serveRoutes(app: FastifyInstance, handlers: AllHandlers, access: Access): void {
  // It refuses keys that would reach the prototype of an object.
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      parse(request, jsonText(body), done)
    } catch (error) {
      done(error as Error)
    }
  })
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  const callers = new WeakMap<FastifyRequest, Caller>()
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    // The table's types tie each handler to its route; this loop sees all of them at once and cannot.
    const handle = handlers[name] as (request: unknown) => Promise<unknown>
    app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ':$1'),
      bodyLimit: route.bodyLimit ?? 1 << 20,
      // Before the body is read: nobody sends megabytes to be refused.
      onRequest: async (request) => {
        callers.set(request, await callerOf(request, name, route, access))
      },
      handler: async (request, reply) => {
        const isBytes = route.takes === 'bytes'
        if (isBytes && !Buffer.isBuffer(request.body)) {
          throw new MillwrightError('unsupported-media-type', 'send the bytes as application/octet-stream')
        }
        const caller = callers.get(request)!
        const params = checked(route.params, request.params, 'params')
        const body = isBytes || route.checkedByStage ? request.body : checked(route.body, request.body, 'body')
        const asked: Asked = route.keyed
          ? { key: askedKey(request.headers), what: { name, params, body, by: caller.actor() } }
          : { key: null, what: null }
        const answer = await handle({
          params,
          query: checked(route.query, request.query, 'query'),
          body,
          caller,
          asked,
          raw: { request, reply },
        })
        if (!route.response) return reply
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer))
      },
    })
  }
}
