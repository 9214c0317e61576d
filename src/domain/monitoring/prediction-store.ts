import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { MillwrightError } from '../../base/errors.ts'
import type { PredictionRecord } from '../../contract/serving.ts'

const safeName = /^[A-Za-z0-9_-]{1,120}$/
/** A segment up to this size is read as a whole, and that many of them are kept. */
const smallBytes = 4 << 20
const smallSegments = 12

/**
 * The control plane's copy of the prediction logs: the segments of each prediction service, byte for byte, a folder each. A segment's name begins
 * with its day (`20010203-…`), so that a day's predictions are found by name.
 */
export class PredictionStore {
  private readonly sizes = new Map<string, number>()
  /** Appends to a segment follow each other: a piece that is sent again may come while the first is on its way to the disk. */
  private readonly appending = new Map<string, Promise<unknown>>()
  private readonly small = new Map<string, { size: number; records: PredictionRecord[] }>()

  constructor(private readonly folder: string) {}

  private path(predictor: string, segment: string): string {
    for (const [field, name] of Object.entries({ predictor, segment })) {
      if (!safeName.test(name))
        throw new MillwrightError('invalid-request', `"${name}" is no name of a ${field}`, { field })
    }
    return join(this.folder, predictor, `${segment}.ndjson`)
  }

  /**
   * Appends to a segment at an offset and flushes it to the disk. Bytes that are there already are not taken twice.
   *
   * @returns how much of the segment is here now.
   * @throws `conflict` when bytes before the offset are missing.
   */
  async append(
    predictor: string,
    segment: string,
    offset: number,
    bytes: Uint8Array,
  ): Promise<{ size: number; added: Uint8Array }> {
    const path = this.path(predictor, segment)
    const before = this.appending.get(path) ?? Promise.resolve()
    const appended = before.catch(() => {}).then(() => this.appendNext(predictor, path, offset, bytes))
    this.appending.set(path, appended)
    try {
      return await appended
    } finally {
      if (this.appending.get(path) === appended) this.appending.delete(path)
    }
  }

  private async appendNext(
    predictor: string,
    path: string,
    offset: number,
    bytes: Uint8Array,
  ): Promise<{ size: number; added: Uint8Array }> {
    let size = this.sizes.get(path)
    if (size === undefined) {
      await mkdir(join(this.folder, predictor), { recursive: true })
      size = await stat(path).then(
        (found) => found.size,
        () => 0,
      )
    }
    if (offset > size)
      throw new MillwrightError(
        'conflict',
        `segment ${basename(path, '.ndjson')} is here up to byte ${size}, not ${offset}`,
        {
          field: 'offset',
        },
      )
    const added = bytes.subarray(size - offset)
    if (added.length > 0) {
      const file = await open(path, 'a')
      try {
        await file.writeFile(added)
        await file.datasync()
      } catch (error) {
        // Some of it may be there: the file says how much.
        this.sizes.delete(path)
        throw error
      } finally {
        await file.close()
      }
      size += added.length
    }
    this.sizes.set(path, size)
    return { size, added }
  }

