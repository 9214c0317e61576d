import type { EventType, NewEvent } from '../../contract/events.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'

const actor = 'system'

function stepEvent(type: EventType, run: RunRecord, step: StepRecord, message: string, data = {}): NewEvent {
  return {
    type,
    subject: `step:${step.id}`,
    actor,
    message,
    data: { run: run.id, pipeline: run.pipeline, step: step.step, ...data },
  }
}

export function stepStarted(run: RunRecord, step: StepRecord): NewEvent {
  const many = step.elements ? ` for ${step.elements.total} elements` : ''
  const data = { because: step.because, ...(step.elements ? { elements: step.elements.total } : {}) }
  return stepEvent('step.started', run, step, `${step.step} of ${run.pipeline} started${many}`, data)
}

export function stepRetried(run: RunRecord, step: StepRecord, error: string, waitMs: number): NewEvent {
  const message = `${step.step} of ${run.pipeline} failed and is tried again: ${error}`
  return {
    ...stepEvent('step.retried', run, step, message, { attempt: step.attempt, error, waitMs }),
    level: 'warning',
  }
}

/** The news of a step that is over; undefined for states whose news is the run's. */
export function stepOver(run: RunRecord, step: StepRecord): NewEvent | undefined {
  const name = `${step.step} of ${run.pipeline}`
  const counts = step.elements ? { elements: step.elements } : {}
  const durationMs = step.startedAt !== null && step.endedAt !== null ? step.endedAt - step.startedAt : 0
  switch (step.state) {
    case 'succeeded': {
      const artifacts = step.artifacts.slice(0, 20).map(({ name, type, hash }) => ({ name, type, hash }))
      const data = { durationMs, because: step.because, ...counts, artifacts }
      return { ...stepEvent('step.succeeded', run, step, `${name} succeeded`, data), level: 'good' }
    }
    case 'reused': {
      const data = { because: step.because, reusedFrom: step.reusedFrom, ...counts }
      return stepEvent('step.reused', run, step, `${name} was ${step.because}`, data)
    }
    case 'skipped':
      return stepEvent('step.skipped', run, step, `${name} was ${step.because}`, { because: step.because })
    case 'failed': {
      const data = { durationMs, error: step.error, ...counts }
      return { ...stepEvent('step.failed', run, step, `${name} failed: ${step.error}`, data), level: 'bad' }
    }
    default:
      return undefined
  }
}
