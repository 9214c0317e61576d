import { MillwrightError } from '../../base/errors.ts'
import type { Capabilities } from '../../contract/serving.ts'

/** Where a prediction service stands, as it said last. */
export interface PredictorStanding {
  predictor: string
  address: string
  revision: string
  faults: { version: string; message: string }[]
  featureSeq: number
  clock: number
  witness: { seq: number; hash: string }
  dropped: number
  capabilities: Capabilities | null
}
interface Session extends PredictorStanding {
  /** Wall-clock time of its last word. */
  heardAt: number
}

/** A prediction service that was silent this long does not hold up anybody: it may be gone. */
const silentAfterMs = 15_000

/** The prediction services that are connected, and what everybody may wait for: that there is news, that they have it. */
export class PredictorSessions {
  private readonly sessions = new Map<string, Session>()
  private readonly newsWaiters = new Set<() => void>()
  private readonly standingWaiters = new Set<() => void>()

  /** @returns whether it is new here. */
  hear(standing: PredictorStanding): boolean {
    const isNew = !this.sessions.has(standing.predictor)
    this.sessions.set(standing.predictor, { ...standing, heardAt: Date.now() })
    for (const wake of [...this.standingWaiters]) wake()
    return isNew
  }

  /** It was sent a new plan: until it says where it stands with that, nobody knows. A plan may come back that it served before. */
  sentPlan(predictor: string): void {
    const session = this.sessions.get(predictor)
    if (session) this.sessions.set(predictor, { ...session, revision: '' })
  }

  /** Those heard of lately. */
  connected(): PredictorStanding[] {
    const now = Date.now()
    return [...this.sessions.values()].filter((session) => now - session.heardAt < silentAfterMs)
  }

  /** There is a new plan, time or feature: answers that are held go out. */
  announce(): void {
    for (const wake of [...this.newsWaiters]) wake()
  }

  /** Resolves at the next announcement, or after that long. */
  news(waitMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.newsWaiters.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, waitMs)
      this.newsWaiters.add(done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }

  /**
   * Resolves when every connected prediction service stands where it should. One that falls silent is no longer waited for.
   *
   * @throws `unavailable` after `limitMs`.
   */
  async untilAll(stands: (standing: PredictorStanding) => boolean, limitMs: number, what: string): Promise<void> {
    const deadline = Date.now() + limitMs
    for (;;) {
      const behind = this.connected().filter((standing) => !stands(standing))
      if (behind.length === 0) return
      const left = deadline - Date.now()
      if (left <= 0) {
        const names = behind.map((standing) => standing.address).join(', ')
        throw new MillwrightError('unavailable', `${names} did not ${what} within ${limitMs / 1000} s`)
      }
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          this.standingWaiters.delete(done)
          resolve()
        }
        const timer = setTimeout(done, Math.min(left, 500))
        this.standingWaiters.add(done)
      })
    }
  }
}
