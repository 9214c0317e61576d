import type { Dataset as DatasetDefinition, Severity } from '../contract/definition.ts'
import type { ColumnSpec, Columns, KindOfSpec } from './columns.ts'
import { type ExpectationDraft, type ExpectColumns, expectColumns } from './expectation.ts'
import {
  type AttributeTypes,
  type Kind,
  type KindOf,
  type NeedsOf,
  RefValue,
  type Value,
  type ValueOf,
  valueOfType,
} from './expression.ts'
import type { Inputs } from './model-input.ts'
import { onlyKeys } from './stated.ts'

export interface ColumnShape {
  kind: Kind
  /** Columns that a request must send for it. */
  needs: string
  /** Of the entity that a ref names; null of other columns. */
  attributes: object | null
}
/** What the compiler knows of a dataset. */
export interface DatasetShape {
  columns: Record<string, ColumnShape>
  /** Columns known later than the row's event time. */
  late: string
  key: string
  time: string
}

type ShapeOfSpecs<C extends Columns> = {
  columns: {
    [N in keyof C & string]: {
      kind: KindOfSpec<C[N]>
      needs: N
      attributes: C[N] extends ColumnSpec<'ref', infer A> ? A : null
    }
  }
  late: never
  key: { [N in keyof C & string]: C[N] extends ColumnSpec<'key', object> ? N : never }[keyof C & string]
  time: never
}
type WithDerived<S extends DatasetShape, N extends Record<string, Value<Kind, string>>> = Omit<S, 'columns'> & {
  columns: S['columns'] & { [C in keyof N & string]: { kind: KindOf<N[C]>; needs: NeedsOf<N[C]>; attributes: null } }
}
type WithOwn<S extends DatasetShape, C extends string> = Omit<S['columns'], C> & {
  [N in C]: { kind: S['columns'][N]['kind']; needs: N; attributes: S['columns'][N]['attributes'] }
}

/** The columns of a row, as values to compute with. */
export type ColumnValues<S extends DatasetShape, C extends keyof S['columns'] = keyof S['columns']> = {
  readonly [N in C & string]: S['columns'][N]['attributes'] extends object
    ? RefValue<S['columns'][N]['attributes'], S['columns'][N]['needs']>
    : ValueOf<S['columns'][N]['kind'], S['columns'][N]['needs']>
}

type NamesOfKind<S extends DatasetShape, K extends Kind> = {
  [N in keyof S['columns'] & string]: S['columns'][N]['kind'] extends K ? N : never
}[keyof S['columns'] & string]

/** In place of the name of a late column: its text is what the compiler prints. */
type KnownInTime<S extends DatasetShape, N> = N extends S['late']
  ? `"${N & string}" is known only later: a model that reads it learns from the future`
  : N

export interface Source {
  readonly format: 'parquet' | 'csv'
  readonly path: string
  readonly partition?: { by: string; every: 'day' | 'month' }
}
interface SourceOptions {
  /** Splits the history into batches by the day or month of this source column. */
  partition?: { by: string; every: 'day' | 'month' }
}
export const parquet = (path: string, options: SourceOptions = {}): Source => ({ format: 'parquet', path, ...options })
export const csv = (path: string, options: SourceOptions = {}): Source => ({ format: 'csv', path, ...options })
export const day = (by: string) => ({ by, every: 'day' }) as const
export const month = (by: string) => ({ by, every: 'month' }) as const

/** A table that grows by batches, stated column by column. Every method gives a new dataset; the last one is the one to use. */
export class Dataset<S extends DatasetShape> {
  declare readonly shape: S
  constructor(
    readonly definition: DatasetDefinition,
    /** Of the entities that its columns name. */
    private readonly attributes: Record<string, AttributeTypes> = {},
  ) {}
  get name(): string {
    return this.definition.name
  }

  private with<T extends DatasetShape>(change: Partial<DatasetDefinition>): Dataset<T> {
    return new Dataset<T>({ ...this.definition, ...change }, this.attributes)
  }

  private values(): ColumnValues<S> {
    const values: Record<string, unknown> = {}
    for (const column of this.definition.columns) {
      const node = { op: 'column', column: column.name } as const
      values[column.name] = column.entity
        ? new RefValue(node, column.entity, this.attributes[column.entity] ?? {})
        : valueOfType(node, column.type)
    }
    return values as ColumnValues<S>
  }

