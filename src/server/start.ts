import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import pino from 'pino'
import { type ControlPlane, openControlPlane } from './control-plane.ts'
import { allHandlers } from './handlers.ts'
import { apiPage } from './http/api-page.ts'
import { answerErrors } from './http/errors.ts'
import { openApi } from './http/openapi.ts'
import { serveRoutes } from './http/serve-routes.ts'
import { startLiveWork } from './live-work.ts'
import { RepositoryWatch, type WatchOptions } from './repository-watch.ts'
import { serveScreens } from './screens.ts'
import { stageRegistry } from './stages.ts'
import { millwrightVersion } from './version.ts'

export interface ServerOptions {
  home: string
  /** Which environment it is. */
  environment?: string
  host: string
  /** 0 takes any that is free. */
  port: number
  logLevel?: string
  /** A repository whose commits are tested, packed and deployed. */
  watch?: WatchOptions
}

export interface RunningServer {
  readonly address: string
  readonly plane: ControlPlane
  close(): Promise<void>
}

/** Starts a control plane and listens. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const log = pino({ level: options.logLevel ?? 'warn', base: null }, pino.destination(2))
  const plane = await openControlPlane(
    { home: options.home, ...(options.environment === undefined ? {} : { environment: options.environment }) },
    stageRegistry,
  )
  // With pino's own logger type the instance would fit nothing that takes a plain one.
  const app: FastifyInstance = fastify({
    loggerInstance: log as FastifyBaseLogger,
    forceCloseConnections: true,
    bodyLimit: 1 << 20,
  })
  answerErrors(app)
  serveRoutes(app, allHandlers(plane), { principals: plane.principals, metadata: plane.data.metadata })
  const document = JSON.stringify(openApi(millwrightVersion))
  const page = apiPage(millwrightVersion)
  app.get('/api', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json').send(document))
  serveScreens(app)
  const stopLiveWork = startLiveWork(plane, log)
  const watch = options.watch
    ? new RepositoryWatch(plane, options.watch, (message) => log.warn(`the repository: ${message}`))
    : null
  plane.repository = watch
  await app.listen({ host: options.host, port: options.port })
  const bound = app.server.address()
  watch?.start()
  const port = typeof bound === 'object' && bound ? bound.port : options.port
  return {
    address: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    plane,
    close: async () => {
      stopLiveWork()
      await watch?.close()
      await app.close()
      await plane.close()
    },
  }
}
