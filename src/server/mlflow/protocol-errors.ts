import type { FastifyInstance } from 'fastify'
import { statusOf } from '../../contract/errors.ts'
import { knownError, sendRefusal } from '../http/errors.ts'

/** Our codes as the protocol's; others go by their status. */
const byCode: Record<string, readonly [status: number, name: string]> = {
  'already-exists': [400, 'RESOURCE_ALREADY_EXISTS'],
  // Its clients would ask again by themselves, and be told to wait for longer.
  'too-many-attempts': [401, 'UNAUTHENTICATED'],
}
const byStatus: Record<number, string> = {
  400: 'INVALID_PARAMETER_VALUE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  409: 'RESOURCE_CONFLICT',
  429: 'REQUEST_LIMIT_EXCEEDED',
  501: 'NOT_IMPLEMENTED',
  503: 'TEMPORARILY_UNAVAILABLE',
}

/** An error as the protocol says it: `{error_code, message}`. */
function protocolError({ code, message, hint }: ReturnType<typeof knownError>): {
  status: number
  body: { error_code: string; message: string }
} {
  const [status, name] = byCode[code] ?? [statusOf(code), undefined]
  const error_code = name ?? byStatus[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR')
  return { status, body: { error_code, message: hint ? `${message.replace(/\.$/, '')}. ${hint}` : message } }
}

/** Errors of the routes in this scope leave in the protocol's shape; what we did not expect is logged whole and told in general. */
export function answerProtocolErrors(scope: FastifyInstance): void {
  scope.setErrorHandler((error, request, reply) => {
    const { status, body } = protocolError(knownError(error))
    // Whoever went away in the middle hears nothing, and is no failure of ours.
    if (request.raw.socket.destroyed) {
      reply.hijack()
      return undefined
    }
    if (status >= 500) request.log.error({ err: error }, 'request failed')
    return sendRefusal(request, reply, status, body)
  })
}
