import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillwrightError } from '../../base/errors.ts'
import { filterLimits } from './filter-syntax.ts'
import { parseFilter, readFilter } from './parse-filter.ts'
import type { SearchSubjectName } from './search-subjects.ts'

/** The error of a filter: its message, and what mends it. */
function refusal(text: string, subject: SearchSubjectName = 'runs'): { message: string; hint?: string | undefined } {
  try {
    parseFilter(text, subject)
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error
    expect(error).toMatchObject({ code: 'invalid-request', field: 'filter' })
    return { message: error.message, hint: error.hint }
  }
  throw new Error(`was not refused: ${text}`)
}

const problem = (text: string) => readFilter(text, 'runs').problem

describe('a filter', () => {
  it('becomes a tree, each node with its place', () => {
    expect(parseFilter("metrics.`val loss` < 0.5 AND NOT status = 'FAILED'", 'runs')).toEqual({
      kind: 'and',
      from: 0,
      to: 50,
      of: [
        {
          kind: 'comparison',
          from: 0,
          to: 24,
          field: { entity: 'metric', key: 'val loss', from: 0, to: 18 },
          operator: '<',
          value: { value: 0.5, from: 21, to: 24 },
        },
        {
          kind: 'not',
          from: 29,
          to: 50,
          of: {
            kind: 'comparison',
            from: 33,
            to: 50,
            field: { entity: 'attribute', key: 'status', from: 33, to: 39 },
            operator: '=',
            value: { value: 'FAILED', from: 42, to: 50 },
          },
        },
      ],
    })
  })

  it('binds NOT before AND before OR, and parentheses before all', () => {
    const shape = (text: string): unknown => {
      const walk = (node: ReturnType<typeof parseFilter>): unknown => {
        if (!node) return undefined
        if (node.kind === 'not') return ['not', walk(node.of)]
        if ('of' in node) return [node.kind, ...node.of.map(walk)]
        return node.field.key
      }
      return walk(parseFilter(text.replace(/\b[abc]\b/g, 'params.$& IS NULL'), 'runs'))
    }
    expect(shape('a OR b AND c')).toEqual(['or', 'a', ['and', 'b', 'c']])
    expect(shape('(a OR b) AND c')).toEqual(['and', ['or', 'a', 'b'], 'c'])
    expect(shape('NOT a AND b')).toEqual(['and', ['not', 'a'], 'b'])
    expect(shape('not (a and b) or NOT NOT c')).toEqual(['or', ['not', ['and', 'a', 'b']], ['not', ['not', 'c']]])
    expect(shape('a AND b AND c')).toEqual(['and', 'a', 'b', 'c'])
    expect(shape('a AND (b AND c)')).toEqual(['and', 'a', ['and', 'b', 'c']])
    expect(shape('((a))')).toEqual('a')
    expect(shape(' \n ')).toBeUndefined()
  })

  it('takes keys in any quotes, and an alias for its attribute', () => {
    const field = (text: string) => {
      const node = parseFilter(text, 'runs')
      return node?.kind === 'comparison' ? [node.field.entity, node.field.key] : undefined
    }
    expect(field("params.`a``b` = 'x'")).toEqual(['param', 'a`b'])
    expect(field('tags."a ""b""" = \'x\'')).toEqual(['tag', 'a "b"'])
    expect(field("tag.mlflow.source.name = 'x'")).toEqual(['tag', 'mlflow.source.name'])
    expect(field('metrics.1a > 1')).toEqual(['metric', '1a'])
    expect(field("`run name` = 'x'")).toEqual(['attribute', 'run_name'])
    expect(field('"Start Time" > 1')).toEqual(['attribute', 'start_time'])
    expect(field("params.constructor = 'x'")).toEqual(['param', 'constructor'])
  })

  it('has numbers and texts as they are meant', () => {
    const value = (text: string, subject: SearchSubjectName = 'runs') => {
      const node = parseFilter(text, subject)
      return node?.kind === 'comparison'
        ? node.value.value
        : node?.kind === 'in' && node.values.map((each) => each.value)
    }
    expect(['.5', '5.', '-1e-3', '1E+2', '-0', '1e999'].map((number) => value(`metrics.a > ${number}`))).toEqual([
      0.5,
      5,
      -0.001,
      100,
      0,
      Number.POSITIVE_INFINITY,
    ])
    expect(value("params.a = 'it''s'")).toBe("it's")
    expect(value('params.a = "say ""x"""')).toBe('say "x"')
    expect(value("params.a = 'C:\\'")).toBe('C:\\')
    expect(value('params.a IN (\'x\', "y",)')).toEqual(['x', 'y'])
    expect(value('metrics.a NOT IN (1, 2)')).toEqual([1, 2])
    expect(value("experiment_id = '007'", 'experiments')).toBe('7')
    expect(value("version_number = '3'", 'modelVersions')).toBe(3)
  })
})

