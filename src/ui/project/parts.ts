import type { Definition } from '../../contract/definition.ts'
import { counted, duration } from '../format.ts'

/** A named part of a definition, with what it is in a sentence. */
export interface Part {
  /** `datasets.flights` */
  id: string
  kind: string
  name: string
  says: string
  /** What its screen is found by; null of what has none. */
  subject: string | null
  value: unknown
}

const triggerWords = ({ on, pipeline }: Definition['triggers'][number]): string => {
  switch (on.kind) {
    case 'schedule':
      return `starts ${pipeline} at ${on.cron}`
    case 'new-data':
      return `starts ${pipeline} after ${duration(on.everyMs)} of new ${on.dataset}`
    case 'alert':
      return `starts ${pipeline} when ${on.monitor} alerts`
    case 'value-skew':
      return `starts ${pipeline} when values of ${on.dataset} move`
  }
}

/** Every named part, in the order in which data flows. */
export function partsOf(definition: Definition): Part[] {
  const of = <T extends { name: string }>(
    group: string,
    kind: string,
    subject: string | null,
    items: readonly T[],
    says: (item: T) => string,
  ): Part[] =>
    items.map((item) => ({
      id: `${group}.${item.name}`,
      kind,
      name: item.name,
      says: says(item),
      subject: subject && `${subject}:${item.name}`,
      value: item,
    }))
  return [
    ...of('entities', 'entity', null, definition.entities, ({ key, dataset }) =>
      dataset ? `named by ${key}, listed by ${dataset}` : `named by ${key}`,
    ),
    ...of('datasets', 'dataset', 'dataset', definition.datasets, ({ columns, expectations }) =>
      [counted(columns.length, 'column'), counted(expectations.length, 'expectation')].join(', '),
    ),
    ...of(
      'featureViews',
      'feature view',
      'feature-view',
      definition.featureViews,
      ({ features, dataset, by }) => `${counted(features.length, 'feature')} of ${dataset} by ${by}`,
    ),
    ...of(
      'models',
      'model',
      'model',
      definition.models,
      ({ task, inputs, gates, dataset }) =>
        `${task}, ${counted(inputs.length, 'input')}, ${counted(gates.length, 'gate')}, learns from ${dataset}`,
    ),
    ...of('pipelines', 'pipeline', 'pipeline', definition.pipelines, ({ steps }) => counted(steps.length, 'step')),
    ...of('endpoints', 'endpoint', 'endpoint', definition.endpoints, ({ model, rollout }) =>
      rollout.steps.length > 1
        ? `answers with ${model}, rolled out in ${counted(rollout.steps.length, 'step')}`
        : `answers with ${model}, at once`,
    ),
    ...of(
      'monitors',
      'monitor',
      'monitor',
      definition.monitors,
      ({ kind, endpoint, every }) => `${kind} of ${endpoint}, every ${every}`,
    ),
    ...of('triggers', 'trigger', 'trigger', definition.triggers, triggerWords),
    ...of('environments', 'environment', null, definition.environments, ({ extends: base, secrets = {} }) =>
      [...(base ? [`as ${base}`] : []), counted(Object.keys(secrets).length, 'secret')].join(', '),
    ),
  ]
}
