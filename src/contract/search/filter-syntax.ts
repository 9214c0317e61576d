import type { SearchEntity, SearchKind } from './search-subjects.ts'

/** A place in the text: UTF-16 offsets, `to` is behind the last character. */
export interface Span {
  from: number
  to: number
}

/** What is compared. `key` is the canonical one: an alias of an attribute has become the attribute. */
export interface FilterField extends Span {
  entity: SearchEntity
  key: string
}

/** A text, or a number where the field holds numbers. */
export interface FilterValue extends Span {
  value: string | number
}

const textOperators = ['=', '!=', 'LIKE', 'ILIKE'] as const
const numberOperators = ['=', '!=', '<', '<=', '>', '>='] as const

export type ComparisonOperator = (typeof textOperators)[number] | (typeof numberOperators)[number]

/** The signs by which a field can be compared; IN and the null tests are for every field. */
export function operatorsOf(kind: SearchKind): readonly ComparisonOperator[] {
  if (kind === 'digits' || kind === 'folder') return ['=', '!=']
  return kind === 'text' ? textOperators : numberOperators
}

export interface FilterComparison extends Span {
  kind: 'comparison'
  field: FilterField
  operator: ComparisonOperator
  value: FilterValue
}

/** `IN (…)`, or `NOT IN (…)`; at least one value. */
export interface FilterMembership extends Span {
  kind: 'in'
  field: FilterField
  negated: boolean
  values: FilterValue[]
}

/** `IS NULL`, or `IS NOT NULL`. */
export interface FilterNullTest extends Span {
  kind: 'null'
  field: FilterField
  negated: boolean
}

/** Two or more filters. One that stood in parentheses stays a filter of its own. */
export interface FilterJunction extends Span {
  kind: 'and' | 'or'
  of: Filter[]
}

export interface FilterNegation extends Span {
  kind: 'not'
  of: Filter
}

/**
 * A filter as a tree. A clause is true or false of a row, never unknown: a comparison, `!=` and `NOT IN` too, is true only where the row has a
 * value for which it holds (any of them, where a field has several); `NOT` is the plain opposite.
 */
export type Filter = FilterComparison | FilterMembership | FilterNullTest | FilterJunction | FilterNegation

/** What a filter may be at most. Far above what people write, and below what a database refuses. */
export const filterLimits = {
  /** UTF-16 units of the text. */
  length: 200_000,
  /** Comparisons, memberships and null tests. */
  clauses: 500,
  /** Parentheses and NOT within each other. */
  depth: 50,
  /** Values of all clauses. */
  values: 5_000,
  /** UTF-16 units of one pattern of LIKE or ILIKE. */
  pattern: 1_000,
  /** Items of an ordering. */
  order: 20,
} as const
