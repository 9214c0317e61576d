import { expect, test } from 'vitest'
import { differenceText } from './step-reason.ts'

test('names what differs, code first, and not more than a person reads', () => {
  expect(differenceText({ 'code a.ts': '1' }, { 'code a.ts': '1' })).toBeUndefined()
  expect(differenceText({ 'code a.ts': '1', 'input rows': 'x' }, { 'code a.ts': '2', 'input rows': 'y' })).toBe(
    'its code changed: a.ts, input rows changed',
  )
  expect(differenceText({ 'package zod': '3.0.0' }, { 'package zod': '4.0.0' })).toBe(
    'package zod changed from 3.0.0 to 4.0.0',
  )
  expect(differenceText({ 'parameter a': '1' }, { 'parameter b': '1' })).toBe(
    'parameter a was removed, parameter b was added',
  )
  expect(differenceText({ definition: '1' }, { definition: '2' })).toBe('its definition changed')
  const many = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`code ${name}.ts`, name]))
  expect(differenceText({}, many)).toBe('its code changed: a.ts, b.ts, c.ts and 2 more')
})
