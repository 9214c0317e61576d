import type { Json } from '../../contract/pipeline.ts'

/** How a parameter is asked for, by the type of its default; null takes anything. */
export type ParamKind = 'boolean' | 'number' | 'text' | 'json' | 'any'

export function paramKind(standard: Json): ParamKind {
  if (standard === null) return 'any'
  if (typeof standard === 'boolean') return 'boolean'
  if (typeof standard === 'number') return 'number'
  return typeof standard === 'string' ? 'text' : 'json'
}

/** A value as it stands in its field. */
export function fieldText(kind: ParamKind, value: Json): string {
  if (value === null) return ''
  return kind === 'text' || (kind === 'any' && typeof value === 'string') ? String(value) : JSON.stringify(value)
}

/**
 * What a field says; an empty one says null where the default is null.
 *
 * @throws Error with the reason, for people.
 */
export function fieldValue(name: string, standard: Json, text: string): Json {
  const kind = paramKind(standard)
  if (kind === 'text') return text
  if (kind === 'any') {
    if (text.trim() === '') return null
    try {
      return JSON.parse(text) as Json
    } catch {
      return text
    }
  }
  if (kind === 'boolean') return text === 'true'
  if (kind === 'number') {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value)) throw new Error(`${name} is a number.`)
    return value
  }
  try {
    const value = JSON.parse(text) as Json
    if (typeof value === 'object' && value !== null && Array.isArray(value) === Array.isArray(standard)) return value
  } catch {
    // Said below.
  }
  throw new Error(`${name} is ${Array.isArray(standard) ? 'a list, such as [1, 2]' : 'an object, such as {"a": 1}'}.`)
}
