import type { Table, Vector } from '../../base/columns.ts'
import type { Column } from '../../contract/definition.ts'
import type { DatasetPlan } from './dataset-plan.ts'
import { compile, type ExpressionScope, evaluate } from './expression.ts'
import { tableSource } from './row-source.ts'
import { isTime, wholeMillisecond } from './whole-times.ts'

/** Adds derived columns to the rows, in their order. Times are whole milliseconds. */
export function derive(table: Table, plan: DatasetPlan, derived: readonly Column[], scope: ExpressionScope): Table {
  const columns = new Map<string, Vector>(table.columns)
  const whole: Table = { rows: table.rows, columns }
  for (const column of derived) {
    const vector = evaluate(compile(column.derived!, tableSource(whole, plan.types), scope), table.rows)
    if (vector.kind === 'number' && isTime(column)) {
      const { values } = vector
      for (let row = 0; row < values.length; row += 1) values[row] = wholeMillisecond(values[row]!)
    }
    columns.set(column.name, vector)
  }
  return whole
}
