import type { MonitorDefinition, Task } from '../contract/definition.ts'
import { monitorSchema } from '../contract/definition.ts'
import type { Endpoint } from './endpoint.ts'
import type { MetricOf } from './gate.ts'
import type { Model } from './model.ts'
import { parsed } from './stated.ts'

export interface Monitor {
  readonly definition: MonitorDefinition
}
type TaskOfEndpoint<E> = E extends Endpoint<Model<infer T extends Task>> ? T : never
interface Options {
  name?: string
  every?: 'day' | 'week'
  /** Alert only when this many periods in a row broke the threshold. */
  periods?: number
  threshold?: number
}

function monitor(kind: MonitorDefinition['kind'], at: Endpoint, options: Options & { metric?: string }): Monitor {
  const { name = `${at.definition.name}-${kind}`, ...rest } = options
  return {
    definition: parsed(monitorSchema, { name, kind, endpoint: at.definition.name, ...rest }, `monitors.${name}`),
  }
}

/** Watches the inputs and the score of an endpoint against what its model was trained on. Needs no labels. */
export const drift = (at: Endpoint, options: Options = {}): Monitor => monitor('drift', at, options)
/** Watches a metric over answers whose labels have arrived, against the model's own test result. */
export const quality = <E extends Endpoint>(
  at: E,
  options: Options & { metric?: MetricOf<TaskOfEndpoint<E>> } = {},
): Monitor => monitor('quality', at, options)
/** Watches errors, latency, volume and missing inputs. */
export const service = (at: Endpoint, options: Options = {}): Monitor => monitor('service', at, options)
