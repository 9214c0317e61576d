import type { Json } from './pipeline.ts'
import type { Artifact } from './run.ts'

/** What a step in TypeScript is given. */
export interface StepContext {
  /** Of the run, and of the step itself. */
  readonly params: Readonly<Record<string, Json>>
  /** The element of the fan-out; null outside one. */
  readonly element: Json
  /** A folder of its own, empty at the start, gone afterwards. */
  readonly workDir: string
  /** Aborted when the step is to stop. */
  readonly signal: AbortSignal
  log(line: string): void
  /** @param done the share that is done, 0 to 1. */
  progress(done: number, message: string): void
  /** Keeps bytes, text, JSON or a file, under its content's hash. */
  artifact(
    name: string,
    content: Uint8Array | string | { json: Json } | { file: string },
    type?: string,
  ): Promise<Artifact>
  /** Where an artifact can be read. */
  inputPath(artifact: Artifact): Promise<string>
}
