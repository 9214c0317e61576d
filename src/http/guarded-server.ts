import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { MillwrightError } from '../base/errors.ts'
import { statusOf } from '../contract/errors.ts'
import { watchConnections } from './connections.ts'
import { checkDoors, type KnownHosts } from './doors.ts'
import { type HttpLimits, mostHeaderBytes } from './limits.ts'
import { answerUnread, hasMuchToCome, letHear } from './unread-body.ts'

export interface GuardedServerOptions {
  limits: HttpLimits
  hosts: KnownHosts
  /** The JSON of a refusal, as the process writes them. */
  refusal(error: MillwrightError): string
}

/** Sent with every answer that does not say otherwise: nothing here is a page, nothing is to be guessed at, nothing is for other pages. */
export const guardHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
} as const

/** A server of node:http that refuses what no handler needs to see. */
export function guardedServer(handle: RequestListener, options: GuardedServerOptions): Server {
  const { limits, hosts, refusal } = options
  const server = createServer(
    {
      maxHeaderSize: mostHeaderBytes,
      headersTimeout: limits.patienceMs,
      // Bodies are watched by how fast they come, not by how long: a model of a gigabyte takes its time.
      requestTimeout: 0,
      connectionsCheckingInterval: limits.patienceMs / 5,
      keepAliveTimeout: 72_000,
    },
    (request, response) => {
      try {
        checkDoors(request, hosts)
      } catch (error) {
        const known = error as MillwrightError
        const text = refusal(known)
        const headers = { ...guardHeaders, 'content-type': 'application/json; charset=utf-8' }
        const status = statusOf(known.code)
        if (hasMuchToCome(request)) answerUnread(request, response, status, headers, text)
        else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text)
        return
      }
      handle(request, response)
    },
  )
  watchConnections(server, limits)
  return server
}

/** Answers an address that no route can be looked for by: one that is no UTF-8, or has a part without end. */
export function answerBadAddress(response: ServerResponse, text: string): void {
  const headers = { ...guardHeaders, 'content-type': 'application/json; charset=utf-8' }
  response.writeHead(400, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text)
}

function clientErrorOf(code: string | undefined): MillwrightError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new MillwrightError(
      'headers-too-large',
      `the address and the headers are larger than ${mostHeaderBytes >> 10} KB`,
    )
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new MillwrightError('too-slow', 'the request comes too slowly')
  return new MillwrightError('invalid-request', 'this is no request of HTTP')
}

/** Answers what is no request at all, and ends the connection. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  refusal: GuardedServerOptions['refusal'],
): void {
  if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const known = clientErrorOf(error.code)
  const text = refusal(known)
  const status = statusOf(known.code)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\nx-content-type-options: nosniff\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
  letHear(socket)
}
