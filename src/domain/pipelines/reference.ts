import type { Json } from '../../contract/pipeline.ts'

/** What references can name: the run's parameters, and the outputs of the steps that are over. */
export interface Scope {
  params: Readonly<Record<string, Json>>
  outputs: ReadonlyMap<string, Json>
}

/** `params.x.y` or `steps.name.x.y`. */
export interface Reference {
  root: 'params' | 'steps'
  /** The parameter, or the step. */
  name: string
  path: string[]
}

/** Undefined when the text is no reference. */
export function parseReference(text: string): Reference | undefined {
  const [root, name, ...path] = text.split('.')
  if ((root !== 'params' && root !== 'steps') || !name || path.includes('')) return undefined
  return { root, name, path }
}

/** The value a reference names; undefined when there is none. */
export function resolveReference(text: string, scope: Scope): Json | undefined {
  const reference = parseReference(text)
  if (!reference) return undefined
  let value: Json | undefined =
    reference.root === 'params' ? scope.params[reference.name] : scope.outputs.get(reference.name)
  for (const name of reference.path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined
    value = (value as { [key: string]: Json })[name]
  }
  return value
}
