import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { MillwrightError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import type { ArtifactPartRecord, ArtifactUploadRecord } from '../../contract/artifact-upload.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { ArtifactAddress } from './artifact-path.ts'
import type { TrackedArtifacts } from './tracked-artifacts.ts'

export const mostParts = 10_000

/** Files that come in parts, in any order and side by side; a restart in between changes nothing. */
export class ArtifactUploads {
  /** Those that are being put together. */
  private readonly completing = new Map<string, Promise<void>>()

  constructor(
    private readonly services: { metadata: Metadata; blobs: Blobs },
    private readonly artifacts: TrackedArtifacts,
  ) {}

  /** @returns the key that parts are sent with, which is kept nowhere. */
  async create({ root, path }: ArtifactAddress, parts: number): Promise<{ id: string; key: string }> {
    const id = randomBytes(16).toString('hex')
    const key = randomBytes(32).toString('base64url')
    await this.services.metadata.transaction((writer) =>
      writer.insert('artifact_upload', {
        id,
        root,
        path,
        parts,
        keyHash: sha256(key),
        state: 'open',
        heardAt: Date.now(),
      }),
    )
    return { id, key }
  }

  /** @throws `not-found` for an upload that is not open, `forbidden` for another key. */
  async checkKey(id: string, key: string): Promise<void> {
    const upload = await this.open(id)
    if (!timingSafeEqual(Buffer.from(upload.keyHash), Buffer.from(sha256(key))))
      throw new MillwrightError('forbidden', 'the key is not that of the upload')
  }

  /**
   * Takes a part in; one that was there is replaced.
   *
   * @throws `invalid-request` for a number that was not announced, `too-large`
   */
  async part(id: string, number: number, source: AsyncIterable<Uint8Array>): Promise<{ hash: string; size: number }> {
    const { metadata, blobs } = this.services
    const { parts } = await this.open(id)
    if (!(Number.isInteger(number) && number >= 1 && number <= parts))
      throw new MillwrightError('invalid-request', `the upload has the parts 1 to ${parts}`, { field: 'part_number' })
    const { hash, size } = await blobs.putStream(this.artifacts.limited(source))
    await metadata.transaction(async (writer) => {
      // It may have been completed or given up while the bytes came.
      await this.open(id, writer)
      await writer.put('artifact_part', { id: `${id}/${number}`, upload: id, number, hash, size })
      await writer.update('artifact_upload', id, { heardAt: Date.now() })
    })
    return { hash, size }
  }

  /**
   * Puts the parts together, without holding them in memory. Whoever asks again hears the same; whoever asks meanwhile waits for it.
   *
   * @param stated the parts as the client counts them, with the hash that it was told of each, where it was.
   * @throws `not-found`, `conflict` for parts that have not come or are others, `too-large`, `corrupt-blob`
   */
  async complete(
    id: string,
    address: ArtifactAddress,
    stated: readonly { number: number; hash: string | null }[],
  ): Promise<void> {
    const upload = await this.services.metadata.get('artifact_upload', id)
    if (upload?.root !== address.root || upload.path !== address.path) throw unknown(id)
    if (upload.state === 'complete') return
    const present = this.completing.get(id)
    if (present) return present
    const work = this.assemble(upload, stated).finally(() => this.completing.delete(id))
    this.completing.set(id, work)
    return work
  }

  /** Gives an upload up; nothing happens when it is not there. @throws `not-found` for one of another file. */
  async abort(id: string, { root, path }: ArtifactAddress): Promise<void> {
    await this.services.metadata.transaction(async (writer) => {
      const upload = await writer.get('artifact_upload', id)
      if (!upload || upload.state === 'complete') return
      if (upload.root !== root || upload.path !== path) throw unknown(id)
      for (const part of await writer.find('artifact_part', { where: { upload: id } }))
        await writer.remove('artifact_part', part.id)
      await writer.remove('artifact_upload', id)
    })
  }

  private async open(
    id: string,
    metadata: Pick<Metadata, 'get'> = this.services.metadata,
  ): Promise<ArtifactUploadRecord> {
    const upload = await metadata.get('artifact_upload', id)
    if (upload?.state !== 'open') throw unknown(id)
    return upload
  }

  private async assemble(
    { id, root, path, parts: announced }: ArtifactUploadRecord,
    stated: readonly { number: number; hash: string | null }[],
  ): Promise<void> {
    const { metadata, blobs } = this.services
    const parts = await metadata.find('artifact_part', { where: { upload: id }, orderBy: { field: 'number' } })
    const isWhole = parts.length === announced && parts.every(({ number }, at) => number === at + 1)
    if (!isWhole)
      throw new MillwrightError('conflict', `${parts.length} of ${announced} parts have come`, { field: 'parts' })
    const isAsStated =
      stated.length === announced &&
      stated.every(({ number, hash }, at) => number === at + 1 && (hash === null || hash === parts[at]!.hash))
    if (!isAsStated)
      throw new MillwrightError('conflict', 'the parts are not those that have come', {
        field: 'parts',
        hint: `Name all ${announced} in order, each with the ETag that it was answered with.`,
      })
    this.artifacts.checkSize(parts.reduce((sum, { size }) => sum + size, 0))
    const [only] = parts
    const { hash, size } = parts.length === 1 ? only! : await blobs.putStream(this.bytesOf(parts))
    await metadata.transaction(async (writer) => {
      await this.open(id, writer)
      await this.artifacts.record(writer, { root, path }, hash, size)
      for (const part of parts) await writer.remove('artifact_part', part.id)
      await writer.update('artifact_upload', id, { state: 'complete', heardAt: Date.now() })
    })
  }

  private async *bytesOf(parts: readonly ArtifactPartRecord[]): AsyncGenerator<Uint8Array> {
    for (const { hash, number } of parts) {
      const digest = createHash('sha256')
      for await (const piece of createReadStream(await this.services.blobs.pathOf(hash), { highWaterMark: 1 << 20 })) {
        digest.update(piece as Buffer)
        yield piece as Buffer
      }
      if (digest.digest('hex') !== hash)
        throw new MillwrightError('corrupt-blob', `part ${number} no longer matches its hash`, {
          hint: 'Send the file again.',
        })
    }
  }
}

const unknown = (id: string) =>
  new MillwrightError('not-found', `there is no open upload "${id.slice(0, 40)}" of this file`)
