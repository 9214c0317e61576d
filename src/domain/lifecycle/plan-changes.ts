import type { Definition } from '../../contract/definition.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { Change } from '../../contract/routes/project.ts'
import { differencesOf } from './differences.ts'

const listedParts = [
  'entities',
  'datasets',
  'featureViews',
  'models',
  'pipelines',
  'endpoints',
  'monitors',
  'triggers',
  'environments',
] as const

/** What applying `next` over `current` would add, change and remove. */
export function changesBetween(current: Definition | null, next: Definition): Change[] {
  const changes: Change[] = []
  for (const part of listedParts) {
    const before = new Map((current?.[part] ?? []).map((item) => [item.name, item as unknown as Json]))
    const after = new Map(next[part].map((item) => [item.name, item as unknown as Json]))
    for (const [name, item] of after) {
      if (!before.has(name)) changes.push({ action: 'add', what: `${part}.${name}`, differences: [] })
      else {
        const differences = differencesOf(before.get(name), item, '')
        if (differences.length > 0) changes.push({ action: 'change', what: `${part}.${name}`, differences })
      }
    }
    for (const name of before.keys())
      if (!after.has(name)) changes.push({ action: 'remove', what: `${part}.${name}`, differences: [] })
  }
  for (const part of ['name', 'brief', 'clock', 'retention', 'settings'] as const) {
    const differences = differencesOf(current?.[part] as unknown as Json, next[part] as unknown as Json, '')
    if (differences.length > 0)
      changes.push({ action: current ? 'change' : 'add', what: part, differences: current ? differences : [] })
  }
  return changes
}
