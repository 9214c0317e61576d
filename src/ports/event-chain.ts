import { canonicalJson, sha256 } from '../base/hash.ts'
import type { Event } from '../contract/events.ts'

/**
 * The hash that seals an event: SHA-256 of the hash before it and the canonical JSON of all that the event says, its
 * place included. Whoever changes, drops or inserts one must rewrite every hash after it, and the prediction services hold a copy of
 * the head that will then not match.
 */
export function sealOf(event: Omit<Event, 'hash'>): string {
  const { previousHash, ...said } = event
  return sha256(`${previousHash}\n${canonicalJson(said)}`)
}

export interface ChainReport {
  /** Events read. */
  events: number
  head: { seq: number; hash: string }
  /** The first event that does not fit, and why; null when the chain is whole. */
  broken: { seq: number; why: string } | null
}

/** Reads sealed events in order and finds the first that was changed, dropped or inserted. */
export async function verifyChain(read: (after: number, limit: number) => Promise<Event[]>): Promise<ChainReport> {
  let head = { seq: 0, hash: '' }
  for (;;) {
    const page = await read(head.seq, 1000)
    if (page.length === 0) return { events: head.seq, head, broken: null }
    for (const event of page) {
      const { hash, ...said } = event
      const why =
        event.seq !== head.seq + 1
          ? `event ${head.seq + 1} is missing`
          : event.previousHash !== head.hash
            ? 'it does not name the hash of the event before it'
            : sealOf(said) !== hash
              ? 'its content does not match its hash'
              : null
      if (why) return { events: head.seq, head, broken: { seq: event.seq, why } }
      head = { seq: event.seq, hash }
    }
  }
}
