import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { type KeptConnections, pinnedOf } from './kept-connections.ts'
import type { OutsideTarget } from './outside-address.ts'

export interface OutsidePatience {
  /** Until there is a connection, with TLS where there is any. */
  connectMs: number
  /** Until the answer begins. */
  wholeMs: number
}

export interface OutsideAnswer {
  status: number
  retryAfter: string | null
}

/** Why there was no answer, in words that tell nothing of who was asked. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  EHOSTUNREACH: 'there is no way there',
  ENETUNREACH: 'there is no way there',
  ETIMEDOUT: 'there was no connection in time',
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error instanceof NoAnswer) return error.message
  const code = error.code ?? ''
  if (code.startsWith('HPE_')) return 'the answer was no HTTP'
  if (code.startsWith('CERT_') || /CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) return 'its certificate is not trusted'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'there was no connection by TLS'
  return reasons[code] ?? 'the request failed'
}

const mostDroppedBytes = 16 << 10
const mostDropMs = 1000

/** Lets a short answer end as its sender meant it; a long one, or a slow one, is cut off. */
function dropRest(response: IncomingMessage): void {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostDroppedBytes) response.destroy()
  })
  const timer = setTimeout(() => response.destroy(), mostDropMs)
  response.on('close', () => clearTimeout(timer)).on('error', () => {})
}

interface Post {
  headers: Record<string, string>
  body: Buffer
}

/** A connection that was kept broke: its receiver had closed it, most likely before anything of this came. */
class Closed extends NoAnswer {}
const closed = new Set(['ECONNRESET', 'EPIPE'])

/**
 * Sends a body by POST to the addresses that were found and no others, over a connection that was kept to just these or a new one; follows no redirect. Of the
 * answer only status and `Retry-After` are looked at. Where a kept connection turns out to be closed, it is sent once more over a new one.
 *
 * @throws NoAnswer
 */
export async function postOutside(
  target: OutsideTarget,
  post: Post,
  { wholeMs, ...patience }: OutsidePatience & { signal: AbortSignal },
  kept: KeptConnections,
): Promise<OutsideAnswer> {
  const began = performance.now()
  try {
    return await postOnce(target, post, { ...patience, wholeMs }, kept)
  } catch (error) {
    if (!(error instanceof Closed) || patience.signal.aborted) throw error
    const left = Math.max(1, wholeMs - (performance.now() - began))
    return postOnce(target, post, { ...patience, wholeMs: left }, null)
  }
}

function postOnce(
  target: OutsideTarget,
  { headers, body }: Post,
  { connectMs, wholeMs, signal }: OutsidePatience & { signal: AbortSignal },
  kept: KeptConnections | null,
): Promise<OutsideAnswer> {
  const { url, addresses } = target
  const pinned: LookupFunction = (_name, { all }, done) => {
    const [first] = addresses
    if (all) done(null, [...addresses])
    else done(null, first!.address, first!.family)
  }
  const isSecure = url.protocol === 'https:'
  const options = {
    method: 'POST',
    agent: kept?.agent(isSecure) ?? (false as const),
    lookup: pinned,
    pinned: pinnedOf(target),
    signal,
    headers: { ...headers, 'content-length': body.length, ...(kept ? {} : { connection: 'close' }) },
  }
  return new Promise((resolve, reject) => {
    const request = (isSecure ? secureRequest : plainRequest)(url, options)
    const giveUp = (why: string) => () => request.destroy(new NoAnswer(why))
    const timers = [
      setTimeout(giveUp('there was no connection in time'), connectMs),
      setTimeout(giveUp('there was no answer in time'), wholeMs),
    ]
    const clear = (): void => {
      for (const timer of timers) clearTimeout(timer)
    }
    request.on('socket', (socket) => {
      if (request.reusedSocket) clearTimeout(timers[0])
      else socket.once(isSecure ? 'secureConnect' : 'connect', () => clearTimeout(timers[0]))
    })
    request.on('response', (response) => {
      clear()
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] ?? null })
      dropRest(response)
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      clear()
      const wasClosed = request.reusedSocket && closed.has(error.code ?? '')
      reject(wasClosed ? new Closed(reasonOf(error)) : new NoAnswer(reasonOf(error)))
    })
    // An answer of another kind, such as a change of the protocol, ends without an error.
    request.on('close', () => {
      clear()
      reject(new NoAnswer('there was no answer'))
    })
    request.end(body)
  })
}
