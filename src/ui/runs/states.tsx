import type { RunState, StepState } from '../../contract/states.ts'
import type { IconName } from '../components/icon.tsx'
import { Mark } from '../components/mark.tsx'

export const runMarks: Record<RunState, IconName> = {
  queued: 'idle',
  running: 'working',
  succeeded: 'good',
  failed: 'bad',
  stopped: 'stopped',
  interrupted: 'warning',
}

export const stepMarks: Record<StepState, IconName> = {
  pending: 'idle',
  running: 'working',
  succeeded: 'good',
  reused: 'reused',
  skipped: 'skipped',
  failed: 'bad',
  stopped: 'stopped',
  blocked: 'blocked',
}

/** A state of a run in its shape and its word. */
export function RunStateWord({ state }: { state: RunState }) {
  return (
    <span className="state-word">
      <Mark name={runMarks[state]} /> {state}
    </span>
  )
}

/** A state of a step in its shape and its word. */
export function StepStateWord({ state }: { state: StepState }) {
  return (
    <span className="state-word">
      <Mark name={stepMarks[state]} /> {state}
    </span>
  )
}