describe('a filter that is wrong', () => {
  it.each([
    ['metrcs.a > 1', 'filter, character 1: there is no kind of field metrcs', 'Did you mean metrics?'],
    ["statsu = 'x'", 'filter, character 1: there is no attribute statsu', 'Did you mean status?'],
    ["params = 'x'", 'filter, character 1: expected a key after params', 'Write params.<key>.'],
    [
      'loss < 1',
      'filter, character 1: there is no attribute loss',
      'What was logged is metrics.loss or params.loss or tags.loss.',
    ],
    ["dataset.nam = 'x'", 'filter, character 1: there is no key of a dataset nam', 'Did you mean name?'],
    ['metrics. > 1', 'filter, character 1: expected a key after metrics.', expect.stringContaining('backticks')],
    ["'status' = 'x'", 'filter, character 1: expected a field, found a text', expect.stringContaining('Single quotes')],
    ['metrics.a == 1', 'filter, character 11: expected = != < <= > >=, IN or IS, found ==', 'Write =.'],
    ["metrics.a > 1 && status = 'x'", 'filter, character 15: expected AND, OR or the end, found &&', 'Write AND.'],
    [
      'metrics.a-b > 1',
      'filter, character 10: expected = != < <= > >=, IN or IS, found -',
      'A key with - goes in backticks: metrics.`…`.',
    ],
    [
      "params.a > 'x'",
      'filter, character 10: params.a is a text, which cannot be compared by >',
      'Use one of = != LIKE ILIKE, IN, IS NULL.',
    ],
    [
      "metrics.a LIKE 'x'",
      'filter, character 11: metrics.a is a number, which cannot be compared by LIKE',
      'Use one of = != < <= > >=, IN, IS NULL.',
    ],
    [
      'params.a = 10',
      "filter, character 12: expected a text in quotes, such as 'adam', for params.a, found 10",
      "Write '10'.",
    ],
    ["metrics.a = '10'", "filter, character 13: expected a number for metrics.a, found '10'", undefined],
    ['metrics.a > 1.2.3', 'filter, character 13: expected a number for metrics.a, found 1.2.3', undefined],
    ["params.a = 'x", 'filter, character 12: the quote is not closed', undefined],
    ["params.a NOT LIKE 'x'", 'filter, character 14: expected IN after NOT', expect.stringContaining('NOT field LIKE')],
    ["params.a = 'x' params.b = 'y'", 'filter, character 16: expected AND, OR or the end, found params.b', undefined],
    ["(params.a = 'x'", 'filter, character 16: expected AND, OR or ), found the end of the filter', undefined],
    [
      "params.a = 'x' AND",
      'filter, character 19: expected a field, such as metrics.loss, found the end of the filter',
      undefined,
    ],
    ['run_id IN ()', "filter, character 12: expected a text in quotes, such as 'adam', for run_id, found )", undefined],
    ["status = 'x'; DROP TABLE run", 'filter, character 13: expected AND, OR or the end, found ;', undefined],
    ["status = 'x' -- y", 'filter, character 14: expected AND, OR or the end, found -', undefined],
  ])('%s', (text, message, hint) => {
    expect(refusal(text)).toEqual({ message, hint })
  })

  it.each([
    ["attributes.name = 'x'", 'experiments'],
    ['metrics.a > 1', 'registeredModels'],
    ['creation_time > 1.5', 'experiments'],
    ["experiment_id = 'x'", 'experiments'],
    ["experiment_id LIKE '1'", 'experiments'],
    ['version_number = 1e0', 'modelVersions'],
    ["tag.t = 'x'", 'loggedModels'],
    ["dataset.name = 'x'", 'loggedModels'],
  ] as const)('%s, of %s', (text, subject) => {
    expect(refusal(text, subject).message).toContain('filter, character')
  })

  it('is underlined where it is wrong', () => {
    expect(problem("metrics.a > 1 AND prams.b = 'x'")).toMatchObject({ from: 18, to: 25 })
    expect(problem('metrics.a > ')).toMatchObject({ from: 12, to: 12, expected: { what: 'value' } })
  })

  it('is not repeated at length', () => {
    for (const text of [
      `${'x'.repeat(5000)} = 'y'`,
      `params.a ${'x'.repeat(5000)}`,
      `params.a = ${'9'.repeat(5000)}`,
    ]) {
      const { message, hint = '' } = refusal(text)
      expect(message.length + hint.length).toBeLessThan(300)
    }
  })
})

