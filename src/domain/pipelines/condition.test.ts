import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Condition, Json } from '../../contract/pipeline.ts'
import { conditionHolds, conditionText } from './condition.ts'

const scope = (value: Json) => ({
  params: { x: value },
  outputs: new Map<string, Json>([['step', { deep: { y: 2 } }]]),
})
const holds = (value: Json, is: Condition['is'], to: Condition['to']) =>
  conditionHolds({ value: 'params.x', is, to }, scope(value))

test('compares outputs by their path', () => {
  expect(conditionHolds({ value: 'steps.step.deep.y', is: 'equal', to: 2 }, scope(0))).toBe(true)
  expect(conditionHolds({ value: 'steps.step.deep.z', is: 'equal', to: null }, scope(0))).toBe(false)
  expect(conditionHolds({ value: 'steps.step.deep.z', is: 'not-equal', to: 2 }, scope(0))).toBe(true)
  expect(conditionHolds({ value: 'steps.step.deep.y.toString', is: 'present', to: null }, scope(0))).toBe(false)
  expect(conditionHolds({ value: 'steps.gone', is: 'present', to: null }, scope(0))).toBe(false)
})

test('numbers are ordered as numbers, and each comparison has its opposite', () => {
  const number = fc.double({ noNaN: true })
  fc.assert(
    fc.property(number, number, (a, b) => {
      expect(holds(a, 'greater', b)).toBe(a > b)
      expect(holds(a, 'less', b)).toBe(a < b)
      expect(holds(a, 'at-least', b)).toBe(!holds(a, 'less', b))
      expect(holds(a, 'at-most', b)).toBe(!holds(a, 'greater', b))
    }),
  )
})

test('values of different types have no order, and null is not there', () => {
  for (const is of ['greater', 'less', 'at-least', 'at-most'] as const) expect(holds('5', is, 4)).toBe(false)
  expect(holds('b', 'greater', 'a')).toBe(true)
  expect(holds(null, 'present', null)).toBe(false)
  expect(holds(null, 'equal', null)).toBe(true)
  expect(holds(0, 'present', null)).toBe(true)
})

test('reads as a sentence', () => {
  expect(conditionText({ value: 'params.x', is: 'at-least', to: 7 })).toBe('params.x is at least 7')
  expect(conditionText({ value: 'params.x', is: 'not-equal', to: 'a' })).toBe('params.x is not equal to "a"')
  expect(conditionText({ value: 'params.x', is: 'greater', to: 7 })).toBe('params.x is greater than 7')
  expect(conditionText({ value: 'params.x', is: 'present', to: null })).toBe('params.x is present')
})
