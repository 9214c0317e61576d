import { expect, test } from 'vitest'
import { absoluteTime, relativeTime } from './time.ts'

const now = Date.UTC(2001, 5, 30, 12)
const ago = (ms: number): string => relativeTime(now - ms, now)

test('ages are said in the largest whole unit, and as a date when long past or to come', () => {
  expect([0, 1_999, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000, 59 * 86_400_000].map(ago)).toEqual([
    'just now',
    'just now',
    '59 s ago',
    '1 min ago',
    '59 min ago',
    '1 h ago',
    '1 d ago',
    '59 d ago',
  ])
  expect(ago(60 * 86_400_000)).toBe('2001-05-01')
  expect(ago(-86_400_000)).toBe('2001-07-01')
  expect(absoluteTime(now)).toBe('2001-06-30 12:00:00')
})
