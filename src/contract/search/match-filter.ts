import { isInFolder } from './experiment-folders.ts'
import type { Filter, FilterComparison, FilterField, FilterMembership } from './filter-syntax.ts'
import { isLike, likePattern } from './like-pattern.ts'
import { kindOf, type SearchSubjectName, searchSubject } from './search-subjects.ts'

/** What a filter looks at. What is null, undefined or absent has no value. */
export interface SearchRow {
  attributes: Readonly<Record<string, string | number | null | undefined>>
  /** Latest values; of a logged model, all of them. */
  metrics?: Readonly<Record<string, number | readonly number[]>>
  params?: Readonly<Record<string, string>>
  tags?: Readonly<Record<string, string>>
  datasets?: readonly { name: string; digest: string; context?: string | null }[]
}

type Value = string | number

const own = <T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  record && Object.hasOwn(record, key) ? record[key] : undefined

const present = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined

/** The largest number of 64 bits stands for infinity in the store, and so it does here. */
const stored = (value: Value): Value =>
  typeof value === 'number' && Math.abs(value) === Number.POSITIVE_INFINITY
    ? Math.sign(value) * Number.MAX_VALUE
    : value

function valuesOf({ entity, key }: FilterField, row: SearchRow): Value[] {
  switch (entity) {
    case 'attribute':
      return [own(row.attributes, key)].filter(present)
    case 'metric':
      return [own(row.metrics, key)].flat().filter(present).map(stored)
    case 'param':
      return [own(row.params, key)].filter(present)
    case 'tag':
      return [own(row.tags, key)].filter(present)
    case 'dataset':
      return (row.datasets ?? []).map((dataset) => dataset[key as 'name' | 'digest' | 'context']).filter(present)
  }
}

function holds({ operator, value: { value: wanted } }: FilterComparison): (value: Value) => boolean {
  switch (operator) {
    case '=':
      return (value) => value === wanted
    // NaN differs from every number, as it does in MLflow's store.
    case '!=':
      return (value) => value !== wanted
    case '<':
      return (value) => value < wanted
    case '<=':
      return (value) => value <= wanted
    case '>':
      return (value) => value > wanted
    case '>=':
      return (value) => value >= wanted
    case 'LIKE':
    case 'ILIKE': {
      const pattern = likePattern(String(wanted), operator === 'ILIKE')
      return (value) => isLike(String(value), pattern, operator === 'ILIKE')
    }
  }
}

function isMember({ values, negated }: FilterMembership): (value: Value) => boolean {
  const wanted = new Set(values.map(({ value }) => value))
  return (value) => wanted.has(value) !== negated
}

/** A folder is one of those that it lies in, too. */
function liesWithin(filter: FilterComparison | FilterMembership): (folder: Value) => boolean {
  const wanted = filter.kind === 'in' ? filter.values : [filter.value]
  const isOut = filter.kind === 'in' ? filter.negated : filter.operator === '!='
  return (folder) => wanted.some(({ value }) => isInFolder(String(folder), String(value))) !== isOut
}

/**
 * Whether a row is found by a filter: the meaning of the language in its plainest form, against which queries are tested.
 *
 * A comparison holds where any value of the field fits, and so never where there is none; see `Filter`. An empty filter finds every row.
 */
export function matches(filter: Filter | undefined, row: SearchRow, subject: SearchSubjectName): boolean {
  if (!filter) return true
  switch (filter.kind) {
    case 'and':
      return filter.of.every((part) => matches(part, row, subject))
    case 'or':
      return filter.of.some((part) => matches(part, row, subject))
    case 'not':
      return !matches(filter.of, row, subject)
    case 'null':
      return (valuesOf(filter.field, row).length === 0) !== filter.negated
    case 'comparison':
    case 'in': {
      const { field } = filter
      const values = valuesOf(field, row)
      if (kindOf(searchSubject(subject), field) === 'folder') return values.some(liesWithin(filter))
      const absent = field.entity === 'tag' ? own(searchSubject(subject).absentTags, field.key) : undefined
      if (values.length === 0 && absent !== undefined) values.push(absent)
      return values.some(filter.kind === 'in' ? isMember(filter) : holds(filter))
    }
  }
}
