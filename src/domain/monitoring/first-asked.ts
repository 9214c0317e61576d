import type { PredictionRecord } from '../../contract/serving.ts'
import type { Reference } from '../../contract/training.ts'
import { categoricalReference, numericReference, type ReferenceColumn } from '../training/reference.ts'
import { scoreColumn, scoreColumns } from './score-columns.ts'

/** Fewer predictions do not show what is usual. */
export const leastFirstAsked = 200

/**
 * What a model was asked, and answered, in its first period: what its drift is measured against where no training set is known. A column is of numbers
 * unless a text is among its values.
 */
export function referenceOfFirstAsked(records: readonly PredictionRecord[]): Reference {
  const names = new Set(records.flatMap((record) => Object.keys(record.inputs)))
  const columns = [...names].map((name): ReferenceColumn => {
    const values = records.map((record) => record.inputs[name] ?? null)
    return values.some((value) => typeof value === 'string')
      ? categoricalReference(
          name,
          values.map((value) => (value === null ? null : String(value))),
        )
      : numericReference(name, numbersOf(values))
  })
  for (const name of scoreColumns(records)) {
    columns.push(numericReference(name, numbersOf(records.map((record) => scoreColumn(record, name)))))
  }
  return { rows: records.length, columns }
}

const numbersOf = (values: readonly (number | string | null)[]): number[] =>
  values.map((value) => (typeof value === 'number' ? value : Number.NaN))
