import { MillwrightError } from '../base/errors.ts'
import { hashOf } from '../base/hash.ts'
import { keyHeader, keyPattern } from '../contract/keyed-request.ts'
import type { Metadata, RecordWriter } from '../ports/metadata.ts'

type Made = Record<string, string>
/** Notes what a request makes, in the transaction that makes it. */
export type Keep = (writer: RecordWriter, made: Made) => Promise<void>

/** A request as somebody sent it, who may send it again. */
export interface Asked {
  /** Of the `Idempotency-Key` header; without one every request is a new one. */
  key: string | null
  /** Route, parameters, body, and who asks. */
  what: unknown
}

/** @throws `invalid-request` for a header that is no key. */
export function askedKey(headers: Record<string, string | string[] | undefined>): string | null {
  const key = headers[keyHeader]
  if (key === undefined) return null
  if (typeof key === 'string' && keyPattern.test(key)) return key
  throw new MillwrightError('invalid-request', 'the header Idempotency-Key must be 1 to 200 visible ASCII characters', {
    field: keyHeader,
  })
}

/** Requests that change something once, however often they arrive: an answer may be lost after the change was made. */
export class KeyedRequests {
  /** A repeat may come while the first is at work. */
  private readonly working = new Map<string, Promise<unknown>>()

  constructor(private readonly metadata: Metadata) {}

  /**
   * Does the work, unless a request of the same key has done it.
   *
   * @param work must hand what it makes to `keep`, within its transaction.
   * @returns what was made, now or before. @throws `conflict` when the key came with another request
   */
  async once({ key, what }: Asked, work: (keep: Keep) => Promise<Made>): Promise<Made> {
    if (key === null) return work(async () => {})
    const asked = hashOf(what)
    const before = this.working.get(key) ?? Promise.resolve()
    const turn = before
      .catch(() => {})
      .then(async () => {
        const known = await this.metadata.get('keyed_request', key)
        if (known && known.asked !== asked)
          throw new MillwrightError('conflict', `the Idempotency-Key ${key} came with another request before`, {
            field: keyHeader,
            hint: 'Take a new key for a new request; the same one only to repeat it.',
          })
        if (known) return known.made
        return work((writer, made) => writer.put('keyed_request', { id: key, asked, made, at: Date.now() }))
      })
    this.working.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.working.get(key) === turn) this.working.delete(key)
    }
  }

  /**
   * As `once`, of a request whose answer cannot be made again from what it made: the answer itself is kept.
   *
   * @param work must hand its answer to `keep`, within its transaction. @throws `conflict` when the key came with another request
   */
  async onceAnswered<T>(
    asked: Asked,
    work: (keep: (writer: RecordWriter, answer: T) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    const { answer = '' } = await this.once(asked, async (keep) => ({
      answer: JSON.stringify(await work((writer, given) => keep(writer, { answer: JSON.stringify(given) }))),
    }))
    return JSON.parse(answer) as T
  }
}
