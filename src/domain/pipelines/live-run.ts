import type { NewEvent } from '../../contract/events.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { StepInputs } from '../../contract/step.ts'
import type { PipelinePlan } from './plan.ts'
import type { Scope } from './reference.ts'
import type { StepReasons } from './step-reason.ts'

/** Why a run's signal is aborted: stopped for good, or only until the control plane is up again. */
export type Interruption = 'stop' | 'suspend'

/** Someone waits for the run at a terminal: it starts at once, whatever else runs, with their environment. Nothing of it is kept. */
export interface Attendance {
  env: Record<string, string>
  /** Of the folder they are in. */
  source: RunRecord['source']
}

/** What the execution of a step knows of its run. */
export interface LiveRun {
  readonly run: RunRecord
  readonly plan: PipelinePlan
  readonly scope: Scope
  /** Aborted with an `Interruption`. */
  readonly signal: AbortSignal
  readonly reasons: StepReasons
  /** Steps that run even if an equal execution is there. */
  readonly forced: ReadonlySet<string>
  /** The run went through a crash or a failure, so that elements of a fan-out may be over already. */
  readonly resumed: boolean
  readonly attended: Attendance | undefined
  inputsOf(needs: readonly string[]): StepInputs
  /** Keeps the record, and tells the news in the same transaction. @returns when it is durable. */
  save(record: StepRecord, ...news: NewEvent[]): Promise<void>
  /** The same for a change that nothing follows from: it may be durable a moment later. */
  note(record: StepRecord, ...news: NewEvent[]): void
}
