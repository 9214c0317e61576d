import type { RunState, StepState } from '../../contract/states.ts'

// The screens take types alone from the contract; a test holds these to its own predicates.

const runs: Record<RunState, boolean> = {
  queued: false,
  running: false,
  succeeded: true,
  failed: true,
  stopped: true,
  interrupted: false,
}
export const runStates = Object.keys(runs) as RunState[]

export const isRunOver = (state: RunState): boolean => runs[state]

export const isStepOver = (state: StepState): boolean => state !== 'pending' && state !== 'running'
