import type { Table, Vector } from '../../base/columns.ts'
import type { TypedColumn } from '../../ports/tables.ts'
import type { TrainingPlan } from './training-plan.ts'

/** How the columns of stored examples are named: inputs and segments have a prefix, so that no name of a user's can meet ours. */
export const exampleColumns = {
  key: 'key',
  time: 'time',
  target: 'target',
  input: (name: string): string => `input:${name}`,
  segment: (name: string): string => `segment:${name}`,
} as const

/** Examples as the trainer and the evaluation read them. */
export interface Examples {
  rows: number
  /** null where the dataset has no key. */
  keys: Vector | null
  /** Event times, UTC milliseconds. */
  times: Float64Array
  /** Numbers, 1 and 0 for a condition, or texts for classes. */
  target: Vector
  /** In the order of the model's inputs. */
  inputs: ReadonlyMap<string, Vector>
  segments: ReadonlyMap<string, Vector>
}

/** The columns of the file that holds them. */
export function storedExampleColumns({ model, dataset }: TrainingPlan): TypedColumn[] {
  const columns: TypedColumn[] = []
  if (dataset.key !== null) columns.push({ name: exampleColumns.key, type: 'key' })
  columns.push({ name: exampleColumns.time, type: 'time' })
  columns.push({ name: exampleColumns.target, type: model.task === 'multiclass' ? 'category' : 'number' })
  for (const { name, kind } of model.inputs) {
    columns.push({ name: exampleColumns.input(name), type: kind === 'numeric' ? 'number' : 'category' })
  }
  for (const name of Object.keys(model.segments)) columns.push({ name: exampleColumns.segment(name), type: 'category' })
  return columns
}

/** @param inputs @param segments names, in order. */
export function examplesOf(table: Table, inputs: readonly string[], segments: readonly string[]): Examples {
  const named = (names: readonly string[], column: (name: string) => string) =>
    new Map(names.map((name) => [name, table.columns.get(column(name))!]))
  const times = table.columns.get(exampleColumns.time)!
  return {
    rows: table.rows,
    keys: table.columns.get(exampleColumns.key) ?? null,
    times: times.kind === 'number' ? times.values : new Float64Array(),
    target: table.columns.get(exampleColumns.target)!,
    inputs: named(inputs, exampleColumns.input),
    segments: named(segments, exampleColumns.segment),
  }
}
