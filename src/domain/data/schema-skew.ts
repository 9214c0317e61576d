import type { Anomaly } from '../../contract/data.ts'
import type { ColumnType } from '../../contract/definition.ts'
import type { FileColumn, StoredAs } from '../../ports/tables.ts'
import type { DatasetPlan } from './dataset-plan.ts'

/** What a column of each type may be stored as: numbers may be times in milliseconds, and any key may look like a number. */
const readable: Record<ColumnType, readonly StoredAs[]> = {
  key: ['text', 'number', 'boolean', 'time'],
  ref: ['text', 'number', 'boolean'],
  category: ['text', 'number', 'boolean'],
  text: ['text', 'number', 'boolean', 'time'],
  time: ['time', 'number'],
  'local-time': ['time', 'number'],
  number: ['number'],
  boolean: ['boolean'],
}

/** How a source file differs from what the dataset is made of: columns that are missing, unexpected, or of another type. */
export function schemaSkew(plan: DatasetPlan, found: readonly FileColumn[]): Anomaly[] {
  const anomalies: Anomaly[] = []
  const anomaly = (kind: Anomaly['kind'], column: string, message: string) => {
    anomalies.push({ kind, column, severity: 'stop', message, failing: 0, rows: 0, samples: [] })
  }
  const columns = new Map(found.map((column) => [column.name, column]))
  for (const { name, type, optional } of plan.source) {
    const column = columns.get(name)
    if (column === undefined) {
      if (!optional) {
        anomaly(
          'missing-column',
          name,
          `column "${name}" is missing; add it to the file, or make it optional in the dataset`,
        )
      }
    } else if (!readable[type].includes(column.storedAs)) {
      anomaly(
        'wrong-type',
        name,
        `column "${name}" is ${column.native} and cannot be read as ${type}; look for values that do not parse`,
      )
    }
  }
  const expected = new Set(plan.source.map((column) => column.name))
  for (const { name } of found) {
    if (expected.has(name)) continue
    anomaly(
      'unexpected-column',
      name,
      `column "${name}" is not in the dataset; add it there, or take it out of the file`,
    )
  }
  return anomalies
}
