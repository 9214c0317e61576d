import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, copyFile, mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import type { Blobs } from '../../ports/blobs.ts'
import { syncFolder, writeFileAtomically } from './atomic-file.ts'
import { writeStream } from './file-sink.ts'

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
  const aside = join(folder, 'incoming')
  const missing = (hash: string) => new MillwrightError('not-found', `there is no blob ${hash}`)
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )

  /** Whether it is there; then it counts as written now, and no collection of garbage that began before takes it for old. */
  const renew = (path: string): Promise<boolean> =>
    utimes(path, new Date(), new Date()).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
    )
  /** Makes a file aside and takes it in under its hash, flushed; nothing is left of one that fails. */
  const incoming = async (
    make: (path: string) => Promise<{ hash: string; size: number }>,
  ): Promise<{ hash: string; size: number }> => {
    await mkdir(aside, { recursive: true })
    const draft = join(aside, randomBytes(12).toString('hex'))
    try {
      const made = await make(draft)
      const path = pathFor(made.hash)
      if (!(await renew(path))) {
        await mkdir(dirname(path), { recursive: true })
        const file = await open(draft, 'r+')
        await file.sync().finally(() => file.close())
        await rename(draft, path)
        await syncFolder(dirname(path))
      }
      return made
    } finally {
      await rm(draft, { force: true })
    }
  }

  return {
    async put(bytes) {
      const hash = sha256(bytes)
      const path = pathFor(hash)
      if (!(await renew(path))) await writeFileAtomically(path, bytes)
      return { hash, size: bytes.byteLength }
    },
    putFile: (source) =>
      // Copied first and hashed after: the source may change while it is read, the copy does not.
      incoming(async (copy) => {
        await copyFile(source, copy)
        return hashFile(copy)
      }),
    putStream: (source) =>
      incoming(async (path) => {
        const file = await open(path, 'wx')
        return writeStream(file, source).finally(() => file.close())
      }),
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
    async isWhole(hash) {
      const found = await hashFile(pathFor(hash)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
      return found?.hash === hash
    },
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
    async sweep(before, { dryRun }) {
      const swept = { count: 0, bytes: 0 }
      for (const name of await readdir(aside).catch(() => [] as string[])) {
        const found = await stat(join(aside, name)).catch(() => null)
        if (found === null || found.mtimeMs >= before) continue
        swept.count += 1
        swept.bytes += found.size
        if (!dryRun) await rm(join(aside, name), { force: true })
      }
      return swept
    },
  }
}
