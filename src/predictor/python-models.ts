import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pythonEnvironment } from '../backends/local-process/python-environment.ts'
import { PythonModel } from '../backends/local-process/python-model.ts'
import { MillwrightError } from '../base/errors.ts'
import type { Slot } from '../contract/serving.ts'
import { TensorModel } from './tensor-models.ts'

/** One that is not asked for any more may be in the next plan again. */
const keptUnusedMs = 60_000
/** Folders of models and environments that nobody used for so long go: an environment takes hundreds of megabytes. */
const foldersKeptMs = 14 * 24 * 3_600_000
/** What failed is not tried again at once. */
const retryAfterMs = 60_000

type Kept =
  | { state: 'preparing' }
  | { state: 'ready'; model: TensorModel }
  | { state: 'failed'; error: unknown; at: number }

/**
 * The Python models of the plan: their files laid out, their packages installed in an environment of their own, and each in a process that is
 * watched. To install packages takes minutes, in which nothing else waits.
 */
export class PythonModels {
  private readonly kept = new Map<string, Kept>()
  private readonly unused = new Map<string, NodeJS.Timeout>()
  /** Folders that models in memory use. */
  private readonly inUse = new Map<string, string[]>()
  private isClosed = false

  /**
   * @param home where files and environments are kept.
   * @param blobPath brings a blob here and says where it lies.
   * @param told called when one that was being prepared is ready, or failed.
   */
  constructor(
    private readonly home: string,
    private readonly blobPath: (hash: string) => Promise<string>,
    private readonly told: () => void,
  ) {}

  /** @returns null while it is being prepared. @throws why it cannot be loaded. */
  get({ version, files }: Slot & { files: NonNullable<Slot['files']> }): TensorModel | null {
    const hash = version.filesHash!
    this.keep(hash)
    const known = this.kept.get(hash)
    if (known?.state === 'ready') return known.model
    if (known?.state === 'preparing') return null
    if (known && Date.now() - known.at < retryAfterMs) throw known.error
    this.kept.set(hash, { state: 'preparing' })
    void this.sweep().catch(() => {})
    void this.prepare(version, files).then(
      (model) => this.settle(hash, { state: 'ready', model: new TensorModel(model) }),
      (error) => this.settle(hash, { state: 'failed', error, at: Date.now() }),
    )
    return null
  }

  /** Lets go of all others, in a while. */
  keepOnly(hashes: ReadonlySet<string>): void {
    for (const hash of this.kept.keys()) {
      if (hashes.has(hash)) this.keep(hash)
      else if (!this.unused.has(hash)) {
        const timer = setTimeout(() => void this.drop(hash), keptUnusedMs)
        timer.unref()
        this.unused.set(hash, timer)
      }
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const hash of [...this.kept.keys()]) await this.drop(hash)
  }

  private keep(hash: string): void {
    clearTimeout(this.unused.get(hash))
    this.unused.delete(hash)
  }

  private async drop(hash: string): Promise<void> {
    this.keep(hash)
    const known = this.kept.get(hash)
    this.kept.delete(hash)
    // From now on they count as unused.
    await Promise.all((this.inUse.get(hash) ?? []).map(touch))
    this.inUse.delete(hash)
    if (known?.state === 'ready') await known.model.retire()
  }

  private settle(hash: string, kept: Exclude<Kept, { state: 'preparing' }>): void {
    if (this.isClosed || !this.kept.has(hash)) {
      if (kept.state === 'ready') void kept.model.retire()
      return
    }
    this.kept.set(hash, kept)
    this.told()
  }

  private async prepare(version: Slot['version'], files: NonNullable<Slot['files']>): Promise<PythonModel> {
    const folder = join(this.home, 'python-models', version.filesHash!)
    await this.layOut(folder, files)
    const python = await interpreterOf(folder)
    const requirements = join(folder, 'requirements.txt')
    if (!(await isThere(requirements)))
      throw new MillwrightError('model-unreadable', `${version.id} names no packages that it needs`, {
        hint: 'Log it with its requirements.txt, as mlflow does by itself.',
      })
    await touch(folder)
    const variables = await pythonEnvironment(requirements, join(this.home, 'python-environments'), python)
    await touch(variables.VIRTUAL_ENV!)
    this.inUse.set(version.filesHash!, [folder, variables.VIRTUAL_ENV!])
    return new PythonModel({
      name: version.id,
      folder,
      python: join(variables.VIRTUAL_ENV!, process.platform === 'win32' ? 'Scripts/python' : 'bin/python'),
      variables,
      inputs: version.signature.request,
      outputs: version.signature.outputs,
    }).start()
  }

  /** Removes what nobody used for long. */
  private async sweep(): Promise<void> {
    const used = new Set([...this.inUse.values()].flat())
    for (const parent of ['python-models', 'python-environments']) {
      const names = await readdir(join(this.home, parent)).catch(() => [])
      for (const name of names) {
        const folder = join(this.home, parent, name)
        const { mtimeMs } = await stat(folder)
        if (!used.has(folder) && Date.now() - mtimeMs > foldersKeptMs)
          await rm(folder, { recursive: true, force: true })
      }
    }
  }

  /** Copies, which the model may write to: blobs stay what their names say. The folder is there when it is whole. */
  private async layOut(folder: string, files: NonNullable<Slot['files']>): Promise<void> {
    if (await isThere(folder)) return
    const draft = `${folder}.draft-${process.pid}`
    await rm(draft, { recursive: true, force: true })
    for (const { path, hash } of files) {
      const to = join(draft, ...path.split('/'))
      await mkdir(dirname(to), { recursive: true })
      await copyFile(await this.blobPath(hash), to)
      const found = createHash('sha256')
        .update(await readFile(to))
        .digest('hex')
      if (found !== hash)
        throw new MillwrightError('internal', `the file ${path} of the model is damaged: its content is ${found}`)
    }
    await rename(draft, folder).catch(async (error) => {
      if (!(await isThere(folder))) throw error
      await rm(draft, { recursive: true, force: true })
    })
  }
}

const touch = async (folder: string): Promise<void> => {
  const now = new Date()
  await utimes(folder, now, now).catch(() => {})
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** The Python that the model was made with, by its first two numbers: what was pickled by another may be read wrongly. */
async function interpreterOf(folder: string): Promise<string> {
  const said = await readFile(join(folder, 'python_env.yaml'), 'utf8').catch(() => '')
  const [, version] = /^python:\s*['"]?(\d+\.\d+)/m.exec(said) ?? []
  return version ? `python${version}` : 'python3'
}
