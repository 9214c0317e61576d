import { type RawBuilder, sql } from 'kysely'
import type { Filter, FilterComparison, FilterField, FilterMembership } from '../../../contract/search/filter-syntax.ts'
import type { SqlDialect } from '../dialect.ts'

type Condition = RawBuilder<boolean>
/** Whether a value that is there fits. */
export type Test = (value: RawBuilder<unknown>) => Condition

/** How a kind of row has what filters name. */
export interface Searched {
  /** Null where the row has none. */
  attribute(key: string): RawBuilder<unknown>
  /** Whether any value of the field fits; of a metric that is NaN, `ofNaN` is the answer. Never null. */
  any(field: FilterField, test: Test | null, ofNaN: boolean): Condition
  /** Of a kind of row that lies in folders: whether it lies in one at all, or in one of that path or below. */
  within?(folder: string | null): Condition
  /** What a tag counts as where it is absent. */
  absent?(field: FilterField): string | undefined
}

/** Whether a point of a metric fits, by its columns `value` and `nan`. */
export const pointFits = (test: Test | null, ofNaN: boolean): Condition => {
  if (!test) return yes
  return ofNaN ? sql`(nan = 1 or ${test(sql`value`)})` : sql`(nan = 0 and ${test(sql`value`)})`
}

const yes = sql<boolean>`1 = 1`
const no = sql<boolean>`1 = 0`
const listed = (values: readonly (string | number)[]): RawBuilder<unknown> => sql`(${sql.join(values.map(bounded))})`

/** Infinity is stored as the largest number. */
const bounded = (value: string | number): string | number =>
  typeof value === 'number' ? Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)) : value

/**
 * A filter as a condition that is true or false of every row, never null, so that NOT is the plain opposite. The meaning is that of
 * `matches` in `contract/search/match-filter.ts`, against which it is tested.
 */
export function filterSql(filter: Filter, searched: Searched, dialect: Pick<SqlDialect, 'like'>): Condition {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return balanced(
        filter.of.map((part) => filterSql(part, searched, dialect)),
        filter.kind,
      )
    case 'not':
      return sql`(not ${filterSql(filter.of, searched, dialect)})`
    case 'null': {
      if (isFolder(filter.field, searched))
        return filter.negated ? searched.within!(null) : sql`(not ${searched.within!(null)})`
      const isThere = valueFits(filter.field, null, true, searched)
      return filter.negated ? isThere : sql`(not ${isThere})`
    }
    case 'comparison':
    case 'in': {
      if (isFolder(filter.field, searched)) return folderFits(filter, searched)
      const test = filter.kind === 'in' ? membership(filter) : comparison(filter, dialect)
      const ofNaN = filter.kind === 'in' ? filter.negated : filter.operator === '!='
      const fits = valueFits(filter.field, test, ofNaN, searched)
      const absent = searched.absent?.(filter.field)
      if (absent === undefined) return fits
      const isThere = valueFits(filter.field, null, true, searched)
      return sql`(${fits} or (not ${isThere} and ${test(sql`${absent}`)}))`
    }
  }
}

const isFolder = ({ entity, key }: FilterField, { within }: Searched): boolean =>
  within !== undefined && entity === 'attribute' && key === 'folder'

function folderFits(filter: FilterComparison | FilterMembership, { within }: Searched): Condition {
  const wanted = filter.kind === 'in' ? filter.values : [filter.value]
  const isOut = filter.kind === 'in' ? filter.negated : filter.operator === '!='
  const isIn = balanced(
    wanted.map(({ value }) => within!(String(value))),
    'or',
  )
  return isOut ? sql`(${within!(null)} and not ${isIn})` : isIn
}

/** Databases count how deep an expression is; a chain of five hundred would be too deep. */
function balanced(parts: readonly Condition[], word: 'and' | 'or'): Condition {
  if (parts.length === 1) return parts[0]!
  const half = parts.length >> 1
  const [one, other] = [balanced(parts.slice(0, half), word), balanced(parts.slice(half), word)]
  return word === 'and' ? sql`(${one} and ${other})` : sql`(${one} or ${other})`
}

function valueFits(field: FilterField, test: Test | null, ofNaN: boolean, searched: Searched): Condition {
  if (field.entity !== 'attribute') return searched.any(field, test, ofNaN)
  const value = searched.attribute(field.key)
  return test ? sql`(${value} is not null and ${test(value)})` : sql`(${value} is not null)`
}

const membership =
  ({ values, negated }: FilterMembership): Test =>
  (value) => {
    const list = listed(values.map((each) => each.value))
    return negated ? sql`${value} not in ${list}` : sql`${value} in ${list}`
  }

function comparison({ operator, value: { value: wanted } }: FilterComparison, dialect: Pick<SqlDialect, 'like'>): Test {
  // No stored number lies beyond the largest one.
  if (wanted === Infinity || wanted === -Infinity) return beyond(operator, wanted > 0)
  switch (operator) {
    case 'LIKE':
    case 'ILIKE':
      return (value) => dialect.like(value, String(wanted), operator === 'ILIKE')
    case '!=':
      return (value) => sql`${value} <> ${wanted}`
    default:
      return (value) => sql`${value} ${sql.raw(operator)} ${wanted}`
  }
}

function beyond(operator: FilterComparison['operator'], isPositive: boolean): Test {
  const isLess = operator === '<' || operator === '<='
  const isMore = operator === '>' || operator === '>='
  const holds = operator === '!=' || (isPositive ? isLess : isMore)
  return () => (holds ? yes : no)
}
