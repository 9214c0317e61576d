import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { seed } from '../seed.ts'
import { notebookOf } from './notebook-file.ts'

const script = fileURLToPath(new URL('promoted_values.py', import.meta.url))
const without = spawnSync('python3', ['--version']).status !== 0
type Outcome = {
  broken?: string
  refused?: string[]
  unfit?: string
  expected?: unknown
  found?: unknown
  steps?: number
}

const outcomesOf = (notebooks: string[]): Outcome[] =>
  JSON.parse(
    execFileSync('python3', ['-B', script], {
      input: `[${notebooks.join(',')}]`,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    }),
  )

const number = fc.constantFrom('a', 'b', 'c')
const list = fc.constantFrom('p', 'q')
const small = fc.integer({ min: 0, max: 9 })
const lines = (head: string, body: string): string => `${head}\n    ${body.replaceAll('\n', '\n    ')}`

/** Statements that assign, read, change in place, share, and hide what they do in functions, loops and branches. */
const statement = fc.oneof(
  fc.tuple(number, number, small).map(([to, from, n]) => `${to} = ${from} + ${n}`),
  fc.tuple(number, small).map(([to, n]) => `${to} = ${n}`),
  fc.tuple(number, number).map(([to, from]) => `${to} += ${from}`),
  fc.tuple(number, list).map(([to, from]) => `${to} = len(${from}) + sum(each for row in ${from} for each in row)`),
  fc.tuple(number, number).map(([to, from]) => `${to} = twice(${from})`),
  fc.tuple(list, number, number).map(([to, one, other]) => `${to} = [[${one}], [${other}]]`),
  fc.tuple(list, list).map(([to, from]) => `${to} = ${from}`),
  fc.tuple(list, list).map(([to, from]) => `${to} = [*${from}]`),
  fc.tuple(list, number).map(([to, from]) => `${to}.append([${from}])`),
  fc.tuple(list, number).map(([to, from]) => `${to}[0][0] = ${from}`),
  fc.tuple(list, list).map(([to, from]) => `add_to(${to}, ${from}[0])`),
  fc.tuple(number, list).map(([to, from]) => `${to} = grown(${from})`),
  fc.tuple(number, number, number).map(([if_, to, from]) => lines(`if ${if_} > 3:`, `${to} = ${from}`)),
  fc.tuple(number, number).map(([to, from]) => lines(`for ${to} in range(${from} % 4):`, 'pass')),
  fc
    .tuple(number, number, small)
    .map(([to, inner, n]) => `${lines('def made(x):', `return x + ${inner}`)}\n${to} = made(${n})`),
  fc.tuple(number, number).map(([to, from]) => `${to} = (lambda ${from}: ${from} + 1)(${from})`),
  fc.tuple(number, list).map(([to, from]) => `${to} = sum(${to} for [${to}, *_] in ${from})`),
  fc.tuple(number, small).map(([to, n]) => lines(`class Held:`, `${to} = ${n}\n${to} = ${to} + 1`)),
  fc
    .tuple(number, list)
    .map(([to, from]) => `${lines('try:', `${to} = ${from}[7][0]`)}\n${lines('except IndexError:', `${to} = -1`)}`),
  fc
    .tuple(list, number)
    .map(([to, from]) => `text_${from} = """\n  ${to} {${from}}\n"""\n${to} = [[len(text_${from})]]`),
)
const setup = `def twice(x):
    return 2 * x
def add_to(rows, row):
    rows.append(row)
def grown(rows):
    rows.append([1])
    return len(rows)`
/** Not every name is asked for: what is changed through another name must show all the same. */
const told = (names: readonly string[]): string => `import json, os
told = [${names.join(', ')}]
with open(os.environ['MILLWRIGHT_OUTPUT'], 'w') as file:
    json.dump(told, file)`

const notebook = fc
  .tuple(
    fc.array(
      fc.tuple(fc.constantFrom('one', 'two', 'three', 'four'), fc.array(statement, { minLength: 1, maxLength: 4 })),
      { minLength: 2, maxLength: 6 },
    ),
    fc.subarray(['a', 'b', 'c', 'p', 'q'], { minLength: 1 }),
  )
  .map(([cells, names]) =>
    notebookOf(
      [setup],
      ['a, b, c = 1, 5, 8\np = [[2]]\nq = [[3], [4]]', 'step:begin'],
      ...cells.map(([name, statements]) => [statements.join('\n'), `step:${name}`] as const),
      [told(names), 'step:tell'],
    ),
  )

it.skipIf(without)(
  `steps of a notebook give what its cells give, or say why they would not${without ? ' (skipped: there is no python3)' : ''}`,
  () => {
    const count = Number(process.env.MILLWRIGHT_NOTEBOOKS ?? 300)
    const notebooks = fc.sample(notebook, {
      numRuns: count,
      seed,
    })
    const outcomes = outcomesOf(notebooks)
    const wrong = outcomes.flatMap((outcome, place) =>
      'expected' in outcome && JSON.stringify(outcome.expected) !== JSON.stringify(outcome.found)
        ? [
            {
              ...outcome,
              cells: JSON.parse(notebooks[place]!).cells.map((cell: { source: string; metadata: object }) => ({
                source: cell.source,
                ...cell.metadata,
              })),
            },
          ]
        : [],
    )
    expect(wrong.slice(0, 2)).toEqual([])
    const good = outcomes.filter((outcome) => 'expected' in outcome).length
    const whole = outcomes.filter((outcome) => !('broken' in outcome)).length
    expect(good / whole).toBeGreaterThan(0.15)
    expect(outcomes.some(({ unfit }) => unfit?.includes('make one of them a copy'))).toBe(true)
    expect(
      outcomes.some(({ refused }) => refused?.some((text) => text.includes('give these cells a step of their own'))),
    ).toBe(true)
  },
  120_000,
)