  /** Columns computed from others. */
  derive<N extends Record<string, Value<Kind, string>>>(
    compute: (c: ColumnValues<S>) => N,
  ): Dataset<WithDerived<S, N>> {
    const derived = Object.entries(compute(this.values())).map(([name, value]) => ({
      name,
      type: value.columnType,
      derived: value.node,
      optional: false,
      raw: false,
    }))
    return this.with({ columns: [...this.definition.columns, ...derived] })
  }

  /** The column that names a row; whoever asks for a prediction sends it. */
  identifiedBy<C extends NamesOfKind<S, 'text'>>(
    column: C,
  ): Dataset<Omit<S, 'key' | 'columns'> & { key: C; columns: WithOwn<S, C> }> {
    const columns = this.definition.columns.map((each) =>
      each.name === column ? { ...each, type: 'key' as const } : each,
    )
    return this.with({ columns })
  }

  /** The column that says when a row happened; whoever asks for a prediction sends it. */
  happensAt<C extends NamesOfKind<S, 'time'>>(
    column: C,
  ): Dataset<Omit<S, 'time' | 'columns'> & { time: C; columns: WithOwn<S, C> }> {
    return this.with({ time: column })
  }

  /** Columns that are known only from the time in `column` on. */
  knownAt<C extends NamesOfKind<S, 'time'>, L extends keyof S['columns'] & string>(
    column: C,
    ...late: L[]
  ): Dataset<Omit<S, 'late'> & { late: S['late'] | L }> {
    const isLate = new Set<string>(late)
    const columns = this.definition.columns.map((each) => (isLate.has(each.name) ? { ...each, knownAt: column } : each))
    return this.with({ columns })
  }

  /** What every batch must keep to. */
  expect(state: (c: ExpectColumns<S>) => ExpectationDraft[]): Dataset<S> {
    const stated = state(expectColumns(this.definition.columns.map((column) => column.name)) as ExpectColumns<S>)
    const expectations = [...this.definition.expectations, ...stated.map((draft) => draft.expectation)]
    return this.with({ expectations })
  }

  /** Bounds on the number of rows of a batch; outside them it is set aside. */
  expectRows(least: number | null, most: number | null, severity: Severity = 'quarantine'): Dataset<S> {
    const bound = { kind: 'row-count', min: least, max: most, severity } as const
    return this.with({ expectations: [...this.definition.expectations, bound] })
  }

  describedAs(description: string): Dataset<S> {
    return this.with({ description })
  }

  /** Columns as inputs of a model. One that is known only later does not compile. */
  pick<const A extends readonly (keyof S['columns'] & string)[]>(
    ...columns: A & { readonly [I in keyof A]: KnownInTime<S, A[I]> }
  ): Inputs<S['columns'][A[number]]['needs']> {
    const inputs = (columns as readonly string[]).map((name) => {
      const type = this.definition.columns.find((column) => column.name === name)?.type
      const kind =
        type === 'number' || type === 'boolean' || type === 'time' || type === 'local-time' ? 'numeric' : 'categorical'
      return { name, kind, from: { kind: 'expression', expression: { op: 'column', column: name } } } as const
    })
    return { inputs } as unknown as Inputs<S['columns'][A[number]]['needs']>
  }

  /** A column as a value, for a target or a segment. */
  column<N extends keyof S['columns'] & string>(name: N): ColumnValues<S>[N] {
    return this.values()[name]
  }
}

/** States a dataset: its columns as they come, then what is derived, when it is known, what to expect. */
export function dataset<C extends Columns>(
  name: string,
  stated: { source?: Source; columns: C; description?: string },
): Dataset<ShapeOfSpecs<C>> {
  onlyKeys(stated, ['source', 'columns', 'description'], `datasets.${name}`)
  onlyKeys(stated.source, ['format', 'path', 'partition'], `datasets.${name}.source`)
  const attributes: Record<string, AttributeTypes> = {}
  for (const { to } of Object.values(stated.columns)) if (to) attributes[to.name] = to.types
  const columns = Object.entries(stated.columns).map(([column, spec]) => spec.toColumn(column))
  const { source, description } = stated
  return new Dataset(
    { name, ...(source ? { source } : {}), ...(description ? { description } : {}), columns, expectations: [] },
    attributes,
  )
}
