import type { TrackedRun } from '../../contract/tracking.ts'
import type { RunRevisions } from '../../ports/tracking.ts'

/** Bytes that all texts may have together, and what is kept beside them. */
const mostKept = 32 << 20
/** What is kept beside each text takes about so many. */
const bytesBeside = 300
/** One that is longer is not kept: it would push out many others. */
const longestKept = 64 << 10

const sizeOf = (text: Buffer): number => text.length + bytesBeside

/** Messages of runs as JSON, kept for as long as their runs do not change: most of what lists show was shown before. */
export class RunTexts {
  private readonly kept = new Map<string, { revision: number; text: Buffer }>()
  private bytes = 0

  constructor(private readonly revisions: RunRevisions) {}

  /**
   * Called before runs are read. @returns what gives the texts of the runs that were read since, by their ids; it makes messages of
   * those alone whose text it does not have.
   */
  begin(): (
    runs: readonly TrackedRun[],
    messagesOf: (runs: readonly TrackedRun[]) => Promise<object[]>,
  ) => Promise<(id: string) => Buffer> {
    const begun = this.revisions.now()
    return async (runs, messagesOf) => {
      const texts = new Map<string, Buffer>()
      const missing = runs.filter((run) => {
        const text = this.get(run.id)
        if (text !== undefined) texts.set(run.id, text)
        return text === undefined
      })
      if (missing.length > 0)
        for (const [at, message] of (await messagesOf(missing)).entries()) {
          const { id } = missing[at]!
          const text = Buffer.from(JSON.stringify(message))
          texts.set(id, text)
          // What changed while it was read may be half old.
          if (this.revisions.of(id) <= begun) this.put(id, text)
        }
      return (id) => texts.get(id)!
    }
  }

  private get(id: string): Buffer | undefined {
    const found = this.kept.get(id)
    if (!found) return undefined
    this.kept.delete(id)
    if (found.revision === this.revisions.of(id)) {
      // The last one is the one that was asked for last.
      this.kept.set(id, found)
      return found.text
    }
    this.bytes -= sizeOf(found.text)
    return undefined
  }

  private put(id: string, text: Buffer): void {
    if (text.length > longestKept) return
    this.drop(id)
    // A copy of its own: small buffers are pieces of a larger one, which would stay for any of them.
    const own = Buffer.allocUnsafeSlow(text.length)
    text.copy(own)
    this.kept.set(id, { revision: this.revisions.of(id), text: own })
    this.bytes += sizeOf(own)
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= mostKept) break
      this.drop(oldest)
    }
  }

  private drop(id: string): void {
    const found = this.kept.get(id)
    if (!found) return
    this.kept.delete(id)
    this.bytes -= sizeOf(found.text)
  }
}
