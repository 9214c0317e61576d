import type { Json } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'

/** A step, or an element of its fan-out, that nothing was done for yet. */
export function pendingStep(runId: string, step: string, element?: { index: number; value: Json }): StepRecord {
  return {
    id: element ? `${runId}/${step}/${element.index}` : `${runId}/${step}`,
    runId,
    step,
    index: element?.index ?? null,
    element: element?.value ?? null,
    state: 'pending',
    key: null,
    keyParts: null,
    because: '',
    reusedFrom: null,
    attempt: 0,
    startedAt: null,
    endedAt: null,
    heartbeatAt: null,
    elements: null,
    progress: null,
    output: null,
    artifacts: [],
    resources: null,
    exitCode: null,
    error: null,
  }
}

/** As before its first attempt, but for the attempts that were made: their work folders must not be used again. */
export function pendingAgain(record: StepRecord): StepRecord {
  const element = record.index === null ? undefined : { index: record.index, value: record.element }
  return { ...pendingStep(record.runId, record.step, element), attempt: record.attempt }
}

/** Over, by what an earlier execution left. */
export function reusedStep(record: StepRecord, from: StepRecord, because: string): StepRecord {
  const now = Date.now()
  return {
    ...record,
    state: 'reused',
    because,
    reusedFrom: from.reusedFrom ?? from.id,
    startedAt: now,
    endedAt: now,
    elements: from.elements && { ...from.elements, ran: 0, reused: from.elements.total },
    output: from.output,
    artifacts: from.artifacts,
    ...(from.trackedRun === undefined ? {} : { trackedRun: from.trackedRun }),
  }
}

/** Over, without success. */
export function failedStep(record: StepRecord, error: string): StepRecord {
  return { ...record, state: 'failed', error, endedAt: Date.now(), progress: null }
}
