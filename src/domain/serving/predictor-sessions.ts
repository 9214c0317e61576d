import { MillwrightError } from '../../base/errors.ts'
import type { Capabilities } from '../../contract/serving.ts'

/** Where a prediction service stands, as it said last. */
export interface PredictorStanding {
  predictor: string
  address: string
  revision: string
  faults: { version: string; message: string }[]
  /** Versions that it is still preparing. */
  preparing: string[]
  featureSeq: number
  clock: number
  witness: { seq: number; hash: string }
  dropped: number
  /** Endpoint → requests that were refused or failed, since it started. */
  refused: Record<string, number>
  capabilities: Capabilities | null
}
interface Session extends PredictorStanding {
  /** Wall-clock time of its last word. */
  heardAt: number
}

/** A prediction service that was silent this long does not hold up anybody: it may be gone. */
const silentAfterMs = 15_000
const forgottenAfterMs = 3_600_000

/** The prediction services that are connected, and what everybody may wait for: that there is news, that they have it. */
export class PredictorSessions {
  private readonly sessions = new Map<string, Session>()
  /** Those that were connected when the process before ended. */
  private expected = new Set<string>()
  private expectedUntil = 0
  private readonly newsWaiters = new Set<() => void>()
  private readonly standingWaiters = new Set<() => void>()

  /** After a start: these will connect again, if they live, and are waited for as if they had. */
  expect(predictors: Iterable<string>): void {
    this.expected = new Set(predictors)
    this.expectedUntil = Date.now() + silentAfterMs
  }

  /** Resolves when those that were expected after the start have connected, or are taken for gone. */
  async reconnected(): Promise<void> {
    while (this.awaited() > 0) await this.word(this.expectedUntil - Date.now())
  }

  /** @returns whether it is new here. */
  hear(standing: PredictorStanding): boolean {
    const isNew = !this.sessions.has(standing.predictor)
    if (isNew) this.forget()
    this.sessions.set(standing.predictor, { ...standing, heardAt: Date.now() })
    this.expected.delete(standing.predictor)
    for (const wake of [...this.standingWaiters]) wake()
    return isNew
  }

  /** Those that come once and never again are not kept for ever. */
  private forget(): void {
    const now = Date.now()
    for (const [id, { heardAt }] of this.sessions) if (now - heardAt > forgottenAfterMs) this.sessions.delete(id)
  }

  /** It was sent a new plan: until it says where it stands with that, nobody knows. A plan may come back that it served before. */
  sentPlan(predictor: string): void {
    const session = this.sessions.get(predictor)
    if (session) this.sessions.set(predictor, { ...session, revision: '' })
  }

  /** Those heard of lately. */
  connected(): Session[] {
    const now = Date.now()
    return [...this.sessions.values()].filter((session) => now - session.heardAt < silentAfterMs)
  }

  /** Where it said last that it is. @throws `not-found` for one that never connected */
  addressOf(predictor: string): string {
    const session = this.sessions.get(predictor)
    if (!session) throw new MillwrightError('not-found', `no prediction service ${predictor} is known`)
    return session.address
  }

  /** Resolves when it has said a word after that wall-clock time: true; or false, when it was silent for so long that it may be gone. */
  async heardAfter(predictor: string, time: number): Promise<boolean> {
    const deadline = Date.now() + silentAfterMs
    for (;;) {
      if ((this.sessions.get(predictor)?.heardAt ?? 0) > time) return true
      const left = deadline - Date.now()
      if (left <= 0) return false
      await this.word(left)
    }
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
   * Resolves when every connected prediction service, and every one that is expected, stands where it should. One that falls silent is no longer waited for.
   *
   * @throws `unavailable` after `limitMs`.
   */
  async untilAll(stands: (standing: PredictorStanding) => boolean, limitMs: number, what: string): Promise<void> {
    const deadline = Date.now() + limitMs
    await this.reconnected()
    for (;;) {
      const behind = this.connected().filter((standing) => !stands(standing))
      if (behind.length === 0) return
      const left = deadline - Date.now()
      if (left <= 0) {
        const names = behind.map((standing) => standing.address).join(', ')
        throw new MillwrightError('unavailable', `${names} did not ${what} within ${limitMs / 1000} s`)
      }
      await this.word(left)
    }
  }

  private awaited(): number {
    return Date.now() < this.expectedUntil ? this.expected.size : 0
  }

  /** Resolves when a prediction service says where it stands, or after half a second, or that long. */
  private word(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.standingWaiters.delete(done)
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, Math.min(atMostMs, 500)))
      this.standingWaiters.add(done)
    })
  }
}
