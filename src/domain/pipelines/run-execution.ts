import { setMaxListeners } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { NewEvent } from '../../contract/events.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepDone, isStepOver } from '../../contract/states.ts'
import type { StepInputs } from '../../contract/step.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import type { EngineServices } from './engine-services.ts'
import type { Attendance, Interruption, LiveRun } from './live-run.ts'
import type { PipelinePlan } from './plan.ts'
import { runOver, runStarted } from './run-events.ts'
import { executeStep } from './step-execution.ts'
import { StepReasons } from './step-reason.ts'

/** A run under way: starts each step as soon as all it needs is done, whatever else still runs. */
export class RunExecution implements LiveRun {
  readonly reasons: StepReasons
  readonly forced: ReadonlySet<string>
  readonly scope: { params: Readonly<Record<string, Json>>; outputs: Map<string, Json> }
  private readonly abort = new AbortController()
  private readonly busy = new Set<string>()
  private settle: (run: RunRecord) => void = () => undefined
  private stoppedBy = 'system'
  /** Resolves with the run as it ended, or as it was when the control plane closed. */
  readonly settled = new Promise<RunRecord>((resolve) => {
    this.settle = resolve
  })

  constructor(
    private readonly services: EngineServices,
    public run: RunRecord,
    readonly plan: PipelinePlan,
    /** Every step's own record, by name. */
    private readonly steps: Map<string, StepRecord>,
    readonly resumed: boolean,
    readonly attended: Attendance | undefined = undefined,
    /** Who has it go on; whoever started it where nobody else does. */
    readonly askedBy: string = run.startedBy,
  ) {
    this.forced = new Set(run.force)
    // One for each step and element at work, so there is no number from which on it would be a leak.
    setMaxListeners(0, this.abort.signal)
    this.reasons = new StepReasons(services.metadata, run.pipeline, run.id)
    this.scope = { params: run.params, outputs: new Map() }
    for (const [name, step] of steps) if (isStepDone(step.state)) this.scope.outputs.set(name, step.output)
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }

  begin(): void {
    const goesOn = this.run.startedAt !== null
    const startedAt = this.run.startedAt ?? Date.now()
    this.run = { ...this.run, state: 'running', startedAt, endedAt: null, error: null }
    const run = this.run
    void this.services.journal.write(async (writer) => {
      await writer.put('run', run)
      await writer.emit(runStarted(run, goesOn, this.askedBy))
    })
    this.advance()
  }

  stop(why: Interruption, by = 'system'): void {
    this.stoppedBy = by
    this.abort.abort(why)
    this.advance()
  }

  isOver(step: string): boolean {
    const record = this.steps.get(step)
    return record !== undefined && isStepOver(record.state)
  }

  inputsOf(needs: readonly string[]): StepInputs {
    const inputs: StepInputs = {}
    for (const need of needs) {
      const { output, artifacts } = this.steps.get(need)!
      inputs[need] = { output, artifacts }
    }
    return inputs
  }

  save(record: StepRecord, ...news: NewEvent[]): Promise<void> {
    return this.write(record, news, false)
  }

  note(record: StepRecord, ...news: NewEvent[]): void {
    void this.write(record, news, true)
  }

  private write(record: StepRecord, news: NewEvent[], patient: boolean): Promise<void> {
    if (record.index === null) this.steps.set(record.step, record)
    const change = async (writer: RecordWriter): Promise<void> => {
      await writer.put('step', record)
      for (const event of news) await writer.emit(event)
    }
    return this.services.journal.write(change, { patient })
  }

  /** Starts what can start, blocks what cannot, and ends the run when nothing is left. */
  private advance(): void {
    if (!this.signal.aborted) {
      // In the plan's order, so that what a blocked step blocks follows in the same pass.
      for (const definition of this.plan.order) {
        const step = this.steps.get(definition.name)!
        if (isStepOver(step.state) || this.busy.has(step.step)) continue
        const needs = definition.needs.map((need) => this.steps.get(need)!)
        const broken = needs.find((need) => isStepOver(need.state) && !isStepDone(need.state))
        if (broken) {
          const error = `${broken.step}, which it needs, ${broken.state === 'blocked' ? 'is blocked' : 'failed'}.`
          this.note({ ...step, state: 'blocked', because: `blocked: ${error}`, error })
        } else if (needs.every((need) => isStepDone(need.state))) void this.execute(step)
      }
    }
    if (this.busy.size === 0) void this.end()
  }

  private async execute(step: StepRecord): Promise<void> {
    this.busy.add(step.step)
    try {
      const ended = await executeStep(this.services, this, this.plan.step(step.step), step)
      this.steps.set(ended.step, ended)
      if (isStepDone(ended.state)) this.scope.outputs.set(ended.step, ended.output)
      const { id, runId, state, progress, elements } = ended
      this.services.notify({ runId, executionId: id, step: step.step, state, progress, elements, usage: null })
    } catch (error) {
      // The metadata store refused to write: nothing that follows would be kept, so the run waits for the next start.
      this.abort.abort('suspend' satisfies Interruption)
      this.run = { ...this.run, state: 'interrupted', error: String(error) }
    } finally {
      this.busy.delete(step.step)
    }
    this.advance()
  }

  private async end(): Promise<void> {
    // `advance` may come here more than once while the last change is written.
    this.busy.add('')
    const steps = [...this.steps.values()]
    if (this.signal.reason === 'suspend') {
      this.run = { ...this.run, state: 'interrupted' }
      const run = this.run
      await this.services.journal.write((writer) => writer.put('run', run)).catch(() => undefined)
      this.settle(run)
      return
    }
    const failed = steps.filter((step) => step.state === 'failed')
    const stopped = this.signal.aborted
    this.run = {
      ...this.run,
      state: stopped ? 'stopped' : failed.length > 0 ? 'failed' : 'succeeded',
      endedAt: Date.now(),
      error: stopped ? null : failed.map((step) => `${step.step}: ${step.error}`).join('\n') || null,
    }
    const run = this.run
    try {
      await this.services.journal.write(async (writer) => {
        for (const step of steps) {
          if (!isStepOver(step.state))
            await writer.put('step', { ...step, state: 'stopped', error: 'The run was stopped.' })
        }
        await writer.put('run', run)
        await writer.emit(runOver(run, steps, stopped ? this.stoppedBy : 'system'))
      })
      await rm(join(this.services.workRoot, run.id), { recursive: true, force: true })
    } finally {
      this.settle(this.run)
    }
  }
}
