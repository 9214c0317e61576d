import type { Table } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import { type ColumnType, columnTypes } from '../../contract/definition.ts'
import type { Compiled } from './expression.ts'

/** Where an expression finds its columns. */
export interface RowSource {
  /** @throws `invalid-definition` for a column that there is not. */
  column(name: string): Compiled
}

export const isTextColumn = (type: ColumnType): boolean =>
  type === 'key' || type === 'ref' || type === 'category' || type === 'text'

const unknown = (name: string, known: Iterable<string>) =>
  new MillwrightError('invalid-definition', `there is no column "${name}"`, {
    hint: `There are ${[...known].join(', ')}.`,
  })

/** The rows of a table. `types` tells booleans from numbers; columns that it does not name are read as numbers or texts. */
export function tableSource(table: Table, types: ReadonlyMap<string, ColumnType> = new Map()): RowSource {
  return {
    column(name) {
      const vector = table.columns.get(name)
      if (vector === undefined) throw unknown(name, table.columns.keys())
      if (vector.kind === 'text') {
        const { codes, dictionary } = vector
        return { kind: 'text', at: (row) => dictionary[codes[row]!] ?? null }
      }
      const { values } = vector
      return { kind: types.get(name) === 'boolean' ? 'boolean' : 'number', at: (row) => values[row]! }
    },
  }
}

/** One row at a time, as an object: `set` it, then ask for row 0. */
export class ObjectSource implements RowSource {
  private current: Readonly<Record<string, unknown>> = {}

  constructor(private readonly types: ReadonlyMap<string, ColumnType>) {}

  set(row: Readonly<Record<string, unknown>>): void {
    this.current = row
  }

  column(name: string): Compiled {
    const type = this.types.get(name)
    if (type === undefined || !columnTypes.includes(type)) throw unknown(name, this.types.keys())
    if (isTextColumn(type)) {
      return {
        kind: 'text',
        at: () => {
          const value = this.current[name]
          return value === null || value === undefined ? null : String(value)
        },
      }
    }
    return {
      kind: type === 'boolean' ? 'boolean' : 'number',
      at: () => {
        const value = this.current[name]
        return value === null || value === undefined ? Number.NaN : Number(value)
      },
    }
  }
}
