import { expect, test } from 'vitest'
import { bytes, count, counted, duration, figure, percent } from './format.ts'

test('figures say what they are, with their unit', () => {
  expect([count(1234567), counted(1, 'run'), counted(0, 'run')]).toEqual(['1,234,567', '1 run', '0 runs'])
  expect([0.742149, 12.3456, 1204.4, 0, -0.00001, 3e12, null, Number.NaN].map((value) => figure(value))).toEqual([
    '0.7421',
    '12.35',
    '1,204',
    '0',
    '-1.00e-5',
    '3.00e+12',
    '–',
    '–',
  ])
  expect([percent(0.8424), percent(1), percent(null)]).toEqual(['84.2 %', '100 %', '–'])
  expect([0.85, 12.4, 999, 1234, 59_999, 200_000, 3_600_000, 7_500_000, 90_000_000, null].map(duration)).toEqual([
    '850 µs',
    '12 ms',
    '999 ms',
    '1.2 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '2 h 5 min',
    '25 h',
    '–',
  ])
  expect([0, 512, 1200, 999_960, 3_400_000, 2e15].map(bytes)).toEqual([
    '0 B',
    '512 B',
    '1.2 kB',
    '1 MB',
    '3.4 MB',
    '2000 TB',
  ])
})
