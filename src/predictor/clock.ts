import { LiveClock, ReplayClock } from '../base/clock.ts'

/** The project's time as the control plane told it: the present, or where a replay stands. */
export class PredictorClock {
  private clock: LiveClock | ReplayClock = new LiveClock()

  now(): number {
    return this.clock.now()
  }

  /** Where a replay stands; 0 in the present, where there is nothing to report. */
  get position(): number {
    return this.clock.mode === 'replay' ? this.clock.now() : 0
  }

  /** @returns whether the mode changed. */
  set({ mode, now }: { mode: 'live' | 'replay'; now: number }): boolean {
    if (mode === 'replay' && this.clock instanceof ReplayClock) {
      this.clock.advanceTo(now)
      return false
    }
    const changed = mode !== this.clock.mode
    if (mode === 'replay') this.clock = new ReplayClock(now)
    else if (changed) this.clock = new LiveClock()
    return changed
  }
}
