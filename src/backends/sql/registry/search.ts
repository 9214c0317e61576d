import { type RawBuilder, sql } from 'kysely'
import type { Filter } from '../../../contract/search/filter-syntax.ts'
import type { OrderPlace } from '../../../ports/tracking.ts'
import type { Term } from '../tracking/ordered-page.ts'

/** Whether a filter says anything about a tag. */
export function asksForTag(filter: Filter | undefined, tag: string): boolean {
  if (!filter) return false
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.of.some((part) => asksForTag(part, tag))
    case 'not':
      return asksForTag(filter.of, tag)
    default:
      return filter.field.entity === 'tag' && filter.field.key === tag
  }
}

/** Nothing before the place can come in the page: said once more in a form for which an index is found. */
export function notBefore([term]: readonly Term[], [value]: OrderPlace): RawBuilder<boolean> {
  if (!term || value === null || value === undefined) return sql`1 = 1`
  return sql`${term.value} ${sql.raw(term.descending ? '<=' : '>=')} ${value}`
}

/**
 * The one name that whatever is found must have: versions of one model are read by an index of that model's. Null where the filter says no such
 * thing.
 */
export function nameAsked(filter: Filter | undefined): string | null {
  if (filter?.kind === 'and') {
    for (const part of filter.of) {
      const name = nameAsked(part)
      if (name !== null) return name
    }
    return null
  }
  if (filter?.kind !== 'comparison' || filter.operator !== '=') return null
  return filter.field.entity === 'attribute' && filter.field.key === 'name' ? String(filter.value.value) : null
}
