import type { ModelInput } from '../contract/definition.ts'

/** Inputs of a model. `D` names the columns that a request must send for them. */
export interface Inputs<D extends string = string> {
  readonly inputs: readonly ModelInput[]
  readonly needs: D
}
