import { expect, test } from 'vitest'
import type { MeasurementRecord } from '../../contract/monitoring.ts'
import { alertMarks, figureSeries } from './figure-series.ts'

const day = 86_400_000
const measured = (
  index: number,
  role: string,
  values: Record<string, number>,
  more: Partial<MeasurementRecord> = {},
): MeasurementRecord => ({
  id: `${index}/${role}/${more.version ?? 'm@1'}`,
  monitor: 'watch',
  endpoint: 'e',
  kind: 'service',
  from: index * day,
  to: (index + 1) * day,
  version: 'm@1',
  role,
  predictions: 100,
  labelled: 0,
  figures: Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, low: value / 2, high: value * 2, rows: 100 }]),
  ),
  broken: {},
  ...more,
})

test('each figure has a line for who answered, with its bound as it was then', () => {
  const [share, size] = figureSeries(
    [
      measured(1, 'primary', { share: 0.4, size: 1 }, { bounds: { share: 0.3 }, broken: { share: 0.3 } }),
      measured(0, 'primary', { share: 0.1, size: 1 }, { bounds: { share: 0.2 } }),
      measured(1, 'canary', { share: 0.5 }),
      measured(1, 'primary', { share: 0.9 }, { version: 'm@2', predictions: 3 }),
    ],
    null,
  )
  expect(share!.times).toEqual([0.5 * day, 1.5 * day])
  expect(share!.lines.map(({ name, values }) => [name, values])).toEqual([
    ['Serving', [0.1, 0.4]],
    ['Canary', [null, 0.5]],
    ['Bound', [0.2, 0.3]],
  ])
  expect(share).toMatchObject({ broken: 1, newest: { value: 0.4, rows: 100 } })
  expect(share!.worst).toBeCloseTo(4 / 3)
  expect(size!.lines.map(({ name }) => name)).toEqual(['Serving'])
  expect(size!.worst).toBe(0)
})

test('periods that kept no bound are held against the level', () => {
  const [drift] = figureSeries([measured(0, 'primary', { x: 0.1 })], 0.35)
  expect(drift!.lines.at(-1)).toMatchObject({ name: 'Bound', values: [0.35] })
})

test('an alert is marked when it was raised, and when it was resolved', () => {
  const alert = {
    id: 'a',
    monitor: 'w',
    endpoint: 'e',
    figure: 'x',
    state: 'resolved',
    message: '',
    value: 1,
    threshold: 1,
    raisedAt: 5,
    resolvedAt: 9,
  } as const
  expect(alertMarks([alert, { ...alert, figure: 'y' }], 'x').map(({ time, level }) => [time, level])).toEqual([
    [5, 'bad'],
    [9, 'good'],
  ])
})
