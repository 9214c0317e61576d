import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { completeFilter, type KnownFields } from './complete-filter.ts'
import { filterArbitrary } from './filters.conformance.ts'
import { formatFilter } from './format-filter.ts'
import { readFilter } from './parse-filter.ts'
import type { SearchEntity } from './search-subjects.ts'

const keys: Partial<Record<SearchEntity, string[]>> = {
  metric: ['loss', 'val loss', 'auc'],
  param: ['lr'],
  tag: ['owner'],
}
const values = new Map<string, (string | number)[]>([
  ['status', ['FINISHED', 'FAILED']],
  ['owner', ["it's"]],
  ['loss', [0.5]],
])
const known: KnownFields = { keys: (entity) => keys[entity] ?? [], values: ({ key }) => values.get(key) ?? [] }

/** What is proposed at the `|` of a text. */
function at(marked: string) {
  const caret = marked.indexOf('|')
  const { from, to, options } = completeFilter(marked.replace('|', ''), caret, 'runs', known)
  return { from, to, options: options.map(({ text }) => text) }
}

describe('the completion', () => {
  it.each([
    ['sta|', { from: 0, to: 3, options: ['status', 'start_time'] }],
    ['metr|', { from: 0, to: 4, options: ['metrics.', 'metrics.loss', 'metrics.`val loss`', 'metrics.auc'] }],
    ['los|', { from: 0, to: 3, options: ['metrics.loss', 'metrics.`val loss`'] }],
    ['metrics.|', { from: 0, to: 8, options: ['metrics.loss', 'metrics.`val loss`', 'metrics.auc'] }],
    ['metric.val|', { from: 0, to: 10, options: ['metric.`val loss`'] }],
    ['metrics.`v|', { from: 0, to: 10, options: ['metrics.`val loss`'] }],
    ['dataset.|', { from: 0, to: 8, options: ['dataset.name', 'dataset.digest', 'dataset.context'] }],
    [
      'params.lr |',
      { from: 10, to: 10, options: ['=', '!=', 'LIKE', 'ILIKE', 'IN (', 'NOT IN (', 'IS NULL', 'IS NOT NULL'] },
    ],
    ['params.lr li|', { from: 10, to: 12, options: ['LIKE', 'ILIKE'] }],
    ['metrics.loss <|', { from: 13, to: 14, options: ['<', '<='] }],
    ['status = |', { from: 9, to: 9, options: ["'FINISHED'", "'FAILED'"] }],
    ["status = 'fi|", { from: 9, to: 12, options: ["'FINISHED'"] }],
    ['tags.owner IN (|', { from: 15, to: 15, options: ["'it''s'"] }],
    ["status IN ('FAILED' |", { from: 20, to: 20, options: [',', ')'] }],
    ['metrics.loss IS |', { from: 16, to: 16, options: ['NULL', 'NOT NULL'] }],
    ['metrics.loss NOT |', { from: 17, to: 17, options: ['IN ('] }],
    ['metrics.loss > 1 |', { from: 17, to: 17, options: ['AND', 'OR'] }],
    ['(metrics.loss > 1 |', { from: 18, to: 18, options: ['AND', 'OR', ')'] }],
    ["st| = 'FAILED'", { from: 0, to: 2, options: ['status', 'start_time', 'dataset.digest'] }],
    ["sta|tus = 'FAILED'", { from: 0, to: 6, options: ['status', 'start_time'] }],
    ['nonsense = |', { from: 11, to: 11, options: [] }],
  ])('%s', (marked, expected) => {
    expect(at(marked)).toEqual(expected)
  })

  it('of nothing begins with the attributes and the kinds of field, without every key', () => {
    const { options } = at('|')
    expect(options.slice(0, 2)).toEqual(['run_id', 'run_name'])
    expect(options).toEqual(expect.arrayContaining(['metrics.', 'params.', 'tags.', 'dataset.', 'NOT', '(']))
    expect(options).not.toContain('metrics.loss')
  })

  it('proposes only what a filter can begin with, at every place of any filter', () => {
    fc.assert(
      fc.property(filterArbitrary('runs'), fc.nat(), (filter, place) => {
        const text = formatFilter(filter)
        const caret = place % (text.length + 1)
        const { from, options } = completeFilter(text, caret, 'runs', known)
        for (const option of options) {
          const begun = text.slice(0, from) + option.text
          const { problem } = readFilter(begun, 'runs')
          const goesOn = problem === undefined || problem.expected !== undefined || option.kind === 'entity'
          expect(goesOn, `${begun}: ${problem?.message}`).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
