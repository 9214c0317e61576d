import type { FastifyError, FastifyInstance } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { type ErrorBody, statusOf } from '../../contract/errors.ts'

/** Fastify's own refusals, in our words. */
const fastifyCodes: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
}

function errorBodyOf(error: unknown): { status: number; body: ErrorBody } {
  if (error instanceof MillwrightError) {
    const { code, message, field, hint } = error
    return {
      status: statusOf(code),
      body: { error: { code, message, ...(field ? { field } : {}), ...(hint ? { hint } : {}) } },
    }
  }
  const known = error as Partial<FastifyError>
  const code =
    fastifyCodes[known.code ?? ''] ??
    (known.statusCode === 400 || error instanceof SyntaxError ? 'invalid-request' : 'internal')
  const message =
    code === 'internal'
      ? 'something went wrong here; the log of the process has the details'
      : (known.message ?? 'bad request')
  return { status: statusOf(code), body: { error: { code, message } } }
}

/** Every error leaves as `{error: {code, message, field?, hint?}}`; what we did not expect is logged whole and told in general. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = errorBodyOf(error)
    if (status >= 500) request.log.error({ err: error }, 'request failed')
    return reply.status(status).send(body)
  })
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send({
      error: { code: 'not-found', message: `there is nothing at ${request.method} ${request.url.split('?')[0]}` },
    }),
  )
}
