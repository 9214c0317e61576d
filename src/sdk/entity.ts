import type { Entity } from '../contract/definition.ts'
import { ColumnSpec } from './columns.ts'
import type { Dataset, DatasetShape } from './dataset.ts'
import type { AttributeTypes } from './expression.ts'

/** Something that features are about: an airport, a customer. `Attributes`: its columns, name → kind. */
export interface EntityHandle<Attributes extends object = object> {
  readonly definition: Entity
  readonly types: AttributeTypes
  /** For the compiler only. */
  readonly attributes: Attributes
}

/** An entity that a dataset lists, one row a key: its columns can be read wherever the entity is named. */
export function entity<S extends DatasetShape, K extends keyof S['columns'] & string>(
  name: string,
  dataset: Dataset<S>,
  key: K,
): EntityHandle<{ [C in keyof S['columns']]: S['columns'][C]['kind'] }>
/** An entity known by its key alone. */
export function entity(name: string, key: string): EntityHandle<Record<never, never>>
export function entity(name: string, source: string | Dataset<DatasetShape>, key?: string): EntityHandle {
  const definition: Entity =
    typeof source === 'string' ? { name, key: source } : { name, key: key ?? '', dataset: source.name }
  const columns = typeof source === 'string' ? [] : source.definition.columns
  const types = Object.fromEntries(columns.map((column) => [column.name, column.type]))
  return { definition, types, attributes: {} }
}

/** A column that holds the key of an entity. */
export function ref<A extends object>(to: EntityHandle<A>): ColumnSpec<'ref', A> {
  return new ColumnSpec<'ref', A>('ref', {}, { name: to.definition.name, types: to.types })
}
