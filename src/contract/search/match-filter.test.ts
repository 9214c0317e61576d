import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Filter } from './filter-syntax.ts'
import { filterArbitrary, rowArbitrary } from './filters.conformance.ts'
import { isLike, likePattern } from './like-pattern.ts'
import { matches, type SearchRow } from './match-filter.ts'
import { parseFilter } from './parse-filter.ts'
import { type SearchSubjectName, searchSubjects } from './search-subjects.ts'

const subjects = Object.keys(searchSubjects) as SearchSubjectName[]
const nowhere = { from: 0, to: 0 }
const not = (of: Filter): Filter => ({ kind: 'not', of, ...nowhere })
const joined = (kind: 'and' | 'or', of: Filter[]): Filter => ({ kind, of, ...nowhere })

describe('LIKE', () => {
  const unit = fc.constantFrom('a', 'A', 'b', '%', '_', '\n', '.', '*', '\\', 'é', 'É', '🙂')

  it('fits what a regular expression of the same meaning fits', () => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 8 }), fc.array(unit, { maxLength: 8 }), (letters, signs) => {
        const source = signs.map((sign) => (sign === '%' ? '.*' : sign === '_' ? '.' : sign.replace(/[.*\\]/g, '\\$&')))
        const [text, pattern] = [letters.join(''), signs.join('')]
        expect(isLike(text, likePattern(pattern, false), false)).toBe(
          new RegExp(`^${source.join('')}$`, 'su').test(text),
        )
      }),
      { numRuns: 3_000 },
    )
  })

  it('ignores the case of ASCII letters alone, as SQLite does', () => {
    expect(isLike('ADAM', likePattern('a%M', true), true)).toBe(true)
    expect(isLike('ADAM', likePattern('a%M', false), false)).toBe(false)
    expect(isLike('ÉCOLE', likePattern('é%', true), true)).toBe(false)
  })

  it('has no pattern that takes long', () => {
    const started = performance.now()
    expect(isLike('a'.repeat(8_000), likePattern(`${'%a'.repeat(499)}%b`, false), false)).toBe(false)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe.each(subjects)('filters of %s', (name) => {
  it('are two-valued: NOT, AND and OR are those of logic', () => {
    fc.assert(
      fc.property(filterArbitrary(name), filterArbitrary(name), rowArbitrary(name), (a, b, row) => {
        const is = (filter: Filter) => matches(filter, row, name)
        expect(is(not(a))).toBe(!is(a))
        expect(is(joined('and', [a, b]))).toBe(is(a) && is(b))
        expect(is(not(joined('or', [a, b])))).toBe(is(joined('and', [not(a), not(b)])))
      }),
      { numRuns: 300 },
    )
  })

  it('have IN for a chain of =, and a clause but IS NULL finds nothing where there is no value', () => {
    fc.assert(
      fc.property(filterArbitrary(name), rowArbitrary(name), (filter, row) => {
        if (filter.kind === 'in' && !filter.negated) {
          const each = filter.values.map((value): Filter => ({ ...filter, kind: 'comparison', operator: '=', value }))
          expect(matches(filter, row, name)).toBe(each.some((one) => matches(one, row, name)))
        }
        if (filter.kind === 'comparison' || filter.kind === 'in') {
          const empty = matches({ kind: 'null', field: filter.field, negated: false, ...nowhere }, row, name)
          const counted = filter.field.key in ((searchSubjects[name] as { absentTags?: object }).absentTags ?? {})
          if (empty && !counted) expect(matches(filter, row, name)).toBe(false)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a row', () => {
  const row: SearchRow = {
    attributes: { status: 'FINISHED', end_time: null, start_time: 5 },
    metrics: { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, one: 1 },
    params: { a: 'x' },
    tags: {},
    datasets: [
      { name: 'flights', digest: '1' },
      { name: 'rain', digest: '2', context: 'training' },
    ],
  }
  const found = (text: string, name: SearchSubjectName = 'runs', of = row) => matches(parseFilter(text, name), of, name)

  it.each([
    ['', true],
    ["params.a != 'y'", true],
    ["params.b != 'y'", false],
    ["NOT params.b = 'y'", true],
    ["params.b NOT IN ('y')", false],
    ['params.b IS NULL', true],
    ['end_time != 1', false],
    ['end_time IS NULL', true],
    ['metrics.nan != 1', true],
    ['metrics.nan > -1e300', false],
    ['metrics.nan IS NOT NULL', true],
    ['metrics.nan NOT IN (1)', true],
    ['metrics.inf = 1.7976931348623157e308', true],
    ['metrics.inf > 1e400', false],
    ["dataset.name != 'flights'", true],
    ["NOT dataset.name = 'flights'", false],
    ["dataset.name = 'flights' AND dataset.digest = '2'", true],
    ["dataset.context != 'training'", false],
    ['params.constructor IS NULL AND tags.__proto__ IS NULL', true],
  ])('is found by %s: %s', (text, expected) => {
    expect(found(text)).toBe(expected)
  })

  it('of the registry that does not say whether it is a prompt is none', () => {
    const tag = 'tag.`mlflow.prompt.is_prompt`'
    for (const [text, expected] of [
      [`${tag} != 'true'`, true],
      [`${tag} = 'false'`, true],
      [`${tag} = 'true'`, false],
      [`${tag} IS NULL`, true],
      ["tag.other != 'true'", false],
    ] as const) {
      expect(found(text, 'registeredModels', { attributes: { name: 'm' } }), text).toBe(expected)
      expect(found(text, 'modelVersions', { attributes: { name: 'm' } }), text).toBe(expected)
    }
    expect(found("tags.`mlflow.prompt.is_prompt` != 'true'")).toBe(false)
  })
})
