import type { Consumer } from '../../contract/data.ts'
import type { Definition } from '../../contract/definition.ts'

/** What of a definition reads a dataset, or waits for its rows. */
export function consumersOfDataset(definition: Definition, dataset: string): Consumer[] {
  const of = <T extends { name: string }>(
    items: readonly T[],
    kind: string,
    says: (item: T) => string | null,
  ): Consumer[] =>
    items.flatMap((item) => {
      const does = says(item)
      return does === null ? [] : [{ subject: `${kind}:${item.name}`, does }]
    })
  return [
    ...of(definition.entities, 'entity', (entity) => (entity.dataset === dataset ? 'is listed by it' : null)),
    ...of(definition.featureViews, 'feature-view', (view) =>
      view.dataset === dataset ? `aggregates its rows by ${view.by}` : null,
    ),
    ...of(definition.models, 'model', (model) => (model.dataset === dataset ? 'is trained on its rows' : null)),
    ...of(definition.triggers, 'trigger', ({ on, pipeline }) =>
      (on.kind === 'new-data' || on.kind === 'value-skew') && on.dataset === dataset
        ? `starts ${pipeline} when ${on.kind === 'new-data' ? 'enough of it is new' : 'its values move'}`
        : null,
    ),
  ]
}
