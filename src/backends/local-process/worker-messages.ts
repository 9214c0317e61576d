import type { Json } from '../../contract/pipeline.ts'
import type { StepInputs } from '../../contract/step.ts'
import type { StepOutcome } from '../../ports/step-runner.ts'

/** What a warm worker is told. One task at a time. */
export type ToWorker =
  | { type: 'run'; task: WorkerTask }
  | { type: 'stop' }
  | { type: 'path'; hash: string; path: string | null; error: string }

export interface WorkerTask {
  executionId: string
  runId: string
  pipeline: string
  step: string
  attempt: number
  /** `config` of a function, `module` of a stage. */
  kind: 'function' | 'module'
  module: string
  params: Record<string, Json>
  settings: Readonly<Record<string, Json>>
  element: Json
  /** Left out when the worker has the inputs of the task before. */
  inputs?: StepInputs
  workDir: string
  outcomePath: string
}

/** What a worker says. `outcome` is its last word on a task. */
export type FromWorker =
  | { type: 'ready' }
  | { type: 'log'; stream: 'out' | 'err' | 'log'; text: string }
  | { type: 'progress'; done: number; message: string }
  | { type: 'path'; hash: string }
  | { type: 'outcome'; outcome: StepOutcome }
