import { createServer } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import { MillwrightError } from '../base/errors.ts'
import type { SignatureField } from '../contract/model.ts'
import type { Endpoints, LoadedEndpoint } from './endpoints.ts'
import type { Inference } from './inference.ts'
import { answerInference, endpointNamed } from './inference-http.ts'
import { refusalOf } from './refusal.ts'
import { answersTensors } from './tensor-inference.ts'

type Named = { Params: { model: string; version?: string } }

/** The Open Inference Protocol v2 over HTTP, with `/health` and `/metrics`. Errors are `{error: string}`, as the protocol has them. */
export function predictorHttp(
  endpoints: Endpoints,
  around: Inference,
  about: { version: string; ready: () => boolean },
): FastifyInstance {
  const app = fastify({
    bodyLimit: 16 << 20,
    logger: false,
    forceCloseConnections: true,
    // Connections are kept as long as Fastify keeps those of a server of its own.
    serverFactory: (handle) =>
      createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
        if (!answerInference(endpoints, around, request, response)) handle(request, response)
      }),
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
    return reply.status(status).send({ error: message })
  })
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send({ error: `there is nothing at ${request.method} ${request.url.split('?')[0]}` }),
  )

  app.get('/health', async () => ({
    status: 'ok',
    version: about.version,
    endpoints: endpoints.names,
    revision: endpoints.revision,
  }))
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
        platform: answersTensors(found, params.version ?? null) ? 'onnxruntime_onnx' : 'millwright',
        inputs: signature.request.map(tensor),
        outputs: signature.outputs.map(tensor),
      }
    })
  }
  return app
}
