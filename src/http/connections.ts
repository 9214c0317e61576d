import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { MillwrightError } from '../base/errors.ts'
import { type HttpLimits, leastBytesPerSecond, mostRequestsOfConnection } from './limits.ts'

interface Body {
  request: IncomingMessage
  response: ServerResponse
  /** Bytes of the connection when the count began, and looks since. */
  from: number
  looks: number
}

interface Standing {
  /** Requests without a whole answer yet. */
  busy: number
  /** The look by which it last asked something; -1 before it ever did. */
  usedAt: number
  /** The body that is on its way. */
  body: Body | null
  /** Whether its answer is waited for to be read. */
  isUnread: boolean
}

/** Looks within the patience: what is too slow is noticed a fifth of it late at most. */
const looksOfPatience = 5

/**
 * Watches the connections of a server: bodies that trickle end with 408, answers that nobody reads are given up, a connection that pipelines is read
 * no faster than it is answered, and of too many connections the idle ones go.
 *
 * It counts in looks and not by the clock, so that a process that stood still blames nobody for it.
 */
export function watchConnections(server: Server, { patienceMs, mostConnections }: HttpLimits): void {
  const connections = new Map<Socket, Standing>()
  const everyMs = patienceMs / looksOfPatience
  const leastBytes = (patienceMs / 1000) * leastBytesPerSecond
  let look = 0

  const closeOneIdle = (): boolean => {
    let found: Socket | null = null
    let usedAt = Number.POSITIVE_INFINITY
    for (const [socket, standing] of connections) {
      if (standing.busy > 0 || standing.usedAt >= usedAt) continue
      found = socket
      usedAt = standing.usedAt
      if (usedAt === -1) break
    }
    if (found === null) return false
    connections.delete(found)
    found.destroy()
    return true
  }

  server.on('connection', (socket: Socket) => {
    if (connections.size >= mostConnections && !closeOneIdle()) {
      socket.destroy()
      return
    }
    connections.set(socket, { busy: 0, usedAt: -1, body: null, isUnread: false })
    socket.once('close', () => connections.delete(socket))
  })

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const standing = connections.get(socket)
    if (!standing) return
    standing.busy += 1
    standing.usedAt = look
    if (standing.busy === mostRequestsOfConnection) socket.pause()
    if (!request.complete && ('content-length' in request.headers || 'transfer-encoding' in request.headers))
      standing.body = { request, response, from: socket.bytesRead, looks: 0 }
    response.once('close', () => {
      standing.busy -= 1
      if (standing.busy === mostRequestsOfConnection - 1 && !socket.destroyed) socket.resume()
    })
  })

  const lookAt = (socket: Socket, standing: Standing): void => {
    const { body } = standing
    if (body) {
      body.looks += 1
      if (body.request.complete) standing.body = null
      else if (body.looks > looksOfPatience) {
        if (socket.bytesRead - body.from < leastBytes) giveUp(socket, body)
        else standing.body = { ...body, from: socket.bytesRead, looks: 0 }
      }
    }
    // Node's own timeout of a connection knows whether what was written goes on its way; it ends the connection.
    const isUnread = standing.busy > 0 && socket.writableLength > 0
    if (isUnread === standing.isUnread) return
    standing.isUnread = isUnread
    if (isUnread || standing.busy > 0) socket.setTimeout(isUnread ? patienceMs : 0)
  }

  const timer = setInterval(() => {
    look += 1
    for (const [socket, standing] of connections) lookAt(socket, standing)
  }, everyMs)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

/** Whoever reads the body answers, in the form of the process; where nobody does any more, the connection ends. */
function giveUp(socket: Socket, { request, response }: Body): void {
  if (response.headersSent || request.listenerCount('error') === 0) {
    socket.destroy()
    return
  }
  response.setHeader('connection', 'close')
  request.emit(
    'error',
    Object.assign(new MillwrightError('too-slow', 'the body comes too slowly', { hint: 'Send it again.' }), {
      statusCode: 408,
    }),
  )
}
