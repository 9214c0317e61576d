import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

const bytesAWrite = 1 << 20
const bytesAFlush = 32 << 20

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  for (let left = [...pieces]; left.length > 0; ) {
    let { bytesWritten } = await file.writev(left)
    while (left[0] && bytesWritten >= left[0].byteLength) bytesWritten -= left.shift()!.byteLength
    if (left[0]) left[0] = left[0].subarray(bytesWritten)
  }
}

/**
 * Writes what comes to a file. While one megabyte is written the next one comes, and what was written goes to the disk meanwhile, so that little is left for a
 * flush at the end. A few megabytes are held.
 *
 * @returns the SHA-256 of all, and its bytes. @throws what the source or the disk throws, when nothing is being written any more
 */
export async function writeStream(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
): Promise<{ hash: string; size: number }> {
  const digest = createHash('sha256')
  let size = 0
  let gathered: Uint8Array[] = []
  let [bytes, unflushed] = [0, 0]
  let writing = Promise.resolve()
  let flushing = Promise.resolve()
  const write = async (): Promise<void> => {
    await writing
    writing = writeAll(file, gathered)
    // Who waits for it hears of it.
    writing.catch(() => {})
    unflushed += bytes
    gathered = []
    bytes = 0
  }
  try {
    for await (const piece of source) {
      if (piece.byteLength === 0) continue
      digest.update(piece)
      size += piece.byteLength
      bytes += piece.byteLength
      gathered.push(piece)
      if (bytes < bytesAWrite) continue
      await write()
      if (unflushed < bytesAFlush) continue
      await flushing
      flushing = file.datasync()
      flushing.catch(() => {})
      unflushed = 0
    }
    await write()
    await writing
    await flushing
  } finally {
    await Promise.allSettled([writing, flushing])
  }
  return { hash: digest.digest('hex'), size }
}
