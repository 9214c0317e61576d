import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunRow } from '../../contract/run-row.ts'
import { runFilter } from './run-filter.ts'

const row: RunRow = {
  id: 'run_1',
  pipeline: 'train-late',
  state: 'succeeded',
  startedBy: 'user:ada',
  reason: 'Drift of distance',
  params: { rate: 0.1, drill: null, mode: 'fast' },
  commit: null,
  environmentName: null,
  time: 0,
  queuedAt: 0,
  startedAt: 1000,
  endedAt: 31_000,
  error: null,
  model: { version: 'late@7', state: 'refused', passed: 5, gates: 6, metrics: { auc: 0.73 } },
}
const fits = (text: string): boolean => runFilter(text)(row)

test('words stand anywhere in a run, whatever their case, and all must', () => {
  expect(['', 'drift', 'DRIFT ada', 'late@7 refused', 'mode="fast"'].map(fits)).toEqual([true, true, true, true, false])
  expect(['bob', 'drift bob'].map(fits)).toEqual([false, false])
})

test('terms hold metrics, parameters and seconds to a bound', () => {
  expect(['auc>0.7', 'auc>=0.73', 'auc<0.73', 'rate=0.1', 'mode=fast', 'seconds<=30'].map(fits)).toEqual([
    true,
    true,
    false,
    true,
    true,
    true,
  ])
  expect(['auc>x', 'no_such>0', 'drill>0'].map(fits)).toEqual([false, false, false])
})

test('a bound and its opposite never both hold, and one of them does', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), (bound) => {
      expect(fits(`auc>${bound}`)).toBe(!fits(`auc<=${bound}`))
    }),
  )
})
