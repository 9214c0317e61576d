import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../contract/pipeline.ts'
import { fieldText, fieldValue, paramKind } from './param-fields.ts'

test('a value that stands in its field comes back as it was', () => {
  const values: fc.Arbitrary<Json> = fc.oneof(
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.string(),
    fc.array(fc.integer()),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.integer(),
    ),
  )
  fc.assert(
    fc.property(values, (value) => {
      // Zero has one sign in JSON.
      expect(fieldValue('p', value, fieldText(paramKind(value), value))).toEqual(
        Object.is(value, -0) ? 0 : JSON.parse(JSON.stringify(value)),
      )
    }),
  )
})

test('where the default is null a field takes anything, and nothing', () => {
  expect(['', '12', '[1]', 'shuffle-labels', 'true'].map((text) => fieldValue('p', null, text))).toEqual([
    null,
    12,
    [1],
    'shuffle-labels',
    true,
  ])
})

test('what cannot be is said by its name', () => {
  expect(() => fieldValue('rate', 0.1, 'fast')).toThrow('rate is a number.')
  expect(() => fieldValue('rate', 0.1, ' ')).toThrow('rate is a number.')
  expect(() => fieldValue('days', [1], '{"a":1}')).toThrow('days is a list')
  expect(() => fieldValue('days', { a: 1 }, '[')).toThrow('days is an object')
})
