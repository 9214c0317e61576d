import { type FilterField, filterLimits } from './filter-syntax.ts'
import { keywordOf, tokenise } from './filter-tokens.ts'
import { orderAttributes, readField } from './read-field.ts'
import { excerpt, SearchStop, searchError } from './search-problem.ts'
import { type SearchEntity, type SearchSubjectName, searchSubject } from './search-subjects.ts'

/** One key of an ordering. Metrics sort by value, then NaN, then what has none, in both directions; of others what has none is last. */
export interface OrderItem {
  entity: SearchEntity
  key: string
  descending: boolean
}

/**
 * The keys of an ordering, each written `entity.key [ASC|DESC]`.
 *
 * @throws MillwrightError `invalid-request` with the field `order_by`, for what cannot be read or ordered by, and for a key that comes twice.
 */
export function parseOrder(items: readonly string[], subject: SearchSubjectName): OrderItem[] {
  try {
    const last = filterLimits.order
    if (items.length > last)
      throw new SearchStop({ from: 0, to: 0, message: `an ordering can have ${last} keys, and not more` })
    const seen = new Set<string>()
    return items.map((text) => {
      const { field, descending } = readItem(text, subject)
      const name = JSON.stringify([field.entity, field.key])
      if (seen.has(name)) throw new SearchStop({ ...field, message: `${excerpt(field.key)} is among the keys twice` })
      seen.add(name)
      return { entity: field.entity, key: field.key, descending }
    })
  } catch (error) {
    if (error instanceof SearchStop) throw searchError(error.problem, 'order_by')
    throw error
  }
}

function readItem(text: string, subject: SearchSubjectName): { field: FilterField; descending: boolean } {
  const end = { from: text.length, to: text.length }
  if (text.length > filterLimits.pattern) {
    throw new SearchStop({
      ...end,
      message: `a key can have ${filterLimits.pattern} characters, and this has ${text.length}`,
    })
  }
  const [name, direction, more] = tokenise(text)
  const rules = searchSubject(subject)
  if (name?.kind !== 'name')
    throw new SearchStop({ ...(name ?? end), message: 'expected a field, such as metrics.loss' })
  const field = readField(name, rules, orderAttributes(rules))
  if (!rules.order.entities.includes(field.entity)) {
    throw new SearchStop({ ...field, message: `these cannot be ordered by a ${field.entity}` })
  }
  const word = keywordOf(direction)
  const wrong = direction && word !== 'ASC' && word !== 'DESC' ? direction : more
  if (wrong) throw new SearchStop({ ...wrong, message: 'expected ASC, DESC or the end' })
  return { field, descending: word === 'DESC' }
}