  /** Paths of the segments of the days in `[from, to)` (project time), oldest first. */
  async segments(from: number, to: number): Promise<string[]> {
    const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10).replaceAll('-', '')
    const ofFourDigits = (time: number): number => Math.min(Math.max(0, time), Date.UTC(9999, 0))
    const [first, last] = [dayOf(ofFourDigits(from)), dayOf(ofFourDigits(to - 1))]
    const paths: { name: string; path: string }[] = []
    for (const predictor of await readdir(this.folder).catch(() => [] as string[])) {
      for (const name of await readdir(join(this.folder, predictor))) {
        const day = name.slice(0, 8)
        if (day >= first && day <= last) paths.push({ name, path: join(this.folder, predictor, name) })
      }
    }
    return paths.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)).map(({ path }) => path)
  }

  /** Reads records of those days in order. Small segments that were read lately are kept, for several monitors read the same days. */
  async *records(from: number, to: number): AsyncGenerator<PredictionRecord> {
    for (const path of await this.segments(from, to)) {
      const { size } = await stat(path)
      if (size <= smallBytes) yield* await this.smallSegment(path, size)
      else {
        const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
        for await (const line of lines) {
          const record = line && readRecord(line)
          if (record) yield record
        }
      }
    }
  }

  /**
   * The newest records that match, newest first; at most about `mostRead` lines are looked at, segment by segment from the newest back.
   *
   * @returns with them, the day (UTC milliseconds) back to which was looked; null when nothing older is here.
   */
  async newest(
    matches: (record: PredictionRecord) => boolean,
    { limit, to = Number.MAX_SAFE_INTEGER, mostRead = 200_000 }: { limit: number; to?: number; mostRead?: number },
  ): Promise<{ records: PredictionRecord[]; searchedTo: number | null }> {
    const paths = (await this.segments(0, to)).reverse()
    const found: PredictionRecord[] = []
    let read = 0
    for (const [place, path] of paths.entries()) {
      const { size } = await stat(path)
      const own: PredictionRecord[] = []
      const look = (record: PredictionRecord): void => {
        read += 1
        if (record.time < to && matches(record)) own.push(record)
        // Of a large segment only its newest are wanted.
        if (own.length > 2 * limit) own.splice(0, own.length - limit)
      }
      if (size <= smallBytes) for (const record of await this.smallSegment(path, size)) look(record)
      else {
        const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
        for await (const line of lines) {
          const record = line && readRecord(line)
          if (record) look(record)
        }
      }
      found.push(...own)
      const day = basename(path).slice(0, 8)
      const next = paths[place + 1]
      // Several prediction services write on one day: it is looked at as a whole.
      const isDayOver = next === undefined || basename(next).slice(0, 8) !== day
      if (isDayOver && (found.length >= limit || read >= mostRead)) {
        const searchedTo = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)))
        return { records: newestOf(found, limit), searchedTo: next === undefined ? null : searchedTo }
      }
    }
    return { records: newestOf(found, limit), searchedTo: null }
  }

  private async smallSegment(path: string, size: number): Promise<PredictionRecord[]> {
    const known = this.small.get(path)
    if (known?.size === size) {
      // Read last, forgotten last.
      this.small.delete(path)
      this.small.set(path, known)
      return known.records
    }
    const lines = (await readFile(path, 'utf8')).split('\n')
    const records = lines.flatMap((line) => (line && readRecord(line)) || [])
    this.small.delete(path)
    this.small.set(path, { size, records })
    const [oldest] = this.small.keys()
    if (this.small.size > smallSegments && oldest !== undefined) this.small.delete(oldest)
    return records
  }

  /** The record with that id: its segment and line are in the id. */
  async find(id: string): Promise<PredictionRecord | undefined> {
    const at = id.lastIndexOf('.')
    const segment = id.slice(0, at)
    if (at < 0 || !safeName.test(segment)) return undefined
    for (const predictor of await readdir(this.folder).catch(() => [] as string[])) {
      const path = join(this.folder, predictor, `${segment}.ndjson`)
      if (!(await stat(path).catch(() => null))) continue
      const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
      for await (const line of lines) {
        if (!line.includes(id)) continue
        const record = readRecord(line)
        if (record?.id === id) return record
      }
    }
    return undefined
  }
}

const newestOf = (records: PredictionRecord[], limit: number): PredictionRecord[] =>
  records.sort((a, b) => b.time - a.time || b.id.localeCompare(a.id, 'en', { numeric: true })).slice(0, limit)

/** Null of a line of which the end is still to come: a prediction service may have died, or be sending. */
export function readRecord(line: string): PredictionRecord | null {
  try {
    return JSON.parse(line) as PredictionRecord
  } catch {
    return null
  }
}
