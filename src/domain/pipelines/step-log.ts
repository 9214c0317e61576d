import { appendFile, mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isoTime } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'

type LogStream = 'out' | 'err' | 'log'

/** A step that prints without end must not fill the disk. */
const standardLimit = 16 * 1024 * 1024

export interface LogPage {
  /** Lines of `time stream text`. */
  text: string
  /** Where the next page begins. */
  next: number
  /** Bytes kept so far. */
  size: number
}

/** The logs of steps: one append-only file each, `<home>/logs/<run>/<step>[.<index>].log`, made with its first line. */
export class StepLogs {
  private readonly open = new Map<string, StepLogWriter>()
  private readonly followers = new Map<string, Set<() => void>>()

  constructor(
    private readonly home: string,
    private readonly options: {
      /** Characters of one log. */
      limit?: number
      /** Takes out what nobody may read. */
      redact?: (text: string) => string
    } = {},
  ) {}

  writer(executionId: string): StepLogWriter {
    const known = this.open.get(executionId)
    if (known) return known
    const writer = new StepLogWriter(
      this.path(executionId),
      this.options.limit ?? standardLimit,
      this.options.redact ?? ((text) => text),
      () => this.tell(executionId),
    )
    this.open.set(executionId, writer)
    return writer
  }

  /** Writes what is left, forgets the writer, and tells followers that nothing more comes. */
  async finish(executionId: string): Promise<void> {
    const writer = this.open.get(executionId)
    this.open.delete(executionId)
    await writer?.finish()
    this.tell(executionId)
  }

  private tell(executionId: string): void {
    for (const each of this.followers.get(executionId) ?? []) each()
  }

  /**
   * @param offset in bytes; a page's `next`, or 0.
   * @throws `invalid-request` for an id that is none. A step that has said nothing has an empty log.
   */
  async read(executionId: string, offset = 0, maxBytes = 256 * 1024): Promise<LogPage> {
    const path = this.path(executionId)
    await this.open.get(executionId)?.flush()
    const file = await open(path).catch(() => undefined)
    if (!file) return { text: '', next: 0, size: 0 }
    try {
      const { size } = await file.stat()
      const from = Math.min(Math.max(0, offset), size)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(maxBytes, size - from)), 0, undefined, from)
      let end = bytesRead
      // Pages end with a line, so that no character is cut in two, unless one line fills a page.
      if (from + end < size && buffer.lastIndexOf(10, end - 1) >= 0) end = buffer.lastIndexOf(10, end - 1) + 1
      return { text: buffer.toString('utf8', 0, end), next: from + end, size }
    } finally {
      await file.close()
    }
  }

  /** Calls back whenever there is more to read. @returns a function that ends it. */
  follow(executionId: string, onMore: () => void): () => void {
    const all = this.followers.get(executionId) ?? new Set()
    this.followers.set(executionId, all.add(onMore))
    return () => {
      all.delete(onMore)
      if (all.size === 0) this.followers.delete(executionId)
    }
  }

  /** Removes the logs of a run. */
  async remove(runId: string): Promise<void> {
    await rm(dirname(this.path(`${runId}/x`)), { recursive: true, force: true })
  }

  private path(executionId: string): string {
    const match = /^([a-z0-9_]+)\/([a-z][a-z0-9_-]*)(?:\/(\d+))?$/i.exec(executionId)
    if (!match) {
      throw new MillwrightError('invalid-request', `'${executionId}' is no id of a step's execution.`, {
        hint: 'It looks like run_01h…/train or run_01h…/train/3.',
      })
    }
    return join(this.home, 'logs', match[1]!, `${match[2]}${match[3] ? `.${match[3]}` : ''}.log`)
  }
}

/** Turns pieces of text into lines with time and stream, and appends them in order. */
class StepLogWriter {
  private readonly rest: Record<LogStream, string> = { out: '', err: '', log: '' }
  private buffer = ''
  private size: number | undefined
  private dropped = 0
  private writing: Promise<void> = Promise.resolve()
  private scheduled = false

  constructor(
    private readonly path: string,
    private readonly limit: number,
    private readonly redact: (text: string) => string,
    private readonly onMore: () => void,
  ) {}

  write(stream: LogStream, text: string): void {
    const lines = (this.rest[stream] + text).split('\n')
    this.rest[stream] = lines.pop()!
    for (const line of lines) this.line(stream, line)
    // A line without an end is not kept in memory for ever.
    if (this.rest[stream].length > 64 * 1024) {
      this.line(stream, this.rest[stream])
      this.rest[stream] = ''
    }
  }

  /** What is buffered is in the file when this resolves. */
  flush(): Promise<void> {
    this.scheduled = false
    if (this.buffer === '') return this.writing
    const text = this.buffer
    this.buffer = ''
    this.writing = this.writing.then(() => this.append(text))
    return this.writing
  }

  async finish(): Promise<void> {
    for (const stream of ['out', 'err', 'log'] as const) if (this.rest[stream] !== '') this.write(stream, '\n')
    if (this.dropped > 0) {
      this.buffer += `${isoTime(Date.now())} log Millwright left out ${this.dropped} characters beyond the log's limit.\n`
    }
    await this.flush()
  }

  private line(stream: LogStream, text: string): void {
    if (this.size !== undefined && this.size > this.limit) {
      this.dropped += text.length + 1
      return
    }
    // A progress bar redraws its line with carriage returns; its last state is what is worth keeping.
    const shown = this.redact(text).replace(/\r+$/, '')
    this.buffer += `${isoTime(Date.now())} ${stream} ${shown.slice(shown.lastIndexOf('\r') + 1)}\n`
    if (this.scheduled) return
    this.scheduled = true
    setTimeout(() => void this.flush(), 50).unref()
  }

  private async append(text: string): Promise<void> {
    if (this.size === undefined) {
      await mkdir(dirname(this.path), { recursive: true })
      this.size = await stat(this.path).then(
        (info) => info.size,
        () => 0,
      )
    }
    await appendFile(this.path, text)
    this.size += Buffer.byteLength(text)
    this.onMore()
  }
}
