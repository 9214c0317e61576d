import { setMaxListeners } from 'node:events'
import { availableParallelism } from 'node:os'
import { MillwrightError } from '../../base/errors.ts'
import type { StepListener, StepOutcome, StepRunner, StepTask } from '../../ports/step-runner.ts'
import { adoptCommand, runCommand } from './command-attempt.ts'
import { outcomePathOf, readOutcome } from './outcome-file.ts'
import { UsageWatch } from './usage-watch.ts'
import { WorkerPool } from './worker-pool.ts'

export interface LocalProcessOptions {
  projectDir: string
  /** Path or URL of a module `export async function wire(): Promise<unknown>`: what stages get as their second argument. */
  wiring?: string
  /** Default: the cores that this process may use. */
  slots?: number
  /** How long a step that was asked to end may take before it is killed. */
  graceMs?: number
}

/** Runs steps on this machine: functions and modules in warm Node processes, commands and notebooks as processes of their own. */
export class LocalProcessRunner implements StepRunner {
  readonly slots: number
  private readonly watch = new UsageWatch()
  private readonly pool: WorkerPool
  private readonly graceMs: number
  private readonly closing = new AbortController()
  private readonly running = new Set<Promise<StepOutcome>>()

  constructor(options: LocalProcessOptions) {
    this.slots = options.slots ?? availableParallelism()
    setMaxListeners(0, this.closing.signal)
    this.graceMs = options.graceMs ?? 5000
    const setup = { projectDir: options.projectDir, wiring: options.wiring, graceMs: this.graceMs }
    this.pool = new WorkerPool(setup, this.watch, this.slots)
  }

  async run(task: StepTask, listener: StepListener, signal: AbortSignal): Promise<StepOutcome> {
    if (this.closing.signal.aborted) throw new MillwrightError('unavailable', 'The runner of steps is closed.')
    if (signal.aborted) return { ok: false, reason: 'stopped', error: 'It was stopped.', resources: null }
    const either = new AbortController()
    const abort = (): void => either.abort()
    signal.addEventListener('abort', abort, { once: true })
    this.closing.signal.addEventListener('abort', abort, { once: true })
    const attempt = this.attempt(task, listener, either.signal)
    this.running.add(attempt)
    try {
      return await attempt
    } finally {
      this.running.delete(attempt)
      signal.removeEventListener('abort', abort)
      this.closing.signal.removeEventListener('abort', abort)
    }
  }

  async adopt(task: StepTask): Promise<StepOutcome | undefined> {
    return isProgram(task) ? adoptCommand(task) : readOutcome(outcomePathOf(task.workDir))
  }

  async close(): Promise<void> {
    this.closing.abort()
    await Promise.allSettled(this.running)
    await this.pool.close()
  }

  private async attempt(task: StepTask, listener: StepListener, signal: AbortSignal): Promise<StepOutcome> {
    if (isProgram(task)) return runCommand(task, this.watch, listener, signal, this.graceMs)
    const worker = this.pool.take(task)
    try {
      return await worker.run(task, outcomePathOf(task.workDir), listener, signal)
    } finally {
      this.pool.giveBack(worker)
    }
  }
}

function isProgram(task: StepTask): task is StepTask & { work: { kind: 'command' | 'notebook' } } {
  return task.work.kind === 'command' || task.work.kind === 'notebook'
}
