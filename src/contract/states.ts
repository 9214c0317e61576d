/** States of a run, and of a step's execution within it. */
export const runStates = ['queued', 'running', 'succeeded', 'failed', 'stopped', 'interrupted'] as const
export type RunState = (typeof runStates)[number]

/** `reused`: an earlier execution with the same key gave the outputs; `skipped`: its condition did not hold; `blocked`: a step it needs failed. */
export const stepStates = [
  'pending',
  'running',
  'succeeded',
  'reused',
  'skipped',
  'failed',
  'stopped',
  'blocked',
] as const
export type StepState = (typeof stepStates)[number]

export function isRunOver(state: RunState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'stopped'
}

/** Whether the step needs no further work in this run. */
export function isStepOver(state: StepState): boolean {
  return state !== 'pending' && state !== 'running'
}

/** Whether the steps that need this one may go on. */
export function isStepDone(state: StepState): boolean {
  return state === 'succeeded' || state === 'reused' || state === 'skipped'
}

/** `accepted` joined the dataset; `refused` is schema skew, for people to look at; `quarantined` is beyond a hard bound. */
export const batchStates = ['accepted', 'refused', 'quarantined'] as const
export type BatchState = (typeof batchStates)[number]

/** A candidate awaits its gates; `registered` passed them; `refused` did not. */
export const modelVersionStates = ['candidate', 'registered', 'refused'] as const

/** `rolling` takes part of the traffic, `serving` all of it; a rollout ends `rolled-back` by its own checks or by a person, and `replaced` by its successor. */
export const deploymentStates = ['rolling', 'serving', 'replaced', 'rolled-back'] as const
