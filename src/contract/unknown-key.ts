import * as z from 'zod'
import { nearest } from './nearest.ts'

/** A key that a schema does not have, with where it stands and what it may have been meant to be. */
export interface UnknownKey {
  /** `models.0.split.maxRow` */
  path: string
  key: string
  nearest: string | undefined
  known: string[]
}

/** The first key that is too much, of what a schema said of a value; undefined when the fault is another. */
function unknownKeyOf(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], value: unknown): UnknownKey | undefined {
  for (const issue of flattened(issues)) {
    if (issue.code !== 'unrecognized_keys') continue
    const [key] = issue.keys
    if (key === undefined) continue
    const known = keysAt(schema, issue.path, value)
    const path = [...issue.path, key].map(String).join('.')
    return { path, key, known, nearest: nearest(key, known) }
  }
  return undefined
}

/** With those of the alternative of a union that came nearest: the one in which nothing but keys is wrong. */
function flattened(issues: readonly z.core.$ZodIssue[], at: readonly PropertyKey[] = []): z.core.$ZodIssue[] {
  return issues.flatMap((issue) => {
    const path = [...at, ...issue.path]
    if (issue.code !== 'invalid_union') return [{ ...issue, path } as z.core.$ZodIssue]
    const near = issue.errors.find((each) => each.length > 0 && each.every(({ code }) => code === 'unrecognized_keys'))
    return near ? flattened(near, path) : []
  })
}

/** The keys of an object schema, at a path of a value. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let found: z.ZodType[] = [schema]
  let at = value
  for (const step of path) {
    found = found.flatMap((each) => inner(each, at)).flatMap((each) => memberOf(each, step))
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined
  }
  return [
    ...new Set(
      found
        .flatMap((each) => inner(each, at))
        .flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : [])),
    ),
  ]
}

/** What is meant once defaults and options are taken off; of a union, the alternatives whose literals the value has. */
function inner(schema: z.ZodType, value: unknown): z.ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodPrefault
  )
    return inner(schema.unwrap() as z.ZodType, value)
  if (schema instanceof z.ZodLazy) return inner(schema.unwrap() as z.ZodType, value)
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.ZodType[]).flatMap((each) => inner(each, value)).filter((each) => fits(each, value))
  return [schema]
}

function fits(schema: z.ZodType, value: unknown): boolean {
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return true
  return Object.entries(schema.shape).every(
    ([key, member]) =>
      !(member instanceof z.ZodLiteral) || member.values.has((value as Record<string, never>)[key] as never),
  )
}

function memberOf(schema: z.ZodType, step: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const member = (schema.shape as Record<PropertyKey, z.ZodType | undefined>)[step]
    return member ? [member] : []
  }
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType]
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType]
  return []
}

/** What is wrong with a value, in the words of whoever has to mend it: the first fault with its place. */
export function faultOf(
  schema: z.ZodType,
  error: z.ZodError,
  value: unknown,
): { path: string; message: string; hint?: string } {
  const unknown = unknownKeyOf(schema, error.issues, value)
  if (unknown) {
    const { key, path, known } = unknown
    const meant = unknown.nearest ? `Did you mean "${unknown.nearest}"? ` : ''
    return { path, message: `there is no "${key}" here`, hint: `${meant}There are: ${known.join(', ') || 'none'}.` }
  }
  const [issue] = error.issues
  return { path: (issue?.path ?? []).map(String).join('.'), message: issue?.message ?? 'is wrong' }
}
