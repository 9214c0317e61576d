import type { Filter, FilterField, FilterJunction, FilterValue } from './filter-syntax.ts'
import { isPlainKey } from './filter-tokens.ts'
import type { SearchEntity } from './search-subjects.ts'

const wordOf: Readonly<Record<Exclude<SearchEntity, 'attribute'>, string>> = {
  metric: 'metrics',
  param: 'params',
  tag: 'tags',
  dataset: 'dataset',
}

/** A key as it is written behind the dot: in backticks where it has other than letters, digits, `_` and single dots. */
export function keyText(key: string): string {
  return isPlainKey(key) ? key : `\`${key.replaceAll('`', '``')}\``
}

/** A field as it is written in a filter: `metrics.loss`, ``tags.`a b` ``, `start_time`. */
export function fieldText({ entity, key }: Pick<FilterField, 'entity' | 'key'>): string {
  return entity === 'attribute' ? key : `${wordOf[entity]}.${keyText(key)}`
}

/** A value as it is written in a filter: a number, or a text in single quotes. */
export function valueText(value: string | number): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  // A number too large for 64 bits is read as infinite, and infinity has no other spelling.
  if (!Number.isFinite(value)) return value > 0 ? '1e999' : '-1e999'
  return String(value).replace('e+', 'e')
}

const listText = (values: readonly FilterValue[]): string =>
  `(${values.map(({ value }) => valueText(value)).join(', ')})`

/** The text of a filter; parsing it gives the same tree again, but for the places. */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'comparison':
      return `${fieldText(filter.field)} ${filter.operator} ${valueText(filter.value.value)}`
    case 'in':
      return `${fieldText(filter.field)} ${filter.negated ? 'NOT IN' : 'IN'} ${listText(filter.values)}`
    case 'null':
      return `${fieldText(filter.field)} ${filter.negated ? 'IS NOT NULL' : 'IS NULL'}`
    case 'not':
      return `NOT ${operandText(filter.of, isJunction)}`
    // The parts of an OR may be ANDs without parentheses; a part of the same kind keeps them, since it was a filter of its own.
    case 'and':
      return filter.of.map((part) => operandText(part, isJunction)).join(' AND ')
    case 'or':
      return filter.of.map((part) => operandText(part, (inner) => inner.kind === 'or')).join(' OR ')
  }
}

const isJunction = (filter: Filter): filter is FilterJunction => filter.kind === 'and' || filter.kind === 'or'

function operandText(filter: Filter, enclosed: (filter: Filter) => boolean): string {
  return enclosed(filter) ? `(${formatFilter(filter)})` : formatFilter(filter)
}
