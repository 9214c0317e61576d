import { canonicalJson } from '../../base/hash.ts'
import type { Condition, Json } from '../../contract/pipeline.ts'
import { resolveReference, type Scope } from './reference.ts'

/**
 * Whether a step's condition holds. A value that is not there is equal to nothing, not even null, and no comparison of order holds
 * for it or between values of different types.
 */
export function conditionHolds(condition: Condition, scope: Scope): boolean {
  const value = resolveReference(condition.value, scope)
  switch (condition.is) {
    case 'present':
      return value !== undefined && value !== null
    case 'equal':
      return value !== undefined && canonicalJson(value) === canonicalJson(condition.to)
    case 'not-equal':
      return value === undefined || canonicalJson(value) !== canonicalJson(condition.to)
    case 'greater':
      return ordered(value, condition.to, (order) => order > 0)
    case 'less':
      return ordered(value, condition.to, (order) => order < 0)
    case 'at-least':
      return ordered(value, condition.to, (order) => order >= 0)
    case 'at-most':
      return ordered(value, condition.to, (order) => order <= 0)
  }
}

function ordered(a: Json | undefined, b: Json, test: (order: number) => boolean): boolean {
  if (typeof a === 'number' && typeof b === 'number') return test(a - b)
  if (typeof a === 'string' && typeof b === 'string') return test(a < b ? -1 : a > b ? 1 : 0)
  return false
}

/** `params.days at-least 7`, for the people who ask why a step was skipped. */
export function conditionText(condition: Condition): string {
  const is = condition.is.replace('-', ' ')
  return condition.is === 'present'
    ? `${condition.value} is present`
    : `${condition.value} is ${is} ${is === 'equal' || is === 'not equal' ? 'to ' : is.startsWith('at') ? '' : 'than '}${JSON.stringify(condition.to)}`
}
