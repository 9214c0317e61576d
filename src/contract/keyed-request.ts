/** What a request that came with an `Idempotency-Key` has made, so that the same request again finds it. */
export interface KeyedRequestRecord {
  /** The key. */
  id: string
  /** Hash of what was asked, by whom. */
  asked: string
  /** What it made, kind → id; `answer`, as JSON, where nothing else keeps what was answered. */
  made: Record<string, string>
  /** Wall-clock UTC milliseconds. */
  at: number
}

/** The header's name, as Node gives it. */
export const keyHeader = 'idempotency-key'
export const keyPattern = /^[\x21-\x7e]{1,200}$/
