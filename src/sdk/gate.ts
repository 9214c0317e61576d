import type { Gate as GateDefinition, Task } from '../contract/definition.ts'

/** Metrics of each kind of target: a gate on another does not compile. */
export interface MetricsOf {
  binary: 'auc' | 'log_loss' | 'brier' | 'accuracy' | 'precision' | 'recall' | 'f1'
  multiclass: 'log_loss' | 'accuracy'
  regression: 'rmse' | 'mae' | 'r2'
}

/** A condition that a candidate must meet before it may register. `M`: the metric it reads; `S`: the segment. */
export interface Gate<M extends string = string, S extends string = string> {
  readonly gate: GateDefinition
  readonly metric: M
  readonly segment: S
}
const gate = <M extends string, S extends string>(definition: GateDefinition) =>
  ({ gate: definition }) as unknown as Gate<M, S>

/** `beats('baseline').on('auc').by(0.02)` */
export function beats(_baseline: 'baseline') {
  return {
    on: <M extends string>(metric: M) => ({
      by: (margin: number): Gate<M, never> => gate({ kind: 'beats-baseline', metric, by: margin }),
    }),
  }
}

/** Refused when worse than the model in production by more than noise: `notWorse('production').on('log_loss')`, and `.within(0.001)` at least. */
export function notWorse(_reference: 'production') {
  return {
    on: <M extends string>(metric: M) => {
      const within = (margin: number): Gate<M, never> => gate({ kind: 'not-worse', metric, within: margin })
      return { ...within(0), within }
    },
  }
}

/** No part may be worse than the reference by more: `segment('part_of_day').on('auc').within(0.03)`. */
export function segment<S extends string>(name: S) {
  return {
    on: <M extends string>(metric: M) => ({
      within: (margin: number): Gate<M, S> =>
        gate({ kind: 'segment', segment: name, metric, within: margin, minRows: 200 }),
    }),
  }
}

/** Expected calibration error, over bins of equal counts. */
export function calibrated(bound: { within: number }): Gate<never, never> {
  return gate({ kind: 'calibration', maxError: bound.within })
}

/** A bound on a metric of the test set, such as the brief's success criterion. */
export function atLeast<M extends string>(metric: M, value: number): Gate<M, never> {
  return gate({ kind: 'at-least', metric, value })
}
export function atMost<M extends string>(metric: M, value: number): Gate<M, never> {
  return gate({ kind: 'at-most', metric, value })
}

/** Measured on the prediction service itself, in a slot without traffic. */
export function answersWithin(p99Ms: number): Gate<never, never> {
  return gate({ kind: 'latency', p99Ms })
}

/** The prediction service gives the answers that the evaluation gave, and refuses what does not fit the signature. */
export function keepsItsSignature(): Gate<never, never> {
  return gate({ kind: 'signature' })
}

export type MetricOf<T extends Task> = MetricsOf[T]
