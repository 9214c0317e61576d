import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { Column, ColumnType, Dataset } from '../../contract/definition.ts'
import type { TypedColumn } from '../../ports/tables.ts'
import { columnsOf, usesRowKey } from './expression-columns.ts'

/** How the columns of a dataset come to be, worked out once from its definition. */
export interface DatasetPlan {
  dataset: Dataset
  types: ReadonlyMap<string, ColumnType>
  /** What a source file must hold. */
  source: readonly Column[]
  /** What a version holds. */
  stored: readonly Column[]
  /** Computed for the rows of a file, in order. */
  derived: readonly Column[]
  /** What a pushed row must hold: what cannot be computed without a source file. */
  pushed: readonly Column[]
  /** Computed for pushed rows, in order. */
  derivedOnPush: readonly Column[]
  key: string | null
  /** Whether keys are made from file and row number, so that two batches never share one. */
  keyFromFile: boolean
  time: string | null
  /** From which column's time on each column is known; columns known at the row's own time are not in it. */
  knownAt: ReadonlyMap<string, string>
  schemaHash: string
}

/** @throws `invalid-definition` when a derived column reads one that comes after it, or that is not there. */
export function planDataset(dataset: Dataset): DatasetPlan {
  const types = new Map(dataset.columns.map((column) => [column.name, column.type]))
  const derived = dataset.columns.filter((column) => column.derived !== undefined)
  const rawNames = new Set(dataset.columns.filter((column) => column.raw).map((column) => column.name))
  const ready = new Set(dataset.columns.filter((column) => column.derived === undefined).map((column) => column.name))
  for (const column of derived) {
    const needs = columnsOf(column.derived!)
    for (const name of needs) {
      if (ready.has(name)) continue
      throw new MillwrightError(
        'invalid-definition',
        `column "${column.name}" is derived from "${name}", which is not known before it`,
        {
          field: `datasets.${dataset.name}.columns.${column.name}.derived`,
          hint: types.has(name) ? `State "${name}" first.` : `Dataset "${dataset.name}" has no column "${name}".`,
        },
      )
    }
    ready.add(column.name)
  }
  // A column that is made of what only a file has must come with a pushed row; what builds upon it can be computed again.
  const fromFile = (column: Column) =>
    usesRowKey(column.derived!) || [...columnsOf(column.derived!)].some((name) => rawNames.has(name))
  const stored = dataset.columns.filter((column) => !column.raw)
  const key = dataset.columns.find((column) => column.type === 'key' && !column.raw)
  return {
    dataset,
    types,
    source: dataset.columns.filter((column) => column.derived === undefined),
    stored,
    derived,
    pushed: stored.filter((column) => column.derived === undefined || fromFile(column)),
    derivedOnPush: stored.filter((column) => column.derived !== undefined && !fromFile(column)),
    key: key?.name ?? null,
    keyFromFile: key?.derived !== undefined && usesRowKey(key.derived),
    time: dataset.time ?? null,
    knownAt: knownTimes(dataset),
    schemaHash: hashOf(
      stored.map(({ name, type, entity, unit, optional }) => ({ name, type, entity, unit, optional })),
    ),
  }
}

/** A derived column is known no earlier than what it is made of. */
function knownTimes(dataset: Dataset): Map<string, string> {
  const known = new Map<string, string>()
  for (const column of dataset.columns) {
    const inherited = column.derived === undefined ? [] : [...columnsOf(column.derived)].map((name) => known.get(name))
    const at = column.knownAt ?? inherited.find((name) => name !== undefined)
    if (at !== undefined && at !== dataset.time) known.set(column.name, at)
  }
  return known
}

export function typed(columns: readonly Column[]): TypedColumn[] {
  return columns.map(({ name, type }) => ({ name, type }))
}

/** @throws `not-found` */
export function datasetNamed(datasets: readonly Dataset[], name: string): Dataset {
  const dataset = datasets.find((candidate) => candidate.name === name)
  if (dataset !== undefined) return dataset
  throw new MillwrightError('not-found', `there is no dataset "${name}"`, {
    hint:
      datasets.length === 0 ? 'The project has none.' : `There are ${datasets.map((each) => each.name).join(', ')}.`,
  })
}
