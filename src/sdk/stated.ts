import type * as z from 'zod'
import { MillwrightError } from '../base/errors.ts'
import { nearest } from '../contract/nearest.ts'
import { faultOf } from '../contract/unknown-key.ts'

/**
 * What was stated, as data. The compiler has checked it for those who use it; this is for everybody else, and for spreads that it cannot see.
 *
 * @throws `invalid-definition` with the field, and for a key that is not there the one that may have been meant.
 */
export function parsed<T extends z.ZodType>(schema: T, value: unknown, field: string): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const { path, message, hint } = faultOf(schema, result.error, value)
  const at = [field, path].filter((part) => part !== '').join('.')
  throw new MillwrightError('invalid-definition', `${at}: ${message}`, {
    field: at,
    ...(hint ? { hint } : {}),
    cause: result.error,
  })
}

/**
 * Refuses a key that a function of this package does not read: it would say nothing, and be without effect.
 *
 * @throws `invalid-definition`
 */
export function onlyKeys(stated: object | undefined, known: readonly string[], field: string): void {
  for (const key of Object.keys(stated ?? {})) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    const at = [field, key].filter((part) => part !== '').join('.')
    throw new MillwrightError('invalid-definition', `${at}: there is no "${key}" here`, {
      field: at,
      hint: `${near ? `Did you mean "${near}"? ` : ''}There are: ${known.join(', ')}.`,
    })
  }
}
