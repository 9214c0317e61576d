import type { Json } from './pipeline.ts'

/** What the definition of a step may refer to by a placeholder. */
export interface PlaceholderScope {
  params: Readonly<Record<string, Json>>
  /** Left out where there is none yet: then placeholders of it stay. */
  element?: Json
}

const placeholder = /\{(params|element)((?:\.[\w-]+)*)\}/g

/** The names that follow `params.` in the placeholders of a text. */
export const parametersNamedIn = (text: string): string[] =>
  [...text.matchAll(placeholder)].flatMap(([, root, path]) => (root === 'params' ? (path!.split('.')[1] ?? []) : []))

/** `{params.rate}`, `{element}` and `{element.day}` in a text become the value: text as it is, all else as JSON. */
export function filledText(text: string, scope: PlaceholderScope): string {
  return text.replace(placeholder, (whole, root: string, path: string) => {
    const value = named(root, path, scope)
    // Braces that name nothing belong to the program.
    if (value === undefined) return whole
    return typeof value === 'string' ? value : JSON.stringify(value)
  })
}

/** A text that is nothing but one placeholder becomes the value itself, with its type; within a list each item does. */
export function filledValue(value: Json, scope: PlaceholderScope): Json {
  if (Array.isArray(value)) return value.map((item) => filledValue(item, scope))
  if (typeof value !== 'string') return value
  const [only] = value.matchAll(placeholder)
  if (only?.[0] !== value) return filledText(value, scope)
  return named(only[1]!, only[2]!, scope) ?? value
}

function named(root: string, path: string, { params, element }: PlaceholderScope): Json | undefined {
  let value: Json | undefined = root === 'params' ? { ...params } : element
  for (const name of path.split('.').slice(1)) {
    const holds = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
    value = holds ? (value as { [key: string]: Json })[name] : undefined
  }
  return value
}
