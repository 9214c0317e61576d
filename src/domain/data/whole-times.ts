import type { Table, Vector } from '../../base/columns.ts'
import type { Column } from '../../contract/definition.ts'

/** The one rule by which a time becomes a whole millisecond, before anything is computed from it: halves go up, and zero has no sign. */
export function wholeMillisecond(time: number): number {
  return Math.round(time) + 0
}

export function isTime({ type }: Pick<Column, 'type'>): boolean {
  return type === 'time' || type === 'local-time'
}

/** The rows with whole times in those of the columns that hold times; the same rows when they are whole already. */
export function withWholeTimes(table: Table, columns: readonly Column[]): Table {
  let whole: Map<string, Vector> | null = null
  for (const column of columns) {
    const vector = table.columns.get(column.name)
    if (!isTime(column) || vector?.kind !== 'number') continue
    if (vector.values.every((time) => Object.is(time, wholeMillisecond(time)))) continue
    whole ??= new Map(table.columns)
    whole.set(column.name, { kind: 'number', values: vector.values.map(wholeMillisecond) })
  }
  return whole === null ? table : { rows: table.rows, columns: whole }
}
