import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Filter } from './filter-syntax.ts'
import { filterArbitrary } from './filters.conformance.ts'
import { formatFilter } from './format-filter.ts'
import { parseFilter } from './parse-filter.ts'
import { type SearchSubjectName, searchSubjects } from './search-subjects.ts'

const subjects = Object.keys(searchSubjects) as SearchSubjectName[]

/** The tree with all its places 0, as trees that were never a text have them. */
const unplaced = (filter: Filter): unknown =>
  JSON.parse(JSON.stringify(filter, (key, value) => (key === 'from' || key === 'to' ? 0 : infinite(value))))

// JSON has no infinity.
const infinite = (value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value

describe('the text of a filter', () => {
  it.each(subjects)('says the same again, whatever the tree of %s', (name) => {
    fc.assert(
      fc.property(filterArbitrary(name), (filter) => {
        const text = formatFilter(filter)
        expect(unplaced(parseFilter(text, name)!), text).toEqual(unplaced(filter))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ["metric.a>1 and param.b like 'x%'", "metrics.a > 1 AND params.b LIKE 'x%'"],
    ['attributes.`Run name` = "it\'s"', "run_name = 'it''s'"],
    ["tags.'a b' is not null", 'tags.`a b` IS NOT NULL'],
    ["not(status='x' or status='y')and metrics.a<1e21", "NOT (status = 'x' OR status = 'y') AND metrics.a < 1e21"],
    ["(status = 'x' and user_id = 'y') or run_id in ('a',)", "status = 'x' AND user_id = 'y' OR run_id IN ('a')"],
    ["status = 'x' and (user_id = 'y' and run_id = 'z')", "status = 'x' AND (user_id = 'y' AND run_id = 'z')"],
  ])('is written in one way: %s', (text, written) => {
    expect(formatFilter(parseFilter(text, 'runs')!)).toBe(written)
  })
})
