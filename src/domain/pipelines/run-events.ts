import type { EventType, NewEvent } from '../../contract/events.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepDone } from '../../contract/states.ts'

function runEvent(type: EventType, run: RunRecord, actor: string, message: string, data = {}): NewEvent {
  return { type, subject: `run:${run.id}`, actor, message, data: { run: run.id, pipeline: run.pipeline, ...data } }
}

/** @param actor whoever started it, or has it go on. */
export function runQueued(run: RunRecord, actor: string): NewEvent {
  return runEvent('run.queued', run, actor, `${run.pipeline} waits for its turn`, { reason: run.reason })
}

/** @param resumed it goes on after a failure, a stop, or the death of the control plane. @param actor whoever started it, or has it go on. */
export function runStarted(run: RunRecord, resumed: boolean, actor: string): NewEvent {
  const message = resumed ? `${run.pipeline} goes on where it was` : `${run.pipeline} started: ${run.reason}`
  return runEvent('run.started', run, actor, message, { reason: run.reason, params: run.params, resumed })
}

export function runOver(run: RunRecord, steps: readonly StepRecord[], actor: string): NewEvent {
  const durationMs = (run.endedAt ?? 0) - (run.startedAt ?? run.queuedAt)
  const data = { durationMs, reason: run.reason, ...counts(steps) }
  if (run.state === 'succeeded') {
    const { reused } = data
    const how = reused === steps.length ? ', with nothing to do' : reused > 0 ? `, ${reused} steps reused` : ''
    return { ...runEvent('run.succeeded', run, actor, `${run.pipeline} succeeded${how}`, data), level: 'good' }
  }
  if (run.state === 'stopped') return runEvent('run.stopped', run, actor, `${run.pipeline} was stopped`, data)
  const failed = steps.filter((step) => step.state === 'failed').map((step) => step.step)
  const blocked = steps.filter((step) => step.state === 'blocked').map((step) => step.step)
  const message = `${run.pipeline} failed in ${failed.join(', ')}`
  return {
    ...runEvent('run.failed', run, actor, message, { ...data, failed, blocked, error: run.error }),
    level: 'bad',
  }
}

function counts(steps: readonly StepRecord[]): { steps: number; done: number; reused: number } {
  return {
    steps: steps.length,
    done: steps.filter((step) => isStepDone(step.state)).length,
    reused: steps.filter((step) => step.state === 'reused').length,
  }
}
