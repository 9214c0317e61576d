import { createHash, randomBytes } from 'node:crypto'
import type { StepEnvironment } from '../domain/pipelines/step-environment.ts'

/** The program of a step, by the token that it was given. */
export interface StepCaller {
  /** Of its execution: `<run>/<step>`. */
  readonly execution: string
  /** The tracked run of its attempt. */
  readonly run: string
  /** That run, and those that it made. */
  readonly runs: Set<string>
}

const prefix = 'mws_'
const shape = /mws_[\w-]{43}/g
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64')

/** Whether it is, or was, the token of a step. */
export const isStepToken = (token: string): boolean => token.startsWith(prefix)

/**
 * Tokens for the programs of steps: each is good for as long as its attempt runs. They are kept by their hash, in memory alone, since no process of a step
 * outlives the control plane.
 */
export class StepTokens {
  private readonly callers = new Map<string, StepCaller>()

  issue(execution: string, run: string): string {
    const token = prefix + randomBytes(32).toString('base64url')
    this.callers.set(hashOf(token), { execution, run, runs: new Set([run]) })
    return token
  }

  /** Undefined when its attempt is over. */
  of(token: string): StepCaller | undefined {
    return this.callers.get(hashOf(token))
  }

  end(run: string): void {
    for (const [hash, caller] of this.callers) if (caller.run === run) this.callers.delete(hash)
  }
}

/** The same, where tokens of steps are in no log and in no output either. */
export const hidingStepTokens = (environment: StepEnvironment): StepEnvironment => ({
  ...environment,
  redact: (text) => environment.redact(text).replace(shape, '[MLFLOW_TRACKING_TOKEN]'),
})
