import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { day, isoTime } from '../base/clock.ts'

const segmentBytes = 8 << 20

export interface Segment {
  name: string
  path: string
  /** Bytes written so far; the file may be longer only while a write is on its way. */
  size: number
  /** Nothing more will be written to it. */
  closed: boolean
}

/** Lines of one turn of the event loop. */
interface Group {
  lines: string[]
  written: Promise<void>
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * The prediction service's own log: lines of JSON in segments, appended before an answer leaves. What arrives in one turn of the event loop
 * is one write. A write that returned survives the death of the process; a torn last line is cut off at the next start.
 */
export class PredictionLog {
  private file: number | null = null
  private current: Segment | null = null
  private readonly closed: Segment[] = []
  private lines = 0
  /** Days since 1970 of the current segment. */
  private day = Number.NaN
  private group: Group | null = null
  private count = 0

  constructor(
    private readonly folder: string,
    private readonly now: () => number,
  ) {
    mkdirSync(folder, { recursive: true })
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name)
      const size = wholeLines(path)
      if (size === 0) rmSync(path)
      else this.closed.push({ name: name.replace(/\.ndjson$/, ''), path, size, closed: true })
    }
  }

  /**
   * Takes a record of which the id is not known yet, and gives the id.
   *
   * @returns the id, and a promise that resolves when the line is written.
   */
  append(line: (id: string) => string): { id: string; written: Promise<void> } {
    const segment = this.segment()
    const id = `${segment.name}.${this.lines}`
    this.lines += 1
    const group = this.group ?? this.openGroup()
    group.lines.push(line(id))
    return { id, written: group.written }
  }

  /** Segments with lines in them, oldest first. */
  segments(): Segment[] {
    return this.current && this.current.size > 0 ? [...this.closed, this.current] : [...this.closed]
  }

  /** Forgets a closed segment that is safe elsewhere. */
  drop(segment: Segment): void {
    const at = this.closed.indexOf(segment)
    if (at < 0) return
    this.closed.splice(at, 1)
    rmSync(segment.path, { force: true })
  }

  close(): void {
    this.flush()
    this.closeSegment()
  }

  private openGroup(): Group {
    const lines: string[] = []
    let settle: Pick<Group, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} }
    const written = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.group = { lines, written, ...settle }
    setImmediate(() => this.flush())
    return this.group
  }

  private flush(): void {
    const { group } = this
    if (!group) return
    this.group = null
    try {
      this.write(Buffer.from(`${group.lines.join('\n')}\n`))
      group.resolve()
    } catch (error) {
      group.reject(error)
    }
  }

  private write(text: Buffer): void {
    const { file, current } = this
    if (file === null || current === null) throw new Error('the prediction log is closed')
    let written = 0
    try {
      while (written < text.length) written += writeSync(file, text, written)
    } catch (error) {
      // A full disk: what was written of the lines is taken back, so that the next line stands alone.
      ftruncateSync(file, current.size)
      throw error
    }
    current.size += text.length
  }

  /** One segment a day of project time, so that a day's predictions are whole files; a long day has several. */
  private segment(): Segment {
    const now = this.now()
    const today = Math.floor(now / day)
    if (this.current && (this.day !== today || this.current.size > segmentBytes)) {
      // Lines that wait belong to the segment they were numbered in.
      this.flush()
      this.closeSegment()
    }
    if (this.current) return this.current
    this.day = today
    this.count += 1
    const name = `${isoTime(now).slice(0, 10).replaceAll('-', '')}-${Date.now().toString(36)}${process.pid.toString(36)}-${this.count}`
    const path = join(this.folder, `${name}.ndjson`)
    this.file = openSync(path, 'ax')
    this.lines = 0
    this.current = { name, path, size: 0, closed: false }
    return this.current
  }

  private closeSegment(): void {
    if (this.file !== null) closeSync(this.file)
    if (this.current) {
      this.current.closed = true
      if (this.current.size > 0) this.closed.push(this.current)
      else rmSync(this.current.path, { force: true })
    }
    this.file = null
    this.current = null
  }
}

/** Cuts a torn last line off. @returns the size that is left. */
function wholeLines(path: string): number {
  const { size } = statSync(path)
  if (size === 0) return 0
  const bytes = readFileSync(path)
  const end = bytes.lastIndexOf(10) + 1
  if (end < size) {
    const file = openSync(path, 'r+')
    ftruncateSync(file, end)
    closeSync(file)
  }
  return end
}
