import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MillwrightError } from '../../base/errors.ts'

const safeName = /^[A-Za-z0-9_-]{1,64}$/

/** Labels that were posted for predictions of models without a dataset: an append-only file an endpoint, the last label of a key counts. */
export class PostedLabels {
  private readonly loaded = new Map<string, Promise<Map<string, number | string>>>()

  constructor(private readonly folder: string) {}

  async of(endpoint: string): Promise<ReadonlyMap<string, number | string>> {
    return this.load(endpoint)
  }

  /** Durable when it resolves. @returns how many were taken. */
  async add(endpoint: string, labels: readonly { key: string; value: number | string | boolean }[]): Promise<number> {
    const known = await this.load(endpoint)
    await mkdir(this.folder, { recursive: true })
    const file = await open(this.path(endpoint), 'a+')
    try {
      const lines = labels.map((label) => `${JSON.stringify([label.key, plain(label.value)])}\n`).join('')
      await file.writeFile((await endsInLine(file)) ? lines : `\n${lines}`)
      await file.datasync()
    } finally {
      await file.close()
    }
    for (const { key, value } of labels) known.set(key, plain(value))
    return labels.length
  }

  private path(endpoint: string): string {
    if (!safeName.test(endpoint))
      throw new MillwrightError('invalid-request', `"${endpoint}" is no name of an endpoint`, { field: 'endpoint' })
    return join(this.folder, `${endpoint}.ndjson`)
  }

  private load(endpoint: string): Promise<Map<string, number | string>> {
    const known = this.loaded.get(endpoint)
    if (known) return known
    const loading = this.read(this.path(endpoint))
    this.loaded.set(endpoint, loading)
    return loading
  }

  private async read(path: string): Promise<Map<string, number | string>> {
    const labels = new Map<string, number | string>()
    const file = await open(path, 'r').catch(() => null)
    if (!file) return labels
    await file.close()
    for await (const line of createInterface({ input: createReadStream(path) })) {
      try {
        const [key, value] = JSON.parse(line) as [string, number | string]
        labels.set(key, value)
      } catch {
        // The last line of a process that died in the middle of it: it was never acknowledged.
      }
    }
    return labels
  }
}

/** False after a process that died while it wrote: what comes next must not join its half of a line. */
async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return true
  const last = new Uint8Array(1)
  await file.read(last, 0, 1, size - 1)
  return last[0] === 10
}

const plain = (value: number | string | boolean): number | string =>
  typeof value === 'boolean' ? Number(value) : value
