import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepDone, isStepOver } from '../../contract/states.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import { runOver } from './run-events.ts'
import { failedStep, pendingAgain, pendingStep, reusedStep } from './step-record.ts'

/** The steps of a run that goes on after a failure: what is done stays, the rest begins anew. */
export function resumedSteps(steps: readonly StepRecord[]): StepRecord[] {
  return steps.map((step) => (isStepDone(step.state) ? step : pendingAgain(step)))
}

/** The steps of a new run that repeats those in `again`, and keeps what an earlier run made of the others. */
export function stepsKeptFrom(earlier: readonly StepRecord[], runId: string, again: ReadonlySet<string>): StepRecord[] {
  return earlier.map((step) => {
    const fresh = pendingStep(runId, step.step)
    if (again.has(step.step) || !isStepDone(step.state)) return fresh
    const because = `kept from ${step.runId}`
    if (step.state === 'skipped') return { ...step, id: fresh.id, runId, because }
    return reusedStep({ ...fresh, key: step.key, keyParts: step.keyParts }, step, because)
  })
}

/** Ends a run, and the steps that ran, as failed. */
export async function afterCrash(
  writer: RecordWriter,
  run: RunRecord,
  steps: readonly StepRecord[],
  error: string,
): Promise<RunRecord> {
  const ended = steps.map((step) => {
    if (isStepOver(step.state)) return step
    return step.state === 'running' ? failedStep(step, error) : { ...step, state: 'blocked' as const, error }
  })
  for (const step of ended) await writer.put('step', step)
  const failed: RunRecord = { ...run, state: 'failed', error, endedAt: Date.now() }
  await writer.put('run', failed)
  await writer.emit(runOver(failed, ended, 'system'))
  return failed
}
