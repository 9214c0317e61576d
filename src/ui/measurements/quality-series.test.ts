import { expect, test } from 'vitest'
import type { MeasurementRecord } from '../../contract/monitoring.ts'
import { metricsOf, qualitySeries } from './quality-series.ts'

const day = 86_400_000
const measured = (
  index: number,
  role: string,
  version: string,
  labelled: number,
  figures: Record<string, number>,
): MeasurementRecord => ({
  id: `${index}/${role}/${version}`,
  monitor: 'quality',
  endpoint: 'flights',
  kind: 'quality',
  from: index * day,
  to: (index + 1) * day,
  version,
  role,
  predictions: labelled,
  labelled,
  figures: Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      { value, low: value - 0.01, high: value + 0.01, rows: labelled },
    ]),
  ),
  broken: {},
})

test('what served is one line across versions; the frozen version is its own', () => {
  const { times, lines } = qualitySeries(
    [
      measured(2, 'primary', 'late@2', 90, { auc: 0.76 }),
      measured(0, 'primary', 'late@1', 100, { auc: 0.75 }),
      measured(1, 'canary', 'late@2', 10, { auc: 0.9 }),
      measured(1, 'primary', 'late@1', 80, { auc: 0.74 }),
      measured(2, 'shadow', 'late@1', 90, { auc: 0.72 }),
      measured(3, 'candidate', 'late@3', 90, { auc: 0.99 }),
      measured(4, 'primary', 'late@2', 90, { log_loss: 0.4 }),
    ],
    'auc',
  )
  expect(times.slice(0, 3)).toEqual([0.5 * day, 1.5 * day, 2.5 * day])
  expect(lines.map(({ name }) => name)).toEqual(['Serving', 'Frozen late@1'])
  expect(lines[0]!.values).toEqual([0.75, 0.74, 0.76, null])
  expect(lines[1]!.values).toEqual([null, null, 0.72, null])
  expect([lines[0]!.low?.[0], lines[0]!.high?.[0]]).toEqual([0.74, 0.76])
})

test('without measurements there is no line', () => {
  expect(qualitySeries([], 'auc')).toEqual({ times: [], lines: [] })
  expect(metricsOf([])).toEqual([])
})

test('metrics are listed by how often they were measured', () => {
  expect(
    metricsOf([measured(0, 'primary', 'a@1', 1, { auc: 1, brier: 0 }), measured(1, 'primary', 'a@1', 1, { brier: 0 })]),
  ).toEqual(['brier', 'auc'])
})
