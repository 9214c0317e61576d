import { canonicalJson } from '../../base/hash.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { Change } from '../../contract/routes/project.ts'

export type Difference = Change['differences'][number]

/** Dotted paths at which two values differ. Lists of named things are matched by name, others by place. */
export function differencesOf(
  from: Json | undefined,
  to: Json | undefined,
  path = '',
  found: Difference[] = [],
): Difference[] {
  if (canonicalJson(from ?? null) === canonicalJson(to ?? null)) return found
  const [before, after] = [membersOf(from), membersOf(to)]
  if (!before || !after) {
    found.push({ path, from: from ?? null, to: to ?? null })
    return found
  }
  for (const key of new Set([...before.keys(), ...after.keys()]))
    differencesOf(before.get(key), after.get(key), path ? `${path}.${key}` : key, found)
  return found
}

function membersOf(value: Json | undefined): Map<string, Json> | null {
  if (typeof value !== 'object' || value === null) return null
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  return new Map(value.map((item, place) => [nameOf(item) ?? String(place), item]))
}

const nameOf = (item: Json): string | null =>
  typeof item === 'object' && item !== null && !Array.isArray(item) && typeof item.name === 'string' ? item.name : null
