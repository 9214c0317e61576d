import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import type { Blobs } from '../../ports/blobs.ts'
import { writeFileAtomically } from './atomic-file.ts'

const isHash = /^[0-9a-f]{64}$/

async function hashFile(path: string): Promise<{ hash: string; size: number }> {
  const digest = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    digest.update(chunk)
    size += (chunk as Buffer).length
  }
  return { hash: digest.digest('hex'), size }
}

/** Blobs as files `<folder>/ab/abcdef…`, read-only. */
export function openFilesystemBlobs(folder: string): Blobs {
  const pathFor = (hash: string): string => {
    if (!isHash.test(hash)) {
      throw new MillwrightError('invalid-request', 'a blob is named by 64 lower-case hex digits', { field: 'hash' })
    }
    return join(folder, hash.slice(0, 2), hash)
  }
  const missing = (hash: string) => new MillwrightError('not-found', `there is no blob ${hash}`)
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )

  return {
    async put(bytes) {
      const hash = sha256(bytes)
      const path = pathFor(hash)
      if (!(await exists(path))) await writeFileAtomically(path, bytes)
      return { hash, size: bytes.byteLength }
    },
    async putFile(source) {
      // Copied first and hashed after: the source may change while it is read, the copy does not.
      await mkdir(join(folder, 'incoming'), { recursive: true })
      const copy = join(folder, 'incoming', randomBytes(12).toString('hex'))
      try {
        await copyFile(source, copy)
        const { hash, size } = await hashFile(copy)
        const path = pathFor(hash)
        if (!(await exists(path))) {
          await mkdir(join(folder, hash.slice(0, 2)), { recursive: true })
          const file = await open(copy, 'r+')
          await file.sync().finally(() => file.close())
          await rename(copy, path)
        }
        return { hash, size }
      } finally {
        await rm(copy, { force: true })
      }
    },
    async get(hash) {
      const path = pathFor(hash)
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? missing(hash) : error
      })
      if (sha256(bytes) !== hash) {
        throw new MillwrightError('corrupt-blob', `blob ${hash} no longer matches its hash`, {
          hint: 'Restore it from a backup; what refers to it cannot be read until then.',
        })
      }
      // A plain view: `slice` of a Buffer shares memory where that of a Uint8Array copies.
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    async pathOf(hash) {
      const path = pathFor(hash)
      if (!(await exists(path))) throw missing(hash)
      return path
    },
    has: (hash) => exists(pathFor(hash)),
    async *list() {
      const prefixes = await readdir(folder).catch(() => [] as string[])
      for (const prefix of prefixes) {
        if (!/^[0-9a-f]{2}$/.test(prefix)) continue
        for (const hash of await readdir(join(folder, prefix))) {
          if (!isHash.test(hash)) continue
          const found = await stat(join(folder, prefix, hash)).catch(() => null)
          if (found) yield { hash, size: found.size, writtenAt: found.mtimeMs }
        }
      }
    },
    remove: (hash) => rm(pathFor(hash), { force: true }),
  }
}
