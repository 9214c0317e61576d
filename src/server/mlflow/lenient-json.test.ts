import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseLenientJson } from './lenient-json.ts'

it('reads all JSON as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(parseLenientJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

it('reads the words that Python writes for numbers that JSON does not have, and leaves texts alone', () => {
  expect(
    parseLenientJson('{"a": NaN, "b": [Infinity, -Infinity,-1], "NaN": "NaN, \\" -Infinity", "c": {"d": NaN}}'),
  ).toEqual({
    a: 'NaN',
    b: ['Infinity', '-Infinity', -1],
    NaN: 'NaN, " -Infinity',
    c: { d: 'NaN' },
  })
})

it.each(['', '{', 'NaNa', '{"a": Nan}', '{NaN: 1}x', '[Infinity', '- Infinity'])('refuses %j', (text) => {
  expect(() => parseLenientJson(text)).toThrow(SyntaxError)
})
