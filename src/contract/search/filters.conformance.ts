import fc from 'fast-check'
import type { Filter, FilterField } from './filter-syntax.ts'
import { operatorsOf } from './filter-syntax.ts'
import type { SearchRow } from './match-filter.ts'
import { datasetKeys, kindOf, type SearchEntity, type SearchSubjectName, searchSubject } from './search-subjects.ts'

/** Keys that collide, need quotes, or are traps of the language they are looked up in. */
const keys = ['a', 'b', 'val.loss', 'a b', 'it`s', '.x', 'x.', 'AND', '1', '__proto__', 'constructor', 'é', '🙂']
const texts = [
  '',
  'a',
  'A',
  'ab',
  'a%',
  'a_b',
  "it's",
  'say "x"',
  'C:\\',
  'é',
  'É',
  '🙂',
  'NULL',
  '10',
  "'; DROP TABLE run --",
]
const numbers = [0, 1, -1, 0.1, 1e-9, 1e21, -1e300, Number.MAX_VALUE]
const patterns = ['%', '_', '', 'a%', '%A', 'a_b', '%b%', '__', '%é', 'it%', '%%', 'a\\_b']

const anyOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

function fieldArbitrary(name: SearchSubjectName): fc.Arbitrary<FilterField> {
  const subject = searchSubject(name)
  const entities = [...new Set(Object.values(subject.words))]
  const keysOf = (entity: SearchEntity): readonly string[] => {
    if (entity === 'attribute') return Object.keys(subject.attributes)
    if (entity === 'tag') return [...keys, ...Object.keys(subject.absentTags ?? {})]
    return entity === 'dataset' ? datasetKeys : keys
  }
  return anyOf(...entities).chain((entity) => anyOf(...keysOf(entity)).map((key) => ({ entity, key, from: 0, to: 0 })))
}

const digits = ['0', '1', '2', '30']
/** With what lies in each other, and with the signs beside `/`. */
const folders = ['a', 'a/b', 'a/b/', 'a.', 'a0', 'A', '/a', 'a//b', '']
const integers = [0, 1, 2, -3, 1_700_000_000_000]

function valueArbitrary(name: SearchSubjectName, field: FilterField): fc.Arbitrary<string | number> {
  const kind = kindOf(searchSubject(name), field)
  if (kind === 'digits') return anyOf(...digits)
  if (kind === 'folder') return anyOf(...folders)
  if (kind === 'integer') return anyOf(...integers)
  if (kind === 'number')
    return fc.oneof(
      anyOf(...numbers),
      fc.double({ noNaN: true }).map((value) => value + 0),
    )
  return fc.oneof(anyOf(...texts), anyOf('true', 'false'), fc.string({ unit: 'grapheme' }))
}

/** A clause that the subject takes; its places are all 0. */
function clauseArbitrary(name: SearchSubjectName): fc.Arbitrary<Filter> {
  const place = { from: 0, to: 0 }
  return fieldArbitrary(name).chain((field): fc.Arbitrary<Filter> => {
    const value = valueArbitrary(name, field).map((each) => ({ value: each, ...place }))
    const comparison = anyOf(...operatorsOf(kindOf(searchSubject(name), field))).chain((operator) =>
      (operator.endsWith('LIKE') ? anyOf(...patterns).map((each) => ({ value: each, ...place })) : value).map(
        (each): Filter => ({ kind: 'comparison', field, operator, value: each, ...place }),
      ),
    )
    const membership = fc
      .tuple(fc.array(value, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([values, negated]): Filter => ({ kind: 'in', field, negated, values, ...place }))
    const nullTest = fc.boolean().map((negated): Filter => ({ kind: 'null', field, negated, ...place }))
    return fc.oneof({ arbitrary: comparison, weight: 3 }, membership, nullTest)
  })
}

/** Any filter of a subject, for the property tests of whatever reads or runs filters; its places are all 0. */
export function filterArbitrary(name: SearchSubjectName): fc.Arbitrary<Filter> {
  return fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      clauseArbitrary(name),
      fc
        .tuple(anyOf('and' as const, 'or' as const), fc.array(tie('filter'), { minLength: 2, maxLength: 3 }))
        .map(([kind, of]): Filter => ({ kind, of, from: 0, to: 0 })),
      tie('filter').map((of): Filter => ({ kind: 'not', of, from: 0, to: 0 })),
    ),
  })).filter
}

/** Any row of a subject, of the same keys and values as the filters, so that they meet. */
export function rowArbitrary(name: SearchSubjectName): fc.Arbitrary<SearchRow> {
  const subject = searchSubject(name)
  const entities = new Set(Object.values(subject.words))
  // A null prototype keeps `__proto__` a key like another.
  const record = <T>(of: readonly string[], value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
    fc.uniqueArray(fc.tuple(anyOf(...of), value), { selector: ([key]) => key, maxLength: 5 }).map((entries) => {
      const made: Record<string, T> = Object.create(null)
      for (const [key, each] of entries) made[key] = each
      return made
    })
  const text = anyOf(...texts)
  const number = anyOf(...numbers, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
  const attributes = fc.record(
    Object.fromEntries(
      Object.entries(subject.attributes).map(([key, { kind }]) => {
        const value =
          kind === 'folder'
            ? anyOf(...folders)
            : kind === 'text'
              ? text
              : kind === 'digits'
                ? anyOf(...digits)
                : anyOf(...integers)
        return [key, fc.option(value as fc.Arbitrary<string | number>)]
      }),
    ),
  )
  const several = name === 'loggedModels' ? fc.array(number, { minLength: 1, maxLength: 3 }) : number
  const dataset = fc.record({ name: text, digest: text, context: fc.option(text) })
  return fc.record({
    attributes,
    tags: record([...keys, ...Object.keys(subject.absentTags ?? {})], fc.oneof(text, anyOf('true', 'false'))),
    ...(entities.has('metric') && { metrics: record<number | number[]>(keys, several) }),
    ...(entities.has('param') && { params: record(keys, text) }),
    ...(entities.has('dataset') && { datasets: fc.array(dataset, { maxLength: 3 }) }),
  })
}