describe('the limits', () => {
  const clause = "params.a = 'x'"

  it('are told with their numbers, and what is at them is taken', () => {
    const { clauses, depth, values, length, pattern } = filterLimits
    const list = (count: number) => `params.a IN (${Array(count).fill("'x'").join(', ')})`
    const deep = (count: number) => '('.repeat(count) + clause + ')'.repeat(count)
    const like = (count: number) => `params.a LIKE '${'%'.repeat(count)}'`
    for (const [text, over, limit] of [
      [
        Array(clauses).fill(clause).join(' OR '),
        Array(clauses + 1)
          .fill(clause)
          .join(' OR '),
        clauses,
      ],
      [deep(depth), deep(depth + 1), depth],
      [`${'NOT '.repeat(depth)}${clause}`, `${'NOT '.repeat(depth + 1)}${clause}`, depth],
      [list(values), list(values + 1), values],
      [like(pattern), like(pattern + 1), pattern],
      [clause.padEnd(length), clause.padEnd(length + 1), length],
    ] as const) {
      expect(parseFilter(text, 'runs')).toBeDefined()
      expect(refusal(over).message).toContain(String(limit))
    }
  })

  it('leave no text that takes long: time grows with the length, whatever is written', { timeout: 60_000 }, () => {
    const pieces = [
      "'",
      '"',
      '`',
      '(',
      'NOT ',
      "''",
      'a.',
      '.',
      '1',
      '1.',
      '1e',
      '-',
      '<',
      '$',
      'params.a=',
      "\\'",
      ' ',
      '🙂',
      clause,
    ]
    for (const piece of pieces) {
      const text = piece.repeat(Math.floor(filterLimits.length / piece.length))
      const started = performance.now()
      readFilter(text, 'runs')
      expect(performance.now() - started, piece).toBeLessThan(2_000)
    }
  })
})

it('reads whatever is written without a fault, and places what is wrong within it', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'metrics.a',
      'params.',
      'status',
      '=',
      '>',
      'LIKE',
      "'x'",
      '"',
      '`',
      '1.5',
      '(',
      ')',
      ',',
      'IN',
      'NOT',
      'AND',
      'OR',
      'IS',
      'NULL',
      ' ',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom('', ' '), (pieces, between) => {
      const text = pieces.join(between)
      const found = problem(text)
      if (!found) return
      expect(found.from).toBeGreaterThanOrEqual(0)
      expect(found.to).toBeGreaterThanOrEqual(found.from)
      expect(found.to).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 500 },
  )
})
