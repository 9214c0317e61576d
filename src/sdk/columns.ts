import type { Column, ColumnType } from '../contract/definition.ts'
import type { AttributeTypes, Kind } from './expression.ts'

/** The value kind of a column type. */
export type KindOfType<T extends ColumnType> = T extends 'number' | 'time' | 'local-time' | 'boolean' ? T : 'text'

/** A column as the author states it. `Attributes` are those of the entity that a `ref` names. */
export class ColumnSpec<T extends ColumnType = ColumnType, Attributes extends object = Record<never, never>> {
  declare readonly attributes: Attributes
  constructor(
    readonly type: T,
    private readonly options: { unit?: string; optional?: boolean; raw?: boolean } = {},
    /** The entity that it names. */
    readonly to: { name: string; types: AttributeTypes } | null = null,
  ) {}

  /** May be missing in a row. */
  optional(): ColumnSpec<T, Attributes> {
    return new ColumnSpec(this.type, { ...this.options, optional: true }, this.to)
  }
  /** Read from the source only to derive others; not stored. */
  raw(): ColumnSpec<T, Attributes> {
    return new ColumnSpec(this.type, { ...this.options, raw: true }, this.to)
  }
  toColumn(name: string): Column {
    const { optional = false, raw = false, ...rest } = this.options
    return { name, type: this.type, ...rest, ...(this.to ? { entity: this.to.name } : {}), optional, raw }
  }
}

export type Columns = Record<string, ColumnSpec<ColumnType, object>>
export type KindOfSpec<S> = S extends ColumnSpec<infer T, object> ? KindOfType<T> & Kind : never

/** Names a row, once in the dataset. */
export const key = () => new ColumnSpec('key')
/** A moment: UTC. */
export const time = () => new ColumnSpec('time')
/** What a wall clock showed, zone unknown. */
export const localTime = () => new ColumnSpec('local-time')
export const number = (unit?: string) => new ColumnSpec('number', unit === undefined ? {} : { unit })
/** One of few values. */
export const category = () => new ColumnSpec('category')
export const text = () => new ColumnSpec('text')
export const boolean = () => new ColumnSpec('boolean')
