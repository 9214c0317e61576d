import { MillwrightError } from '../../base/errors.ts'

/** A length of time in which all of continuous integration has to be done. */
export class Deadline {
  private readonly abort = new AbortController()
  private readonly expired: Promise<never>
  private readonly timer: NodeJS.Timeout

  constructor(timeoutMs: number) {
    let expire: (reason: MillwrightError) => void = () => {}
    this.expired = new Promise((_, reject) => {
      expire = reject
    })
    // Nobody may be waiting for anything just then.
    this.expired.catch(() => {})
    this.timer = setTimeout(() => {
      this.abort.abort()
      expire(
        new MillwrightError('unavailable', `time was up after ${timeoutMs / 1000} s`, {
          hint: 'Give it more with `--timeout`, or a smaller sample.',
        }),
      )
    }, timeoutMs)
  }

  /** Aborted when the time is up, and when all is over. */
  get signal(): AbortSignal {
    return this.abort.signal
  }

  /** @throws `unavailable` when the time is up before the work is done. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.expired])
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.timer)
    this.abort.abort()
  }
}
