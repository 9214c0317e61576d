/** What an error says to a person: which field was wrong and how to mend it. */
export interface ErrorDetail {
  /** Path of the offending field, dotted: `monitors.0.every`. */
  field?: string
  /** What to do about it, one sentence. */
  hint?: string
  cause?: unknown
}

/**
 * The one error class of Millwright. `code` is a key of the catalogue in `src/contract/errors.ts`, which gives
 * its HTTP status; anything else that is thrown is a bug and answers 500.
 */
export class MillwrightError extends Error {
  override readonly name = 'MillwrightError'
  readonly field: string | undefined
  readonly hint: string | undefined

  constructor(
    readonly code: string,
    message: string,
    detail: ErrorDetail = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.field = detail.field
    this.hint = detail.hint
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
