import type { Json, StepDefinition } from '../../contract/pipeline.ts'
import type { Artifact, StepRecord } from '../../contract/run.ts'
import type { StepInputs } from '../../contract/step.ts'

/** What is the same for every attempt at a step, and every element of its fan-out. */
export interface PreparedStep {
  definition: StepDefinition
  params: Record<string, Json>
  inputs: StepInputs
  inputsKey: string
  /** It changes the world outside: only its author can say that it may be begun again. */
  sideEffects: boolean
  /** Of the project's code; for functions only. */
  codeVersion: string
}

/** The good end of an attempt, with its artifacts in the store. */
export interface Success {
  output: Json
  artifacts: Artifact[]
  resources: StepRecord['resources']
  exitCode: number | null
}
