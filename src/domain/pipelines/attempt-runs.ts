import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { StepInputs } from '../../contract/step.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import type { StepOutcome } from '../../ports/step-runner.ts'
import type { EngineServices } from './engine-services.ts'
import type { LiveRun } from './live-run.ts'
import type { PreparedStep } from './prepared-step.ts'

export type AttemptEnd = 'FINISHED' | 'FAILED' | 'KILLED'

/** An attempt at a program that begins. */
export interface BegunAttempt {
  run: RunRecord
  step: StepRecord
  /** As the definition states it: of a notebook, its path. */
  command: readonly string[]
  /** Outputs and artifacts of all the steps before it, by their names. */
  before: StepInputs
  /** The experiment that its environment names; undefined for that of the pipeline. */
  experiment: string | undefined
}

/** The tracked runs into which programs of steps log: one for each attempt. */
export interface AttemptRuns {
  /** Within the transaction that makes a run of a pipeline, so that it is where others are looked for. */
  queued(writer: RecordWriter, run: RunRecord): Promise<void>
  /** Within the transaction that keeps the attempt. @returns the id of its run. */
  begin(writer: RecordWriter, attempt: BegunAttempt): Promise<string>
  /** However its program left it. Ending it again as the same changes nothing. */
  end(writer: RecordWriter, id: string, how: AttemptEnd, exitCode: number | null): Promise<void>
}

const server = 'MLFLOW_TRACKING_URI'

/**
 * Makes the run of an attempt at a program. It is kept before the program starts, so that after a crash every run that was made is found by its record.
 *
 * @returns the record, with the run.
 */
export async function beginAttemptRun(
  { attemptRuns, journal, environment }: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  record: StepRecord,
): Promise<StepRecord> {
  const { run } = prepared.definition
  if (!attemptRuns || run.kind === 'function' || run.kind === 'stage') return record
  // What names another server logs there, and must not be handed a key to this one. A secret that is not there is told when the step starts.
  const secrets = await environment()
    .secrets()
    .catch((): Readonly<Record<string, string>> => ({}))
  if (server in run.env || server in secrets) return record
  let begun = record
  await journal.write(async (writer) => {
    const trackedRun = await attemptRuns.begin(writer, {
      run: live.run,
      step: record,
      command: run.kind === 'command' ? run.command : [run.notebook],
      before: live.inputsOf(live.plan.ancestors(record.step)),
      experiment: run.env.MLFLOW_EXPERIMENT_NAME ?? live.attended?.env.MLFLOW_EXPERIMENT_NAME,
    })
    begun = { ...record, trackedRun }
    await writer.put('step', begun)
  })
  return begun
}

/** How an attempt that failed ended for its run: what somebody or a limit put an end to was killed. */
export const endOf = ({ reason }: StepOutcome & { ok: false }): AttemptEnd => (reason === 'error' ? 'FAILED' : 'KILLED')

/** Ends the run of an attempt that is over; nothing for one without. */
export async function endAttemptRun(
  { attemptRuns, journal }: EngineServices,
  { trackedRun, exitCode }: StepRecord,
  how: AttemptEnd,
): Promise<void> {
  if (!attemptRuns || trackedRun === undefined) return
  await journal.write((writer) => attemptRuns.end(writer, trackedRun, how, exitCode))
}
