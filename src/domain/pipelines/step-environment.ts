import { MillwrightError } from '../../base/errors.ts'
import type { Json } from '../../contract/pipeline.ts'

/** What the environment gives the steps that run in it. */
export interface StepEnvironment {
  /** Its name; null where the control plane is of none. */
  readonly name: string | null
  readonly settings: Readonly<Record<string, Json>>
  /** Resident memory that no step may exceed, whatever it states itself. */
  readonly memoryMb: number | null
  /** Whether steps that are notebooks may run. */
  readonly notebooks: 'allowed' | 'refused'
  /** Variables for commands that are to be seen nowhere else. @throws `not-found` for one whose value is not there. */
  secrets(): Promise<Readonly<Record<string, string>>>
  /** A text without any value of a secret. */
  redact(text: string): string
}

export const noEnvironment: StepEnvironment = {
  name: null,
  settings: {},
  memoryMb: null,
  notebooks: 'allowed',
  secrets: async () => ({}),
  redact: (text) => text,
}

/** @throws `step-failed` when a step gave out a secret as its output, where it would be kept. */
export function withoutSecrets(environment: StepEnvironment, output: Json): Json {
  const text = JSON.stringify(output)
  if (environment.redact(text) === text) return output
  throw new MillwrightError('step-failed', 'Its output holds the value of a secret, and was not kept.', {
    hint: 'Return what others may read.',
  })
}
