import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillwrightError } from '../base/errors.ts'
import { jsonText } from '../http/json-body.ts'
import { answerUnread, hasMuchToCome } from '../http/unread-body.ts'
import type { Endpoints, LoadedEndpoint } from './endpoints.ts'
import { type Inference, infer } from './inference.ts'
import { refusalOf } from './refusal.ts'
import { answersTensors, inferTensors } from './tensor-inference.ts'
import type { AskedToken } from './token.ts'

const path = /^\/v2\/models\/([^/?]+)(?:\/versions\/([^/?]+))?\/infer(?:\?|$)/
const bodyLimit = 16 << 20

/** @throws `not-found` with the names that there are. */
export function endpointNamed(endpoints: Endpoints, name: string): LoadedEndpoint {
  const found = endpoints.find(name)
  if (!found)
    throw new MillwrightError('not-found', `there is no endpoint "${name}"`, {
      hint: endpoints.names.length > 0 ? `There are ${endpoints.names.join(', ')}.` : 'None is deployed yet.',
    })
  return found
}

const headers = { 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' }

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

const tooLarge = (): MillwrightError => new MillwrightError('too-large', 'the body is larger than 16 MB')

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let size = 0
    if (Number(request.headers['content-length']) > bodyLimit) return reject(tooLarge())
    request.on('data', (piece: Buffer) => {
      size += piece.length
      if (size <= bodyLimit) pieces.push(piece)
      else reject(tooLarge())
    })
    request.on('error', reject)
    request.on('end', () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)))
  })
}

function parsed(request: IncomingMessage, body: Buffer): unknown {
  const type = request.headers['content-type'] ?? 'application/json'
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw Object.assign(new Error(`the body must be application/json, not ${type}`), { statusCode: 415 })
  const text = jsonText(body)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MillwrightError('invalid-request', `the body is no JSON: ${(error as Error).message}`, { field: 'body' })
  }
}

/**
 * Answers `POST /v2/models/<endpoint>[/versions/<version>]/infer` on node:http itself: the framework, which serves all else, would cost as much as
 * the model.
 *
 * @returns false for any other request, which is left alone.
 */
export function answerInference(
  endpoints: Endpoints,
  around: Inference,
  token: AskedToken,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (request.method !== 'POST') return false
  const match = path.exec(request.url ?? '')
  if (!match) return false
  void answer(endpoints, around, token, match, request, response)
  return true
}

async function answer(
  endpoints: Endpoints,
  around: Inference,
  token: AskedToken,
  [, name = '', version]: RegExpExecArray,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    token.check(request.headers.authorization)
    const body = parsed(request, await readBody(request))
    const endpoint = endpointNamed(endpoints, decodeURIComponent(name))
    const wanted = version === undefined ? null : decodeURIComponent(version)
    const text = answersTensors(endpoint, wanted)
      ? await inferTensors(endpoint, wanted, body, around)
      : await infer(endpoint, wanted, body, around)
    send(response, 200, text)
  } catch (error) {
    const { status, message } = refusalOf(error)
    around.metrics.refused(endpoints.find(name)?.name ?? 'unknown', status)
    if (response.destroyed) return
    const text = JSON.stringify({ error: message })
    if (hasMuchToCome(request)) answerUnread(request, response, status, headers, text)
    else send(response, status, text)
  }
}
