/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number

const second = 1000
const minute = 60 * second
const hour = 60 * minute
export const day = 24 * hour

/**
 * The project's time. Every window, TTL, schedule and rollout step asks a clock for it, never `Date.now()`: in a replay
 * of history the same code then lives in the replayed time. Timeouts of requests and processes are real time and do
 * not ask.
 */
export interface Clock {
  readonly mode: 'live' | 'replay'
  now(): Millis
}

/** Wall-clock time that never runs backwards within one process, whatever is done to the machine's clock. */
export class LiveClock implements Clock {
  readonly mode = 'live'
  private last = 0

  now(): Millis {
    this.last = Math.max(this.last, Date.now())
    return this.last
  }
}

/** Event time that moves only when it is told to, and only forward. */
export class ReplayClock implements Clock {
  readonly mode = 'replay'
  constructor(private current: Millis) {}

  now(): Millis {
    return this.current
  }

  /** @returns whether the clock moved; a time in the past leaves it where it is. */
  advanceTo(time: Millis): boolean {
    if (time <= this.current) return false
    this.current = time
    return true
  }
}

/** `2001-02-03T04:05:06.789Z`. */
export function isoTime(time: Millis): string {
  return new Date(time).toISOString()
}
