import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import pino from 'pino'
import { MillwrightError } from '../base/errors.ts'
import { hostsFrom, isLoopback, KnownHosts } from '../http/doors.ts'
import { answerBadAddress, answerClientError, guardedServer, guardHeaders } from '../http/guarded-server.ts'
import { type HttpLimits, limitsFrom } from '../http/limits.ts'
import { listen } from '../http/listen.ts'
import { type ControlPlane, openControlPlane } from './control-plane.ts'
import { checkAliasMove } from './handlers/models.ts'
import { seesAddresses } from './handlers/webhooks.ts'
import { allHandlers } from './handlers.ts'
import { apiPage, apiPagePolicy } from './http/api-page.ts'
import { answerErrors, refusalText } from './http/errors.ts'
import { openApi } from './http/openapi.ts'
import { serveRoutes } from './http/serve-routes.ts'
import { startLiveWork } from './live-work.ts'
import { LostAnswers } from './mlflow/lost-answers.ts'
import { serveMlflow } from './mlflow/serve-mlflow.ts'
import { listTokens } from './principals.ts'
import { RepositoryWatch, type WatchOptions } from './repository-watch.ts'
import { serveScreens } from './screens.ts'
import { stageRegistry } from './stages.ts'
import { serveTestReset } from './test-reset.ts'
import { millwrightVersion } from './version.ts'
import type { WebhookOptions } from './webhooks/open-webhooks.ts'

export interface ServerOptions {
  home: string
  /** Which environment it is. */
  environment?: string
  host: string
  /** 0 takes any that is free. */
  port: number
  logLevel?: string
  /** Where they differ from the usual ones and those of the environment. */
  limits?: Partial<HttpLimits>
  /** A repository whose commits are tested, packed and deployed. */
  watch?: WatchOptions
  /** Where they differ from the usual ones. */
  webhooks?: WebhookOptions
  /** Folder that clients of this machine write artifacts to by themselves. */
  artifactRoot?: string
  /** Opens the route by which tests empty the home, which must have been made so. */
  testReset?: boolean
}

export interface RunningServer {
  readonly address: string
  readonly plane: ControlPlane
  /** Every route that it answers, whoever put it there. */
  readonly routes: readonly { method: string; url: string }[]
  close(): Promise<void>
}

/**
 * Starts a control plane and listens.
 *
 * @throws `forbidden` for an address that others reach while nobody has a token.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (!isLoopback(options.host) && listTokens(options.home).length === 0)
    throw new MillwrightError('forbidden', `${options.host} is reached from elsewhere, and nobody has a token yet`, {
      field: 'host',
      hint: 'Make one first: `millwright token create NAME --role admin`. On 127.0.0.1 none is needed.',
    })
  if (options.testReset && !isLoopback(options.host))
    throw new MillwrightError('forbidden', `a home that tests empty is not for ${options.host}, which others reach`, {
      field: 'testReset',
      hint: 'Start it on 127.0.0.1, or without --test-reset.',
    })
  const log = pino({ level: options.logLevel ?? 'warn', base: null }, pino.destination(2))
  const plane = await openControlPlane(
    {
      home: options.home,
      ...(options.environment === undefined ? {} : { environment: options.environment }),
      ...(options.webhooks ? { webhooks: options.webhooks } : {}),
      onFault: (error) => log.error({ err: error }, 'a webhook could not be looked after'),
      ...(options.artifactRoot === undefined ? {} : { artifactRoot: options.artifactRoot }),
      testReset: options.testReset ?? false,
    },
    stageRegistry,
  )
  // With pino's own logger type the instance would fit nothing that takes a plain one.
  const app: FastifyInstance = fastify({
    loggerInstance: log as FastifyBaseLogger,
    forceCloseConnections: true,
    // The longest name of a model, every character of it encoded.
    routerOptions: { maxParamLength: 2500 },
    bodyLimit: 1 << 20,
    serverFactory: (handle) =>
      guardedServer(handle, {
        limits: { ...limitsFrom(process.env), ...options.limits },
        hosts: new KnownHosts(options.host, hostsFrom(process.env)),
        refusal: refusalText,
      }),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, refusalText),
    frameworkErrors: (error, _request, reply) => answerBadAddress(reply.raw, refusalText(error)),
  })
  const routes: { method: string; url: string }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each, url })
  })
  app.addHook('onRequest', async (_request, reply) => {
    // On the raw answer, so that handlers that write it themselves have them too.
    for (const [name, value] of Object.entries(guardHeaders)) reply.raw.setHeader(name, value)
  })
  answerErrors(app)
  const { metadata } = plane.data
  const { principals, screenSessions: sessions, wrongTokens } = plane
  const access = { principals, sessions, metadata, wrongTokens, stepTokens: plane.stepTracking.tokens }
  serveRoutes(app, allHandlers(plane), access)
  const lostAnswers = await LostAnswers.open(metadata)
  serveMlflow(app, plane.tracking, {
    access,
    metadata,
    blobs: plane.data.blobs,
    registered: plane.registered,
    registry: plane.registry,
    checkAliasMove: (alias) => checkAliasMove(plane, alias),
    lostAnswers,
    outgoing: plane.outgoing,
    seesAddresses: (caller) => seesAddresses(caller, principals.isAsked),
  })
  if (options.testReset) serveTestReset(app, plane, access)
  const document = JSON.stringify(openApi(millwrightVersion))
  const page = apiPage(millwrightVersion)
  app.get('/api', async (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', apiPagePolicy).send(page),
  )
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json').send(document))
  serveScreens(app)
  const stopLiveWork = startLiveWork(plane, log)
  const watch = options.watch
    ? new RepositoryWatch(plane, options.watch, (message) => log.warn(`the repository: ${message}`))
    : null
  plane.repository = watch
  const close = async (): Promise<void> => {
    plane.home.leave()
    stopLiveWork()
    await watch?.close()
    await app.close()
    await lostAnswers.close()
    await plane.close()
  }
  try {
    const address = await listen(app, options)
    plane.stepTracking.listensAt(address)
    await plane.outgoing.start(address)
    watch?.start()
    return { address, plane, routes, close }
  } catch (error) {
    await close()
    throw error
  }
}
