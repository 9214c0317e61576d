import type { EndpointDefinition } from '../contract/definition.ts'
import { endpointSchema } from '../contract/definition.ts'
import type { Duration } from './durations.ts'
import type { Model } from './model.ts'
import { parsed } from './stated.ts'

type Rollout = Partial<EndpointDefinition['rollout']>

export interface Endpoint<M extends Model = Model> {
  readonly definition: EndpointDefinition
  readonly model: M
}

/** Traffic step by step: `canary([0.1, 1], { hold: hours(12) })`; each step must hold before the next. */
export function canary(
  steps: number[],
  options: {
    hold?: Duration
    minAnswers?: number
    maxErrorShare?: number
    maxLatencyRatio?: number
    maxScoreShift?: number
  } = {},
): Rollout {
  const { hold, ...bounds } = options
  return { steps, ...bounds, ...(hold ? { holdMs: hold.ms } : {}) }
}

/** All traffic at once. */
export const allAtOnce = (): Rollout => ({ steps: [1], holdMs: 0, minAnswers: 0 })

/** Where a model answers: `POST /v2/models/<name>/infer` of the prediction service. */
export function endpoint<M extends Model>(
  name: string,
  model: M,
  options: {
    rollout?: Rollout
    logging?: 'required' | 'best-effort'
    frozen?: boolean
    /** What it must stand under load; `millwright ci` measures it. */
    budget?: { p99Ms?: number; requestsPerSecond?: number }
  } = {},
): Endpoint<M> {
  return {
    definition: parsed(endpointSchema, { name, model: model.definition.name, ...options }, `endpoints.${name}`),
    model,
  }
}
