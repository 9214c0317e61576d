import type { StepRecord } from '../../contract/run.ts'
import type { StepListener, StepResources, StepUsage } from '../../ports/step-runner.ts'
import type { EngineServices } from './engine-services.ts'
import type { LiveRun } from './live-run.ts'

const heartbeatEvery = 5000
const progressEvery = 1000

/** Hears a running attempt, and passes on what is worth keeping. */
export class AttemptTracking implements StepListener {
  private lastSaved = Date.now()

  constructor(
    private readonly services: EngineServices,
    private readonly live: LiveRun,
    public record: StepRecord,
  ) {}

  log(stream: 'out' | 'err' | 'log', text: string): void {
    this.services.logs.writer(this.record.id).write(stream, text)
  }

  progress(done: number, message: string): void {
    this.record = { ...this.record, progress: { done, message: this.services.environment().redact(message) } }
    this.tell(null)
    this.saveAfter(progressEvery)
  }

  heartbeat(usage: StepUsage, resources: StepResources): void {
    this.record = { ...this.record, heartbeatAt: Date.now(), resources }
    this.tell(usage)
    this.saveAfter(heartbeatEvery)
  }

  private tell(usage: StepUsage | null): void {
    const { id, runId, step, state, progress, elements } = this.record
    this.services.notify({ runId, executionId: id, step, state, progress, elements, usage })
  }

  private saveAfter(interval: number): void {
    const now = Date.now()
    if (now - this.lastSaved < interval) return
    this.lastSaved = now
    this.live.note(this.record)
  }
}
