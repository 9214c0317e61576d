import type { Json } from './pipeline.ts'
import type { Artifact } from './run.ts'

/** What a needed step left behind. A skipped step leaves `null` and no artifacts. */
export interface StepInput {
  /** What it returned; of a fan-out, the list of what its elements returned, in their order. */
  output: Json
  /** Of a fan-out, those of all elements, in their order. */
  artifacts: Artifact[]
}
export type StepInputs = Record<string, StepInput>

/** What a step works with: a function's first argument, and a stage's. */
export interface StepContext {
  /** `<run>/<step>[/<index>]`, the same on every attempt: the key under which a side effect can be made idempotent. */
  readonly executionId: string
  readonly runId: string
  readonly pipeline: string
  readonly step: string
  /** 1 for the first. */
  readonly attempt: number
  /** The pipeline's parameters that the step reads, overlaid with its own. */
  readonly params: Readonly<Record<string, Json>>
  /** The element of a fan-out; null otherwise. */
  readonly element: Json
  /** By name of each needed step. */
  readonly inputs: Readonly<StepInputs>
  /** An empty folder of this attempt alone, made when first asked for and removed when the step is over. */
  readonly workDir: string
  /** Aborted when the step is to stop; it is killed a few seconds later. */
  readonly signal: AbortSignal
  /**
   * Keeps a file (by its path), bytes, or a JSON value under a name that is free within the step.
   * @param type what it is: `table`, `model`, `report`; without it `file`, or `json` for a value.
   */
  artifact(name: string, content: ArtifactContent, type?: string): Promise<void>
  /** A path at which an input's artifact may be read, and not changed. */
  inputPath(artifact: Artifact): Promise<string>
  log(text: string): void
  /** @param done share done, 0 to 1. */
  progress(done: number, message?: string): void
}
export type ArtifactContent = { path: string } | { bytes: Uint8Array } | { json: Json }

/**
 * A step in TypeScript. Its second argument holds the outputs of the needed steps by name; what it returns is its own output and must
 * be JSON (`undefined` counts as null).
 */
export type StepFunction = (context: StepContext, input: Readonly<Record<string, Json>>) => unknown
