import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Bodies up to this size are read and forgotten: the connection is worth more. */
const cheapBytes = 64 << 10
/** A client that still sends needs a moment to hear that it may stop; an end at once could swallow the answer. */
const hearMs = 1000

/** Whether more of the body is to come than is worth reading for nothing. */
export function hasMuchToCome({ headers, complete }: IncomingMessage): boolean {
  if (complete) return false
  const length = headers['content-length']
  return length === undefined ? 'transfer-encoding' in headers : Number(length) > cheapBytes
}

/** Answers a request whose body nobody will read: no byte more is taken from the connection, and it ends. */
export function answerUnread(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  text: string,
): void {
  request.removeAllListeners('data')
  // Its end is of no interest any more, and neither is that it breaks.
  request.on('error', () => {})
  request.pause()
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text), connection: 'close' })
  // All of the answer, but not its end: with that, the rest of the body would be read and the connection closed.
  response.write(text)
  letHear(request.socket)
}

/** Takes nothing more from a connection, and ends it when what was said on it could be heard. */
export function letHear(socket: Socket): void {
  socket.pause()
  const timer = setTimeout(() => socket.destroy(), hearMs)
  socket.once('close', () => clearTimeout(timer))
}
