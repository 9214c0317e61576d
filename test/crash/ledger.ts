import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

/** What a caller knows: a request that it sent, and an answer that it has. Nothing else was acknowledged. */
export type Entry =
  | { what: 'sent'; key: string; kind: string }
  | { what: 'acknowledged'; key: string; kind: string; asked: unknown; answer: unknown }

/** The caller's own record, outside of the home: an acknowledgement counts from the moment it is on the disk here. */
export class Ledger {
  readonly entries: Entry[] = []
  private readonly file: number

  constructor(path: string) {
    this.file = openSync(path, 'ax')
  }

  sent(key: string, kind: string): void {
    this.write({ what: 'sent', key, kind })
  }

  acknowledged(key: string, kind: string, asked: unknown, answer: unknown): void {
    this.write({ what: 'acknowledged', key, kind, asked, answer })
    fsyncSync(this.file)
  }

  close(): void {
    closeSync(this.file)
  }

  private write(entry: Entry): void {
    this.entries.push(entry)
    writeSync(this.file, `${JSON.stringify(entry)}\n`)
  }
}
