import { expect, test } from 'vitest'
import { expressionWords } from './expression-words.ts'
import { featureWords, windowWords } from './feature-words.ts'

const delay = { op: 'column', column: 'delay' } as const
const late = { op: 'at-least', left: delay, right: { op: 'literal', value: 15 } } as const
const feature = { name: 'late_3h', aggregate: 'share', of: late, windowMs: 3 * 3_600_000, ttlMs: null } as const

test('a feature is said as a sentence', () => {
  expect(featureWords(feature)).toBe('share of events with delay ≥ 15')
  expect(windowWords(feature)).toBe('the last 3 h')
  expect(featureWords({ ...feature, aggregate: 'last', of: delay })).toBe('newest delay')
  expect(windowWords({ ...feature, windowMs: null, ttlMs: 86_400_000 })).toBe('no older than 24 h')
})

test('what is computed of something computed stands in brackets', () => {
  expect(expressionWords({ op: 'and', of: [late, { op: 'is-missing', of: delay }] })).toBe(
    '(delay ≥ 15) and (delay is missing)',
  )
  const zone = {
    op: 'attribute',
    entity: 'airport',
    key: { op: 'column', column: 'origin' },
    attribute: 'zone',
  } as const
  expect(expressionWords({ op: 'calendar', part: 'hour', time: { op: 'column', column: 'at' }, zone })).toBe(
    'hour of at',
  )
  expect(expressionWords(zone)).toBe('zone of airport origin')
})
