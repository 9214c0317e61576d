import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FastifyReply } from 'fastify'
import type { Blobs } from '../ports/blobs.ts'

/** What is larger goes from the disk to the connection as fast as that is read, and is never in memory as a whole. */
const wholeBytes = 1 << 20

async function isAsNamed(path: string, hash: string): Promise<boolean> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(chunk)
  return digest.digest('hex') === hash
}

/**
 * Sends a blob as a file to be kept. It is never shown in place: bytes that somebody uploaded are nobody's page.
 *
 * @throws `not-found`, `corrupt-blob` before a byte has left.
 */
export async function sendBlob(reply: FastifyReply, blobs: Blobs, hash: string, name: string): Promise<FastifyReply> {
  const path = await blobs.pathOf(hash)
  const { size } = await stat(path)
  const isLarge = size > wholeBytes && (await isAsNamed(path, hash))
  // Of bytes that are not as named, this says what is to be said.
  const bytes = isLarge ? null : await blobs.get(hash)
  reply
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('content-length', size)
    .type('application/octet-stream')
  return reply.send(bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : createReadStream(path))
}
