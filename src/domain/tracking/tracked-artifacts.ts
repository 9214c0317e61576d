import { MillwrightError } from '../../base/errors.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { EntryMark, TrackedEntry, TrackedFile } from '../../ports/tracked-files.ts'
import type { ArtifactAddress } from './artifact-path.ts'
import { filesOfStep, levelOf } from './pipeline-artifacts.ts'

const entriesAtOnce = 1000

/** The files of tracked runs and logged models, and of steps to be read: which there are is in the records, their bytes are blobs. */
export class TrackedArtifacts {
  constructor(
    private readonly services: { metadata: Metadata; blobs: Blobs },
    /** A file may have so many bytes. */
    readonly mostBytes: number,
  ) {}

  /** @throws `not-found`, for a folder too. */
  async file({ root, path }: ArtifactAddress): Promise<TrackedFile> {
    const { metadata } = this.services
    const ofStep = await filesOfStep(metadata, root)
    const file = ofStep ? ofStep.find((each) => each.path === path) : await metadata.files.get(root, path)
    if (!file) throw missing({ root, path })
    return file
  }

  /** One level, a page of it. A folder that is not there, and a file, have nothing in them. */
  async list({ root, path }: ArtifactAddress, page: { after?: EntryMark; limit: number }): Promise<TrackedEntry[]> {
    const { metadata } = this.services
    const ofStep = await filesOfStep(metadata, root)
    return ofStep ? levelOf(ofStep, path, page) : metadata.files.list(root, path, page)
  }

  /** One level, all of it. */
  async listAll(address: ArtifactAddress): Promise<TrackedEntry[]> {
    const entries: TrackedEntry[] = []
    for (let after: EntryMark | undefined; ; after = entries.at(-1)) {
      const page = await this.list(address, { ...(after ? { after } : {}), limit: entriesAtOnce })
      entries.push(...page)
      if (page.length < entriesAtOnce) return entries
      // A long folder leaves others their turn.
      await new Promise(setImmediate)
    }
  }

  /**
   * Takes a file in as its bytes come; only when they are whole it is there, or replaces the one before. The same bytes again change nothing.
   *
   * @throws `too-large`; `conflict` where a folder has the name, or a file that of one of its folders; whatever the source throws.
   */
  async write(address: ArtifactAddress, source: AsyncIterable<Uint8Array>): Promise<TrackedFile> {
    const { metadata, blobs } = this.services
    // Known to be refused before the bytes have come, and again when they have.
    await checkPlace(metadata, address)
    const { hash, size } = await blobs.putStream(this.limited(source))
    return metadata.transaction((writer) => this.record(writer, address, hash, size))
  }

  /** Records a file whose bytes are there. @throws `conflict`, `not-found` for a run or a model that went while they came */
  async record(writer: RecordWriter, address: ArtifactAddress, hash: string, size: number): Promise<TrackedFile> {
    const { root, path } = address
    const present = await writer.files.get(root, path)
    if (present?.hash === hash) return present
    await checkOwner(writer, root)
    await checkPlace(writer, address)
    const file = { path, hash, size, at: Date.now() }
    await writer.files.put(root, file)
    return file
  }

  /** Removes a file, or a folder with all in it; the bytes go with the garbage. @returns how many files. @throws `not-found` */
  remove({ root, path }: ArtifactAddress): Promise<number> {
    return this.services.metadata.transaction(async (writer) => {
      const removed = await writer.files.remove(root, path)
      if (removed === 0) throw missing({ root, path })
      return removed
    })
  }

  /** The bytes as they come. @throws `too-large` with the first that is too many */
  async *limited(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const piece of source) {
      bytes += piece.byteLength
      this.checkSize(bytes)
      yield piece
    }
  }

  /** @throws `too-large` */
  checkSize(bytes: number): void {
    if (bytes > this.mostBytes) throw tooLarge(this.mostBytes)
  }
}

const missing = ({ root, path }: ArtifactAddress) =>
  new MillwrightError(
    'not-found',
    path === '' ? `there is no artifact in ${root}` : `there is no artifact "${path}" in ${root}`,
  )

const tooLarge = (most: number) =>
  new MillwrightError('too-large', `an artifact has at most ${most} bytes`, {
    hint: 'Whoever starts the control plane sets that with MILLWRIGHT_ARTIFACT_MB.',
  })

/** What was removed for good keeps nothing, so that nothing may come after it. */
async function checkOwner({ tracking }: Pick<RecordWriter, 'tracking'>, root: string): Promise<void> {
  const [, run, model] = root.split('/')
  if (run === 'models' ? await tracking.models.get(model!) : await tracking.run(run!)) return
  throw new MillwrightError('not-found', `there is nothing any more whose artifacts are in ${root}`, { field: 'path' })
}

/** A name is that of a file or of a folder, never of both: nobody could fetch them into one folder. */
async function checkPlace({ files }: Pick<Metadata, 'files'>, { root, path }: ArtifactAddress): Promise<void> {
  if (path === '') throw new MillwrightError('invalid-request', 'an artifact has a name', { field: 'path' })
  const names = path.split('/')
  for (let depth = 1; depth < names.length; depth += 1) {
    const above = names.slice(0, depth).join('/')
    if (await files.get(root, above))
      throw new MillwrightError('conflict', `"${above}" is a file, so that nothing can lie in it`, { field: 'path' })
  }
  if ((await files.list(root, path, { limit: 1 })).length > 0)
    throw new MillwrightError('conflict', `"${path}" is a folder`, { field: 'path' })
}
