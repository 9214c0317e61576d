import type { FeatureView as FeatureViewDefinition } from '../contract/definition.ts'
import type { ColumnValues, Dataset, DatasetShape } from './dataset.ts'
import type { EntityHandle } from './entity.ts'
import type { Aggregation } from './expression.ts'
import type { Inputs } from './model-input.ts'
import { onlyKeys } from './stated.ts'

/** Features of an entity, computed from the rows of a dataset as they became known. `F`: their names. */
export class FeatureView<F extends string> {
  constructor(readonly definition: FeatureViewDefinition) {}

  /** All features, of the entity whose key the named column holds, as of the time of the row. */
  of<C extends string>(column: C): Inputs<C> {
    return this.inputs(
      this.definition.features.map((feature) => feature.name),
      column,
    )
  }

  /** One feature: `departures.feature('late_3h').of('origin')`. */
  feature<N extends F>(name: N): { of: <C extends string>(column: C) => Inputs<C> } {
    return { of: <C extends string>(column: C) => this.inputs([name], column) }
  }

  private inputs<C extends string>(names: string[], by: C): Inputs<C> {
    const inputs = names.map((feature) => ({
      name: `${by}_${this.definition.name}_${feature}`,
      kind: 'numeric' as const,
      from: { kind: 'feature' as const, view: this.definition.name, feature, by },
    }))
    return { inputs } as unknown as Inputs<C>
  }
}

/** States a feature view. What it aggregates must be known from one time column on, which is found by itself. */
export function featureView<S extends DatasetShape, F extends Record<string, Aggregation>>(
  name: string,
  stated: {
    entity: EntityHandle
    from: Dataset<S>
    /** The column that holds the entity's key. */
    by: {
      [N in keyof S['columns'] & string]: S['columns'][N]['attributes'] extends object ? N : never
    }[keyof S['columns'] & string]
    features: (c: ColumnValues<S>) => F
    owner?: string
  },
): FeatureView<keyof F & string> {
  onlyKeys(stated, ['entity', 'from', 'by', 'features', 'owner'], `featureViews.${name}`)
  const { definition } = stated.from
  const features = Object.entries(stated.features(valuesOf(stated.from))).map(([feature, aggregation]) =>
    aggregation.toFeature(feature),
  )
  const late = new Set(
    definition.columns.flatMap((column) => (column.knownAt && uses(features, column.name) ? [column.knownAt] : [])),
  )
  if (late.size > 1) {
    throw new Error(
      `feature view "${name}" mixes columns that become known at different times (${[...late].join(', ')}): make one view of each`,
    )
  }
  const [knownAt = definition.time ?? ''] = late
  return new FeatureView({
    name,
    entity: stated.entity.definition.name,
    dataset: definition.name,
    by: stated.by,
    knownAt,
    features,
    ...(stated.owner ? { owner: stated.owner } : {}),
  })
}

function valuesOf<S extends DatasetShape>(from: Dataset<S>): ColumnValues<S> {
  return Object.fromEntries(
    from.definition.columns.map((column) => [column.name, from.column(column.name as keyof S['columns'] & string)]),
  ) as ColumnValues<S>
}

function uses(node: unknown, column: string): boolean {
  if (Array.isArray(node)) return node.some((each) => uses(each, column))
  if (typeof node !== 'object' || node === null) return false
  const found = node as { op?: string; column?: string }
  if (found.op === 'column' && found.column === column) return true
  return Object.values(node).some((member) => uses(member, column))
}
