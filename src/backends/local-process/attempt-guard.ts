import type { ChildProcess } from 'node:child_process'
import type { StepListener, StepOutcome, StepResources, StepTask, StepUsage } from '../../ports/step-runner.ts'
import { signalGroup } from './shim.ts'
import { UsageCourse } from './usage-course.ts'
import type { UsageWatch } from './usage-watch.ts'

type Verdict = Pick<Extract<StepOutcome, { ok: false }>, 'reason' | 'error'>

/**
 * Holds one attempt to its limits: wall time, memory, and the caller's signal. Its verdict, once there, is why the attempt ended,
 * whatever the dying processes say.
 */
export class AttemptGuard {
  verdict: Verdict | undefined
  private peakMemoryMb: number | null = null
  private firstCpu: number | undefined
  private lastCpu = 0
  private lastHeartbeat = 0
  private readonly course = new UsageCourse()
  private readonly begun = performance.now()
  private readonly timeout: NodeJS.Timeout
  private grace: NodeJS.Timeout | undefined
  private readonly unwatch: () => void
  private readonly onAbort = (): void => this.stop({ reason: 'stopped', error: 'It was stopped.' })

  constructor(
    private readonly task: StepTask,
    private readonly child: ChildProcess,
    watch: UsageWatch,
    private readonly listener: StepListener,
    private readonly signal: AbortSignal,
    /** Asks the step to end by itself, and how long it may take, in milliseconds. */
    private readonly asking: { ask: () => void; graceMs: number },
  ) {
    this.timeout = setTimeout(
      () =>
        this.stop({
          reason: 'timeout',
          error: `It ran longer than its limit of ${durationText(task.limits.timeoutMs)} and was stopped.`,
        }),
      Math.min(task.limits.timeoutMs, 2 ** 31 - 1),
    )
    this.unwatch = watch.watch(child.pid!, (usage) => this.look(usage))
    if (signal.aborted) this.onAbort()
    else signal.addEventListener('abort', this.onAbort, { once: true })
  }

  /** Ends the watching. */
  release(): void {
    clearTimeout(this.timeout)
    clearTimeout(this.grace)
    this.unwatch()
    this.signal.removeEventListener('abort', this.onAbort)
  }

  /** What was seen, joined with what the step knows of itself. */
  resources(known: StepResources | null): StepResources {
    const peaks = [this.peakMemoryMb, known?.peakMemoryMb ?? null].filter((peak) => peak !== null)
    const course = this.course.all
    return {
      ...(course.length === 0 ? {} : { course }),
      peakMemoryMb: peaks.length === 0 ? null : Math.max(...peaks),
      // A warm worker's own counters began before this attempt.
      cpuSeconds: Math.max(known?.cpuSeconds ?? 0, this.lastCpu - (this.firstCpu ?? 0)),
    }
  }

  private look(usage: StepUsage): void {
    this.firstCpu ??= usage.cpuSeconds
    this.lastCpu = usage.cpuSeconds
    this.peakMemoryMb = Math.max(this.peakMemoryMb ?? 0, usage.memoryMb)
    const now = performance.now()
    this.course.add(now - this.begun, usage)
    const limit = this.task.limits.memoryMb
    if (usage.memoryMb > limit && this.verdict === undefined) {
      const used = Math.round(usage.memoryMb)
      this.verdict = {
        reason: 'memory',
        error: `It used ${used} MB of memory, its limit is ${limit} MB, and was stopped. Raise memoryMb of the step ${this.task.step} if it needs more.`,
      }
      // No grace: until it has gone, it goes on taking memory from everything else.
      signalGroup(this.child, 'SIGKILL')
    }
    if (now - this.lastHeartbeat >= 1000) {
      this.lastHeartbeat = now
      this.listener.heartbeat(usage, this.resources(null))
    }
  }

  private stop(verdict: Verdict): void {
    if (this.verdict) return
    this.verdict = verdict
    this.asking.ask()
    this.grace = setTimeout(() => signalGroup(this.child, 'SIGKILL'), this.asking.graceMs)
  }
}

function durationText(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`
  return `${Math.round(ms / 6000) / 10} min`
}
