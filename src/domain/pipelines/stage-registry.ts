import type { Json } from '../../contract/pipeline.ts'
import type { StepContext } from '../../contract/step.ts'

interface StageCommon {
  /** Changes the world outside its outputs: never reused, whatever the definition says. */
  sideEffects?: boolean
  /**
   * What it depends on besides code, params and inputs, name → version (`dataset flights` → `12`): part of its key. Without it, a stage
   * that reads the world would be reused when it must not.
   */
  readsFrom?(request: { params: Readonly<Record<string, Json>>; element: Json }): Promise<Record<string, string>>
}

/**
 * A built-in step of Millwright. `inline` runs in the control plane, which it must not block: registering, deploying. `module` runs in a
 * warm process: its default export is called with the context and the services of the runner's wiring.
 */
export type Stage =
  | (StageCommon & { kind: 'inline'; run(context: StepContext): Promise<unknown> })
  | (StageCommon & { kind: 'module'; module: URL })

export type StageRegistry = ReadonlyMap<string, Stage>
