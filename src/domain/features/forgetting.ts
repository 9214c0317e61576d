/** Windows are kept whole for requests that look back by this much. */
export const trimSlackMs = 3_600_000

/** Moving everything for a few events is not worth it more often. */
const everyMs = 3_600_000

/**
 * When it is time to forget, and as of when: once the project's clock moved by an hour, as of where it stood before. A replay may move by days at a
 * time, and what happened on the way is asked for afterwards.
 */
export class Forgetting {
  private stood: number | null = null

  /** @returns the time as of which no window is needed any more; null when there is nothing to do yet. */
  due(now: number): number | null {
    const { stood } = this
    // A clock that went back is another clock: from live to a replay.
    if (stood !== null && now >= stood && now - stood < everyMs) return null
    this.stood = now
    return stood === null || now < stood ? null : stood
  }
}
