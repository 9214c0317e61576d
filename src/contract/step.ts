import type { Json } from './pipeline.ts'
import type { Artifact } from './run.ts'

/** What a needed step left behind. A skipped step leaves `null` and no artifacts. */
interface StepInput {
  /** What it returned; of a fan-out, the list of what its elements returned, in their order. */
  output: Json
  /** Of a fan-out, those of all elements, in their order. */
  artifacts: Artifact[]
}
export type StepInputs = Record<string, StepInput>

/** What a step in TypeScript, or a stage of Millwright, is given. */
export interface StepContext {
  /** `<run>/<step>[/<index>]`, the same on every attempt: the key under which a side effect can be made idempotent. */
  readonly executionId: string
  readonly runId: string
  readonly pipeline: string
  readonly step: string
  /** 1 for the first. */
  readonly attempt: number
  /** Of the run, as far as the step reads them, and of the step itself, which win. */
  readonly params: Readonly<Record<string, Json>>
  /** Of the environment that it runs in. */
  readonly settings: Readonly<Record<string, Json>>
  /** The element of the fan-out; null outside one. */
  readonly element: Json
  /** By the name of each needed step: its output, and its artifacts. */
  readonly inputs: Readonly<StepInputs>
  /** A folder of its own, empty at the start, gone afterwards. */
  readonly workDir: string
  /** Aborted when the step is to stop; it is killed a few seconds later. */
  readonly signal: AbortSignal
  log(line: string): void
  /** @param done the share that is done, 0 to 1. */
  progress(done: number, message?: string): void
  /**
   * Keeps bytes, text, JSON or a file, under its content's hash and a name that is free within the step.
   * @param type what it is: `table`, `model`, `report`; without it `json` for a value, otherwise `file`.
   */
  artifact(name: string, content: ArtifactContent, type?: string): Promise<Artifact>
  /** Where an artifact can be read; the file must not be changed. */
  inputPath(artifact: Artifact): Promise<string>
}
export type ArtifactContent = Uint8Array | string | { json: Json } | { file: string }

/**
 * A step in TypeScript as the runner calls it. The second argument holds the outputs of the needed steps by name; what it returns is its
 * own output and must be JSON (`undefined` counts as null).
 */
export type StepFunction = (context: StepContext, inputs: Readonly<Record<string, Json>>) => unknown
