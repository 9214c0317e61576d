import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { TrackedFile } from '../../ports/tracked-files.ts'
import { byteRange } from '../byte-range.ts'

const wholeBytes = 1 << 20

const corrupt = (hash: string) =>
  new MillwrightError('corrupt-blob', `blob ${hash} no longer matches its hash`, {
    hint: 'Restore it from a backup with `millwright verify --repair-from`.',
  })

/** The bytes of a file as they are read. The last of them come only when all are as named: what is damaged ends in the middle, for whoever fetches it. */
async function* checked(path: string, hash: string): AsyncGenerator<Buffer> {
  const digest = createHash('sha256')
  let last: Buffer | null = null
  for await (const piece of createReadStream(path, { highWaterMark: 256 << 10 })) {
    digest.update(piece as Buffer)
    if (last) yield last
    last = piece as Buffer
  }
  if (digest.digest('hex') !== hash) throw corrupt(hash)
  if (last) yield last
}

/** A name for whoever keeps the file, in signs that a header may hold, and as it is where that is understood (RFC 6266). */
function dispositionOf(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["%\\]/g, '_')
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}

const names = (header: string | undefined, tag: string): boolean =>
  header?.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === tag) ?? false

/**
 * Answers with an artifact, or a part of it, as bytes to be kept: never as a page. Memory does not grow with the file.
 *
 * A part is not held against the hash, for which all would have to be read: only that the file is as long as it was.
 *
 * @throws `corrupt-blob` before a byte has left, as far as it is known by then.
 */
export async function sendArtifact(
  request: FastifyRequest,
  reply: FastifyReply,
  blobs: Blobs,
  { path, hash, size }: TrackedFile,
): Promise<FastifyReply> {
  const tag = `"${hash}"`
  reply.headers({ etag: tag, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' })
  if (names(request.headers['if-none-match'], tag)) return reply.status(304).send()
  const file = await blobs.pathOf(hash).catch((error: MillwrightError) => {
    // It is there, says the record: that its bytes are not is our fault, and nothing that a client asks for again.
    throw error.code === 'not-found' ? new MillwrightError('corrupt-blob', `the bytes of "${path}" are missing`) : error
  })
  if ((await stat(file)).size !== size) throw corrupt(hash)
  const ifRange = request.headers['if-range']
  const range = ifRange === undefined || ifRange === tag ? byteRange(request.headers.range, size) : null
  if (range === 'none') {
    reply.header('content-range', `bytes */${size}`)
    return reply.status(416).send({ error_code: 'INVALID_PARAMETER_VALUE', message: `"${path}" has ${size} bytes` })
  }
  reply.header('content-disposition', dispositionOf(basename(path))).type('application/octet-stream')
  if (range) reply.status(206).header('content-range', `bytes ${range.from}-${range.to}/${size}`)
  reply.header('content-length', range ? range.to - range.from + 1 : size)
  if (request.method === 'HEAD') return reply.send()
  if (range) return reply.send(createReadStream(file, { start: range.from, end: range.to }))
  if (size <= wholeBytes) return reply.send(Buffer.from(await blobs.get(hash)))
  return reply.send(Readable.from(checked(file, hash), { objectMode: false }))
}
