import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { jsonText } from '../../http/json-body.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { type Access, type Caller, callerOf } from '../http/access.ts'
import type { Tracking } from '../tracking.ts'
import { artifactRoutes } from './artifacts.ts'
import { bulkHistoryRoutes } from './bulk-histories.ts'
import { experimentRoutes } from './experiments.ts'
import { parseLenientJson } from './lenient-json.ts'
import { loggedModelRoutes } from './logged-models.ts'
import type { LostAnswers } from './lost-answers.ts'
import { metricRoutes } from './metrics.ts'
import { modelVersionRoutes } from './model-versions.ts'
import { Message } from './protocol.ts'
import { answerProtocolErrors } from './protocol-errors.ts'
import { type RegistryServices, registeredModelRoutes } from './registered-models.ts'
import { JsonText, type Once, type ProtocolRoute } from './route.ts'
import { runRoutes } from './runs.ts'
import { checkStepWrite } from './step-scope.ts'
import { webhookRoutes } from './webhooks.ts'

export const prefixes = ['/api/2.0/mlflow', '/ajax-api/2.0/mlflow']
/** What clients take for the version of the server. */
const spokenVersion = '3.6.0'
/** What newer clients ask for first. */
const serverInfo = {
  store_type: 'SqlStore',
  workspaces_enabled: false,
  trace_archival_enabled: false,
  multipart_uploads_enabled: true,
  multipart_downloads_enabled: false,
}

type WebhookDoor = Parameters<typeof webhookRoutes>[0]

/** Every operation of the protocol that answers JSON, below the prefixes. */
export function protocolRoutes(
  tracking: Tracking,
  { outgoing, seesAddresses, ...registry }: RegistryServices & WebhookDoor,
): ProtocolRoute[] {
  const services = { ...tracking, tracking: registry.metadata.tracking }
  return [
    ...experimentRoutes(services),
    ...runRoutes(services),
    ...metricRoutes(services),
    ...bulkHistoryRoutes(services),
    ...loggedModelRoutes(services),
    ...registeredModelRoutes(registry),
    ...modelVersionRoutes(registry),
    ...webhookRoutes({ outgoing, seesAddresses }),
  ]
}

/** The door for clients of MLflow: the same runs and models, in that protocol's words. */
export function serveMlflow(
  app: FastifyInstance,
  tracking: Tracking,
  {
    access,
    blobs,
    lostAnswers,
    outgoing,
    seesAddresses,
    ...registry
  }: { access: Access; metadata: Metadata; blobs: Blobs; lostAnswers: LostAnswers } & RegistryServices & WebhookDoor,
): void {
  const routes = protocolRoutes(tracking, { ...registry, outgoing, seesAddresses })
  void app.register(artifactRoutes, {
    ...tracking,
    tracking: registry.metadata.tracking,
    registered: registry.registered,
    blobs,
    access,
  })
  void app.register(async (scope) => {
    answerProtocolErrors(scope)
    scope.removeAllContentTypeParsers()
    // Another type would let a page of somebody else's write here without being asked first.
    scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
      try {
        done(null, body.length === 0 ? {} : parseLenientJson(jsonText(body)))
      } catch (error) {
        done(error as Error)
      }
    })
    for (const prefix of prefixes) for (const route of routes) serve(scope, prefix, route, { access, lostAnswers })
    for (const path of ['/api/3.0/mlflow/server-info', '/ajax-api/3.0/mlflow/server-info'])
      scope.get(path, async (_request, reply) => reply.send(serverInfo))
    scope.get('/version', async (_request, reply) => reply.type('text/plain').send(spokenVersion))
  })
}

/** All that a request says but secrets, of which no trace is kept. */
const wordsOf = (fields: object): string =>
  JSON.stringify(fields, (key, value) => (key === 'secret' ? undefined : value))

/** Whether the whole answer was written, when the connection is done with the request. */
const wentOut = ({ raw }: FastifyReply): Promise<boolean> =>
  new Promise((resolve) => raw.once('close', () => resolve(raw.writableFinished)))

function serve(
  scope: FastifyInstance,
  prefix: string,
  route: ProtocolRoute,
  { access, lostAnswers }: { access: Access; lostAnswers: LostAnswers },
): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const asRoute = {
    method: route.reads ? 'GET' : 'POST',
    forSteps: true,
    ...(route.role ? { role: route.role } : {}),
  } as const
  scope.route({
    method: route.method,
    url: prefix + route.path.replace(/\{(\w+)\}/g, ':$1'),
    bodyLimit: route.bodyLimit ?? 1 << 20,
    onRequest: async (request) => {
      callers.set(request, await callerOf(request, `mlflow ${route.path}`, asRoute, access))
    },
    handler: async (request, reply) => {
      const body = request.body ?? {}
      if (typeof body !== 'object' || Array.isArray(body))
        throw new MillwrightError('invalid-request', 'the body is no JSON object', { field: 'body' })
      // A client may ask with a body, also by GET.
      const fields = { ...(request.query as object), ...body, ...(request.params as object) }
      const message = new Message(fields as Record<string, unknown>)
      const caller = callers.get(request)!
      if (caller.step && !route.reads) await checkStepWrite(caller.step, route, message, access.metadata.tracking)
      const once: Once = (make, again) =>
        lostAnswers.once([route.path, caller.actor(), wordsOf(fields)], wentOut(reply), make, again)
      const answer = await route.answer({ message, caller, once })
      const said =
        answer instanceof Readable ? answer : answer instanceof JsonText ? answer.text : JSON.stringify(answer)
      return reply.type('application/json').send(said)
    },
  })
}
