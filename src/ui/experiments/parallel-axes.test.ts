import { expect, test } from 'vitest'
import { isWithin, parallelAxis } from './parallel-axes.ts'
import type { KnownRun } from './run-cells.ts'
import { runColumn } from './run-columns.ts'

const runOf = (id: string, cells: Record<string, string | number | null>): KnownRun => ({
  id,
  run: null,
  cells: new Map(Object.entries(cells)),
})
const runs = [
  runOf('a', { 'params.lr': '0.1', 'params.kind': 'adam', 'metrics.loss': 0.5 }),
  runOf('b', { 'params.lr': '1e-3', 'params.kind': 'sgd', 'metrics.loss': 'NaN' }),
  runOf('c', { 'params.lr': '0.05', 'params.kind': '3', 'metrics.loss': null }),
]
const axis = (id: string) => parallelAxis(runColumn(id)!, runs)!

test('params of numbers are an axis of numbers, others one of names', () => {
  expect(axis('params.lr')).toMatchObject({ low: 0.001, high: 0.1 })
  expect(runs.map(axis('params.lr').placeOf)).toEqual([0.1, 0.001, 0.05])
  expect(axis('params.kind').ticks.map(({ text }) => text)).toEqual(['3', 'adam', 'sgd'])
  expect(runs.map(axis('params.kind').placeOf)).toEqual([1, 2, 0])
  expect(runs.map(axis('metrics.loss').placeOf)).toEqual([0.5, null, null])
  expect(parallelAxis(runColumn('params.none')!, runs)).toBeNull()
})

test('a run lies within when it lies in every range; without a value it does not', () => {
  const axes = ['params.lr', 'metrics.loss'].map(axis)
  const found = (within: Record<string, [number, number]>) =>
    runs.filter((run) => isWithin(run, axes, within)).map(({ id }) => id)
  expect(found({})).toEqual(['a', 'b', 'c'])
  expect(found({ 'params.lr': [0.01, 0.1] })).toEqual(['a', 'c'])
  expect(found({ 'params.lr': [0.01, 0.1], 'metrics.loss': [0, 1] })).toEqual(['a'])
})
