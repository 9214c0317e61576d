import type { Clock } from '../../base/clock.ts'
import type { RunRecord } from '../../contract/run.ts'
import type { Monitors } from '../monitoring/monitors.ts'
import type { Projects } from './project.ts'
import type { RolloutWatch } from './rollout-watch.ts'
import type { Triggers } from './triggers.ts'

export interface LoopParts {
  clock: Clock
  projects: Projects
  /** Closes the days of pushed rows that are over. */
  closeDays(now: number): Promise<void>
  /** Waits until the prediction services have what was published, and have brought what they logged. */
  predictorsCaughtUp(): Promise<void>
  rollouts: RolloutWatch
  monitors: Monitors
  triggers: Triggers
  finished(runId: string): Promise<RunRecord>
}

/**
 * One turn of the loop as of now: days close into batches, predictions come in, rollouts are judged, monitors look, triggers fire. In a
 * replay whoever moves the clock waits for it, runs that were started included, so that nothing happens later than it would have.
 */
export class Loop {
  private turning: Promise<void> = Promise.resolve()

  constructor(private readonly parts: LoopParts) {}

  /** One turn at a time; a call while one is on its way begins another after it. */
  turn(): Promise<void> {
    const next = this.turning.catch(() => undefined).then(() => this.once())
    this.turning = next
    return next
  }

  private async once(): Promise<void> {
    const { clock, projects, rollouts, monitors, triggers } = this.parts
    const replaying = clock.mode === 'replay'
    await this.parts.closeDays(clock.now())
    if (replaying) await this.parts.predictorsCaughtUp()
    await rollouts.check()
    await monitors.lookAt(projects.current?.definition ?? null)
    const started = await triggers.consider()
    if (!replaying) return
    // A run that a trigger had started when the process died goes on, and is waited for as it would have been.
    const known = new Set(started.map(({ id }) => id))
    const runs = [...started, ...(await triggers.underWay()).filter(({ id }) => !known.has(id))]
    for (const run of runs) await this.parts.finished(run.id)
    // What a run rolled out takes its traffic from this moment of the replay on.
    if (runs.length > 0) await this.parts.predictorsCaughtUp()
  }
}
