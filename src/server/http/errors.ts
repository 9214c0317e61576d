import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { systemErrorOf } from '../../base/system-errors.ts'
import { type ErrorBody, statusOf } from '../../contract/errors.ts'
import { wrongTokensWithinMs } from '../../http/limits.ts'
import { answerUnread, hasMuchToCome } from '../../http/unread-body.ts'

/** Fastify's own refusals, in our words. */
const fastifyCodes: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
}

const isOfTheClient = (status = 500): boolean => status >= 400 && status < 500

/** Of whatever was thrown, what may be told. */
export function knownError(error: unknown): ErrorBody['error'] {
  const ours = error instanceof MillwrightError ? error : systemErrorOf(error)
  if (ours) {
    const { code, message, field, hint } = ours
    return { code, message, ...(field ? { field } : {}), ...(hint ? { hint } : {}) }
  }
  const known = error as Partial<FastifyError>
  const code =
    fastifyCodes[known.code ?? ''] ??
    (isOfTheClient(known.statusCode) || error instanceof SyntaxError ? 'invalid-request' : 'internal')
  const message =
    code === 'internal'
      ? 'something went wrong here; the log of the process has the details'
      : (known.message ?? 'bad request')
  return { code, message }
}

function errorBodyOf(error: unknown): { status: number; body: ErrorBody } {
  const known = knownError(error)
  return { status: statusOf(known.code), body: { error: known } }
}

/** The JSON of a refusal before any route was found. */
export const refusalText = (error: unknown): string => JSON.stringify(errorBodyOf(error).body)

/** Answers a request that may still be sending its body. @returns what the handler of errors has to return. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, status: number, body: object): unknown {
  if (!hasMuchToCome(request.raw)) return reply.status(status).send(body)
  reply.hijack()
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  answerUnread(request.raw, reply.raw, status, headers, JSON.stringify(body))
  // Nothing that would be sent after it.
  return undefined
}

/** Every error leaves as `{error: {code, message, field?, hint?}}`; what we did not expect is logged whole and told in general. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = errorBodyOf(error)
    if (status === 429) reply.raw.setHeader('retry-after', wrongTokensWithinMs / 1000)
    if (status >= 500) request.log.error({ err: error }, 'request failed')
    return sendRefusal(request, reply, status, body)
  })
  app.setNotFoundHandler((request, reply) =>
    reply.status(404).send({
      error: { code: 'not-found', message: `there is nothing at ${request.method} ${request.url.split('?')[0]}` },
    }),
  )
}
