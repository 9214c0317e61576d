import { MillwrightError } from '../../base/errors.ts'
import type { MonitorDefinition } from '../../contract/definition.ts'
import type { PeriodComparison } from '../../contract/monitoring.ts'
import type { Reference } from '../../contract/training.ts'
import { chanceDistance, countsOn, driftOf, type ReferenceColumn } from '../training/reference.ts'
import { driftBound, type PeriodRows, valuesOf } from './measure-period.ts'

const edge = (value: number): string => String(Number(value.toPrecision(4)))

/** What each count of a column is of, in their order; missing values last. */
function binsOf(column: ReferenceColumn): string[] {
  if (column.kind === 'categorical') return [...column.values, 'all others', 'missing']
  const { edges } = column
  const between = edges.slice(1).map((high, place) => `${edge(edges[place]!)} to ${edge(high)}`)
  return [`below ${edge(edges[0]!)}`, ...between, `above ${edge(edges.at(-1)!)}`, 'missing']
}

/**
 * The values of one input (or of the score) in a period beside those of the reference, bin by bin: what a drift monitor's figure is made of.
 *
 * @throws `not-found` for a figure that the reference does not have.
 */
export function comparePeriod(
  monitor: MonitorDefinition,
  { version, records }: PeriodRows,
  reference: Reference,
  figure: string,
): PeriodComparison {
  const column = reference.columns.find(({ name }) => name === figure)
  if (!column)
    throw new MillwrightError('not-found', `${monitor.name} measures no "${figure}" of ${version.id}`, {
      field: 'figure',
    })
  const values = valuesOf(records, figure)
  const counts = countsOn(column, values)
  const before = [...column.counts, column.missing]
  return {
    version: version.id,
    figure,
    distance: driftOf(column, counts),
    bound: driftBound(monitor, column, values.length),
    byChance: chanceDistance(column, values.length),
    bins: binsOf(column).map((bin, place) => ({ bin, reference: before[place] ?? 0, current: counts[place] ?? 0 })),
  }
}
