import { expect, test } from 'vitest'
import type { MonitorDefinition } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { categoricalReference, numericReference } from '../training/reference.ts'
import { comparePeriod } from './compare-period.ts'
import { measureDrift, type PeriodRows } from './measure-period.ts'

const monitor: MonitorDefinition = {
  name: 'watch',
  endpoint: 'e',
  kind: 'drift',
  every: 'day',
  periods: 1,
  threshold: 0.3,
}
const trained = Array.from({ length: 1000 }, (_, place) => place)
const reference = {
  rows: 1000,
  columns: [
    numericReference('size', trained),
    categoricalReference(
      'kind',
      trained.map((place) => ['a', 'b', null][place % 3] ?? null),
    ),
  ],
}
const rows: PeriodRows = {
  // Only what is read of them is stated.
  version: { id: 'm@1' } as ModelVersionRecord,
  role: 'primary',
  records: Array.from(
    { length: 90 },
    (_, place) => ({ inputs: { size: place < 30 ? null : 2000 + place, kind: 'c' } }) as unknown as PredictionRecord,
  ),
}

test('counts of the reference and of the period stand side by side, and give the figure of the monitor', () => {
  const { figures, bounds } = measureDrift(monitor, rows, reference)
  for (const figure of ['size', 'kind']) {
    const compared = comparePeriod(monitor, rows, reference, figure)
    expect(compared.distance).toBe(figures[figure]!.value)
    expect(compared.bound).toBe(bounds[figure])
    expect(compared.bins.reduce((sum, { reference: count }) => sum + count, 0)).toBe(1000)
    expect(compared.bins.reduce((sum, { current }) => sum + current, 0)).toBe(90)
  }
  const { bins } = comparePeriod(monitor, rows, reference, 'size')
  expect(bins.at(-2)).toEqual({ bin: 'above 999', reference: 0, current: 60 })
  expect(bins.at(-1)).toEqual({ bin: 'missing', reference: 0, current: 30 })
  expect(comparePeriod(monitor, rows, reference, 'kind').bins).toEqual([
    { bin: 'a', reference: 334, current: 0 },
    { bin: 'b', reference: 333, current: 0 },
    { bin: 'all others', reference: 0, current: 90 },
    { bin: 'missing', reference: 333, current: 0 },
  ])
})

test('a figure that is not measured is not found', () => {
  expect(() => comparePeriod(monitor, rows, reference, 'weight')).toThrow('measures no "weight"')
})
