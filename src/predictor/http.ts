import fastify, { type FastifyInstance } from 'fastify'
import { MillwrightError } from '../base/errors.ts'
import type { SignatureField } from '../contract/model.ts'
import type { Slot } from '../contract/serving.ts'
import type { KnownHosts } from '../http/doors.ts'
import { answerBadAddress, answerClientError, guardedServer, guardHeaders } from '../http/guarded-server.ts'
import { jsonText } from '../http/json-body.ts'
import type { HttpLimits } from '../http/limits.ts'
import { answerUnread, hasMuchToCome } from '../http/unread-body.ts'
import type { Endpoints, LoadedEndpoint } from './endpoints.ts'
import type { Inference } from './inference.ts'
import { answerInference, endpointNamed } from './inference-http.ts'
import { predictorOpenApi } from './openapi.ts'
import { refusalOf } from './refusal.ts'
import type { AskedToken } from './token.ts'

type Named = { Params: { model: string; version?: string } }

export interface PredictorHttpOptions {
  version: string
  ready(): boolean
  /** What is waited for before anything is answered; null for nothing. */
  open(): Promise<void> | null
  /** Head of the event log as it last saw it. */
  witness(): { seq: number; hash: string }
  hosts: KnownHosts
  limits: HttpLimits
  token: AskedToken
}

/** Whoever watches whether it is there needs no token. */
const isOpen = (path: string): boolean => path === '/health' || path.startsWith('/v2/health/')
const jsonType = 'application/json; charset=utf-8'
const refusalText = (error: unknown): string => JSON.stringify({ error: refusalOf(error).message })

/** The Open Inference Protocol v2 over HTTP, with `/health` and `/metrics`. Errors are `{error: string}`, as the protocol has them. */
export function predictorHttp(endpoints: Endpoints, around: Inference, about: PredictorHttpOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: 16 << 20,
    logger: false,
    forceCloseConnections: true,
    serverFactory: (handle) =>
      guardedServer(
        (request, response) => {
          const answer = (): void => {
            if (!answerInference(endpoints, around, about.token, request, response)) handle(request, response)
          }
          const open = about.open()
          if (open) void open.then(answer)
          else answer()
        },
        { limits: about.limits, hosts: about.hosts, refusal: refusalText },
      ),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, refusalText),
    frameworkErrors: (error, _request, reply) => answerBadAddress(reply.raw, refusalText(error)),
  })
  const document = JSON.stringify(predictorOpenApi(about.version))
  app.removeAllContentTypeParsers()
  // Nothing here reads a body; what comes to an address that is none is held to the same rules.
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    jsonText(body),
  )
  app.addHook('onRequest', async (request, reply) => {
    for (const [name, value] of Object.entries(guardHeaders)) reply.raw.setHeader(name, value)
    if (!isOpen(request.url.split('?')[0]!)) about.token.check(request.headers.authorization)
  })

  const endpoint = (name: string): LoadedEndpoint => endpointNamed(endpoints, name)
  const slotsOf = (found: LoadedEndpoint) => [...found.slots, ...found.tensorSlots]
  const slotOf = (found: LoadedEndpoint, version: string | undefined) =>
    version === undefined
      ? slotsOf(found).find(({ slot }) => slot.role === 'primary' || slot.role === 'canary')
      : slotsOf(found).find(({ slot }) => String(slot.version.number) === version || slot.version.id === version)

  app.setErrorHandler((error, request, reply) => {
    const { status, message } = refusalOf(error)
    const { model } = (request.params ?? {}) as { model?: string }
    around.metrics.refused(endpoints.find(model ?? '')?.name ?? 'unknown', status)
    if (!hasMuchToCome(request.raw)) return reply.status(status).send({ error: message })
    reply.hijack()
    answerUnread(request.raw, reply.raw, status, { 'content-type': jsonType }, JSON.stringify({ error: message }))
    return reply
  })
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send({ error: `there is nothing at ${request.method} ${request.url.split('?')[0]}` }),
  )

  app.get('/health', async () => ({
    status: 'ok',
    version: about.version,
    endpoints: endpoints.names,
    revision: endpoints.revision,
    witness: about.witness(),
  }))
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json').send(document))
  app.get('/metrics', async (_request, reply) =>
    reply.type(around.metrics.registry.contentType).send(await around.metrics.registry.metrics()),
  )
  app.get('/v2', async () => ({ name: 'millwright', version: about.version, extensions: [] }))
  app.get('/v2/health/live', async () => ({ live: true }))
  app.get('/v2/health/ready', async (_request, reply) =>
    reply.status(about.ready() ? 200 : 503).send({ ready: about.ready() }),
  )

  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.get<Named>(`${path}/ready`, async ({ params }, reply) => {
      const ready = slotOf(endpoint(params.model), params.version) !== undefined
      return reply.status(ready ? 200 : 503).send({ name: params.model, ready })
    })
    app.get<Named>(path, async ({ params }) => {
      const found = endpoint(params.model)
      const loaded = slotOf(found, params.version)
      if (!loaded)
        throw new MillwrightError('not-found', `"${params.model}" serves no version ${params.version ?? 'yet'}`)
      const { signature } = loaded.slot.version
      const tensor = ({ name, datatype, shape = [-1] }: SignatureField) => ({ name, datatype, shape })
      return {
        name: params.model,
        versions: slotsOf(found)
          .filter(({ slot }) => slot.role !== 'candidate')
          .map(({ slot }) => String(slot.version.number)),
        platform: platformOf(loaded.slot),
        inputs: signature.request.map(tensor),
        outputs: signature.outputs.map(tensor),
      }
    })
  }
  return app
}

const platformOf = ({ model, files }: Slot): string =>
  model ? 'millwright' : files ? 'python_pyfunc' : 'onnxruntime_onnx'
