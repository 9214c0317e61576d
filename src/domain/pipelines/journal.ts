import type { Metadata, RecordWriter } from '../../ports/metadata.ts'

type Change = (writer: RecordWriter) => Promise<void>

/** How long a change that nobody waits for may wait for one that somebody does. */
const patience = 25

/** Few enough that nobody else waits long for the writer. */
const changesPerTransaction = 200

/**
 * Writes changes in the order they were made, as many in one transaction as came while the one before was written: a fan-out of
 * a thousand steps does not wait for the disk a thousand times.
 */
export class Journal {
  private waiting: { change: Change; resolve: () => void; reject: (error: unknown) => void }[] = []
  private writing = false
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly metadata: Metadata) {}

  /**
   * @param patient nothing follows from it, so it may be written a moment later, with what comes next: of a short step, the start and the
   * end then cost one write to the disk.
   * @returns when the change, and every one before it, is durable.
   */
  write(change: Change, { patient = false } = {}): Promise<void> {
    const written = new Promise<void>((resolve, reject) => this.waiting.push({ change, resolve, reject }))
    // Not everyone waits; who does gets the rejection too.
    written.catch(() => undefined)
    if (patient) this.timer ??= setTimeout(() => void this.drain(), patience)
    else void this.drain()
    return written
  }

  private async drain(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.writing) return
    this.writing = true
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, changesPerTransaction)
      try {
        await this.metadata.transaction(async (writer) => {
          for (const { change } of batch) await change(writer)
        })
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.writing = false
  }
}
