import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillwrightError } from '../../base/errors.ts'
import type { AppendLog, AppendLogs, LogRecord } from '../../ports/append-logs.ts'
import { syncFolder } from './atomic-file.ts'

const headerBytes = 8
const readBytes = 1 << 20
/** A longer record is taken for a torn header. */
const longestRecord = 1 << 30

/** Logs as files `<folder>/<name>.log`: each record behind its length and CRC-32, both little-endian. */
export function openFilesystemLogs(folder: string): AppendLogs {
  const pathOf = (name: string): string => {
    if (!/^[\w@-][\w.@-]*(\/[\w@-][\w.@-]*)*$/.test(name)) {
      throw new MillwrightError('invalid-request', `"${name}" is no name for a log`, { field: 'name' })
    }
    return join(folder, `${name}.log`)
  }

  return {
    async list(name) {
      const entries = await readdir(dirname(pathOf(`${name}/x`)), { withFileTypes: true }).catch(() => [])
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
        .map((entry) => `${name}/${entry.name.slice(0, -4)}`)
        .sort()
    },

    async open(name) {
      const path = pathOf(name)
      await mkdir(dirname(path), { recursive: true })
      let size = 0
      for await (const record of recordsOf(path, 0)) size = record.next
      const file = await open(path, 'a')
      await file.truncate(size)
      await file.sync()
      await syncFolder(dirname(path))
      return new FileLog(file, size)
    },

    read: (name, from = 0) => recordsOf(pathOf(name), from),

    async rename(from, to) {
      await rename(pathOf(from), pathOf(to))
      await syncFolder(dirname(pathOf(to)))
    },

    async remove(name) {
      await rm(pathOf(name), { force: true })
    },
  }
}

/** Appends of the same moment share one write and one flush. */
class FileLog implements AppendLog {
  private waiting: { bytes: Uint8Array; done: (begin: number) => void; failed: (error: unknown) => void }[] = []
  private writing: Promise<void> | null = null

  constructor(
    private readonly file: Awaited<ReturnType<typeof open>>,
    public size: number,
  ) {}

  append(record: Uint8Array): Promise<number> {
    if (record.byteLength === 0)
      return Promise.reject(new MillwrightError('invalid-request', 'a record without bytes cannot be kept'))
    return new Promise((done, failed) => {
      this.waiting.push({ bytes: record, done, failed })
      this.writing ??= this.write()
    })
  }

  private async write(): Promise<void> {
    // One turn of the event loop, so that what arrives together is written together.
    await Promise.resolve()
    while (this.waiting.length > 0) {
      const group = this.waiting
      this.waiting = []
      const parts: Uint8Array[] = []
      for (const { bytes } of group) {
        const header = Buffer.alloc(headerBytes)
        header.writeUInt32LE(bytes.byteLength, 0)
        header.writeUInt32LE(crc32(bytes), 4)
        parts.push(header, bytes)
      }
      const whole = Buffer.concat(parts)
      try {
        await this.file.appendFile(whole)
        await this.file.datasync()
        for (const { bytes, done } of group) {
          done(this.size)
          this.size += headerBytes + bytes.byteLength
        }
      } catch (error) {
        // Half a record may be on disk: nothing may follow it.
        await this.file.truncate(this.size).catch(() => undefined)
        for (const { failed } of group) failed(error)
      }
    }
    this.writing = null
  }

  async close(): Promise<void> {
    await this.writing
    await this.file.close()
  }
}

async function* recordsOf(path: string, from: number): AsyncGenerator<LogRecord> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (file === null) return
  try {
    let buffer = Buffer.alloc(0)
    let at = from
    for (;;) {
      const length = buffer.length < headerBytes ? headerBytes : headerBytes + buffer.readUInt32LE(0)
      if (length > longestRecord) return
      // Zeros, where a power cut left a longer file than was written: they would pass for records without bytes.
      if (length === headerBytes && buffer.length >= headerBytes) return
      if (buffer.length < length) {
        const more = Buffer.allocUnsafe(Math.max(readBytes, length - buffer.length))
        const { bytesRead } = await file.read(more, 0, more.length, at + buffer.length)
        if (bytesRead === 0) return
        buffer = Buffer.concat([buffer, more.subarray(0, bytesRead)])
        continue
      }
      const bytes = buffer.subarray(headerBytes, length)
      if (length < headerBytes || crc32(bytes) !== buffer.readUInt32LE(4)) return
      at += length
      yield { bytes, next: at }
      buffer = buffer.subarray(length)
    }
  } finally {
    await file.close()
  }
}
