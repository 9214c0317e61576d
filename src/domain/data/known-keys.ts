import { numbersOf, type Table, textAt, textsOf } from '../../base/columns.ts'
import type { BatchRecord } from '../../contract/data.ts'
import type { DataServices } from './data-services.ts'

/** How many batches keep their keys in memory. */
const cachedBatches = 4

/**
 * Which keys a dataset has. Those of waiting rows are in memory; those of batches are read when a row comes whose time lies within the
 * batch, which is rare but for the batch before.
 */
export class KnownKeys {
  private readonly open = new Map<number, Set<string>>()
  private readonly closing = new Set<Set<string>>()
  private readonly cached = new Map<string, Promise<Set<string>>>()
  private versions = 0
  private batches: BatchRecord[] = []

  constructor(
    private readonly services: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
    private readonly dataset: string,
    private readonly key: string,
    private readonly time: string,
  ) {}

  /** Takes the keys of those rows whose key no other row has, of the dataset or of these. @returns their places. */
  async claim(rows: Table, dayOf: Float64Array): Promise<number[]> {
    const keys = textsOf(rows, this.key)
    const stored = await this.storedKeys(numbersOf(rows, this.time))
    const fresh: number[] = []
    for (let row = 0; row < rows.rows; row += 1) {
      const key = textAt(keys, row)!
      if (this.isWaiting(key) || stored.some((set) => set.has(key))) continue
      this.setOf(dayOf[row]!).add(key)
      fresh.push(row)
    }
    return fresh
  }

  /** Gives back keys of rows that could not be kept. */
  release(rows: Table, dayOf: Float64Array): void {
    const keys = textsOf(rows, this.key)
    for (let row = 0; row < rows.rows; row += 1) this.open.get(dayOf[row]!)?.delete(textAt(keys, row)!)
  }

  add(rows: Table, start: number): void {
    const keys = textsOf(rows, this.key)
    const known = this.setOf(start)
    for (let row = 0; row < rows.rows; row += 1) known.add(textAt(keys, row)!)
  }

  /**
   * Rows of a day are about to become a batch; keys of others of the day, which were claimed and are on their way, stay.
   *
   * @returns what to call with the batch, or with null when there is none after all.
   */
  closeDay(start: number, parts: readonly { rows: Table }[]): (batch: BatchRecord | null) => void {
    const open = this.setOf(start)
    const keys = new Set<string>()
    for (const { rows } of parts) {
      const texts = textsOf(rows, this.key)
      for (let row = 0; row < rows.rows; row += 1) {
        const key = textAt(texts, row)!
        keys.add(key)
        open.delete(key)
      }
    }
    if (open.size === 0) this.open.delete(start)
    this.closing.add(keys)
    return (batch) => {
      this.closing.delete(keys)
      // Its rows wait on, to be made a batch later.
      if (batch === null) for (const key of keys) this.setOf(start).add(key)
      if (batch?.state === 'accepted') this.cache(batch.contentHash, Promise.resolve(keys))
    }
  }

  private isWaiting(key: string): boolean {
    for (const keys of this.open.values()) if (keys.has(key)) return true
    for (const keys of this.closing) if (keys.has(key)) return true
    return false
  }

  private setOf(start: number): Set<string> {
    let keys = this.open.get(start)
    if (keys === undefined) {
      keys = new Set()
      this.open.set(start, keys)
    }
    return keys
  }

  /** Keys of all batches that any of the times lies in. */
  private async storedKeys(times: Float64Array): Promise<Set<string>[]> {
    const { metadata } = this.services
    const versions = await metadata.count('dataset_version', { dataset: this.dataset })
    if (versions !== this.versions) {
      this.batches = await metadata.find('batch', { where: { dataset: this.dataset, state: 'accepted' } })
      this.versions = versions
    }
    const hit = this.batches.filter(({ from, to, removedIn }) => {
      return removedIn === null && from !== null && to !== null && times.some((time) => time >= from && time <= to)
    })
    return Promise.all(hit.map((batch) => this.keysOf(batch)))
  }

  private keysOf(batch: BatchRecord): Promise<Set<string>> {
    const known = this.cached.get(batch.contentHash)
    if (known !== undefined) return known
    const keys = this.read(batch)
    this.cache(batch.contentHash, keys)
    return keys
  }

  private cache(hash: string, keys: Promise<Set<string>>): void {
    this.cached.set(hash, keys)
    for (const oldest of this.cached.keys()) if (this.cached.size > cachedBatches) this.cached.delete(oldest)
  }

  private async read(batch: BatchRecord): Promise<Set<string>> {
    const { blobs, tables } = this.services
    const file = { format: 'parquet' as const, path: await blobs.pathOf(batch.contentHash) }
    const rows = await tables.read([file], { columns: [{ name: this.key, type: 'key' }] })
    const keys = textsOf(rows, this.key)
    return new Set(Array.from({ length: rows.rows }, (_, row) => textAt(keys, row)!))
  }
}
