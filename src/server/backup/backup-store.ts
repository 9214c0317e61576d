import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { writeFileAtomically } from '../../backends/filesystem/atomic-file.ts'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import { type Manifest, manifestSchema } from './manifest.ts'

/** Bytes from one file to another, flushed. @returns their SHA-256 and how many. */
async function copyHashed(
  from: string,
  to: string,
  mode: number,
  size?: number,
): Promise<{ hash: string; size: number }> {
  const digest = createHash('sha256')
  let bytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digest.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  const file = await open(to, 'wx', mode)
  if (size === 0) await file.close()
  else {
    const read = createReadStream(from, { highWaterMark: 1 << 20, ...(size === undefined ? {} : { end: size - 1 }) })
    await pipeline(read, count, createWriteStream(to, { fd: file.fd, flush: true, autoClose: false }))
    await file.close()
  }
  await chmod(to, mode)
  return { hash: digest.digest('hex'), size: bytes }
}

/**
 * A folder of backups. Bytes are there once, named by their SHA-256, however many backups have them: `objects/ab/abcdef…`; what a backup
 * consists of says its manifest, `backups/<id>.json`, which is written last. Only its owner may read it: a home holds tokens.
 */
export class BackupStore {
  private constructor(readonly folder: string) {}

  /** @throws `invalid-request` for a folder that holds something else. */
  static async open(folder: string, { create = false } = {}): Promise<BackupStore> {
    const names: string[] = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT' && create) return []
      throw new MillwrightError('invalid-request', `${folder} cannot be read: ${messageOf(error)}`, { field: 'dir' })
    })
    const store = new BackupStore(folder)
    if (!names.includes('backups') || !names.includes('objects')) {
      if (!create || names.some((name) => name !== 'objects'))
        throw new MillwrightError('invalid-request', `${folder} is no folder of backups`, {
          field: 'dir',
          hint: 'Give a new or an empty folder, or the one of earlier backups.',
        })
      for (const name of ['objects', 'backups']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
    }
    return store
  }

  private path(hash: string): string {
    return join(this.folder, 'objects', hash.slice(0, 2), hash)
  }

  /** Whether bytes of that name and size are there; `verify` reads them. */
  async has(hash: string, size: number): Promise<boolean> {
    const found = await stat(this.path(hash)).catch(() => null)
    return found?.size === size
  }

  /** Takes the first `size` bytes of a file. @returns whether they are new. */
  async put(from: string, size: number): Promise<{ hash: string; isNew: boolean }> {
    await mkdir(join(this.folder, 'objects'), { recursive: true })
    const draft = join(this.folder, 'objects', `draft-${randomBytes(8).toString('hex')}`)
    try {
      const { hash, size: copied } = await copyHashed(from, draft, 0o600, size)
      if (copied !== size)
        throw new MillwrightError('internal', `${from} has ${copied} bytes, not the ${size} that it had`)
      if (await this.has(hash, size)) return { hash, isNew: false }
      await mkdir(join(this.folder, 'objects', hash.slice(0, 2)), { recursive: true })
      await rename(draft, this.path(hash))
      return { hash, isNew: true }
    } finally {
      await rm(draft, { force: true })
    }
  }

  /** Writes bytes out as a file. @throws `corrupt-blob` when they are not those of the name, or not there. */
  async copyOut(hash: string, to: string, mode: number): Promise<void> {
    const lost = (why: string) =>
      new MillwrightError('corrupt-blob', `${hash} in ${this.folder} ${why}`, {
        hint: 'Restore from another backup; `millwright backup verify` says which are whole.',
      })
    const isThere = await access(this.path(hash)).then(
      () => true,
      () => false,
    )
    if (!isThere) throw lost('is missing')
    const copied = await copyHashed(this.path(hash), to, mode)
    if (copied.hash === hash) return
    await rm(to, { force: true })
    throw lost('no longer matches its hash')
  }

  /** What is wrong with bytes; null for nothing. */
  async faultOf(hash: string): Promise<string | null> {
    const digest = createHash('sha256')
    try {
      for await (const chunk of createReadStream(this.path(hash), { highWaterMark: 1 << 20 })) digest.update(chunk)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : messageOf(error)
    }
    return digest.digest('hex') === hash ? null : 'no longer matches its hash'
  }

  async keep(manifest: Manifest): Promise<void> {
    const text = JSON.stringify({ hash: hashOf(manifest), manifest })
    await writeFileAtomically(join(this.folder, 'backups', `${manifest.id}.json`), text)
  }

  /** Ids of the backups, oldest first. */
  async ids(): Promise<string[]> {
    const names = await readdir(join(this.folder, 'backups'))
    return names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : [])).sort()
  }

  /** @param id without it, the newest. @throws `not-found`, or `corrupt-blob` for a manifest that was changed. */
  async manifest(id?: string): Promise<Manifest> {
    const ids = await this.ids()
    const wanted = id ?? ids.at(-1)
    if (wanted === undefined || !ids.includes(wanted))
      throw new MillwrightError('not-found', `there is no backup${id ? ` "${id}"` : ''} in ${this.folder}`, {
        hint: ids.length > 0 ? `It has ${ids.slice(-5).join(', ')}.` : 'Make one with `millwright backup make`.',
      })
    const fail = (why: string) => new MillwrightError('corrupt-blob', `the manifest of the backup ${wanted} ${why}`)
    let read: { hash?: unknown; manifest?: unknown }
    try {
      read = JSON.parse(await readFile(join(this.folder, 'backups', `${wanted}.json`), 'utf8'))
    } catch (error) {
      throw fail(`cannot be read: ${messageOf(error)}`)
    }
    if (hashOf(read.manifest) !== read.hash) throw fail('no longer matches its hash')
    const parsed = manifestSchema.safeParse(read.manifest)
    if (!parsed.success) throw fail(`is not one that this version reads: ${parsed.error.issues[0]?.message}`)
    return parsed.data
  }

  /** Drops all but the newest backups, and the bytes that only those had. @returns how many backups went. */
  async dropOlderThan(newest: number): Promise<number> {
    const ids = await this.ids()
    const gone = ids.slice(0, Math.max(0, ids.length - newest))
    if (gone.length === 0) return 0
    const used = new Set<string>()
    for (const id of ids.slice(gone.length)) for (const file of (await this.manifest(id)).files) used.add(file.hash)
    // Manifests first: a crash in between leaves bytes without a backup, never a backup without bytes.
    for (const id of gone) await rm(join(this.folder, 'backups', `${id}.json`), { force: true })
    for (const prefix of await readdir(join(this.folder, 'objects')))
      for (const name of await readdir(join(this.folder, 'objects', prefix)).catch(() => []))
        if (!used.has(name)) await rm(join(this.folder, 'objects', prefix, name), { force: true })
    return gone.length
  }
}
