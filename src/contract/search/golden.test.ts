import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { matches, type SearchRow } from './match-filter.ts'
import { readFilter } from './parse-filter.ts'
import { parseOrder } from './parse-order.ts'
import { type SearchSubjectName, searchSubjects } from './search-subjects.ts'

interface GoldenSubject {
  rows: (Omit<SearchRow, 'metrics'> & { metrics?: Record<string, string | string[]> })[]
  filters: { filter: string; refused?: true; found?: number[] }[]
  orders: { order: string; refused?: true; parsed?: [string, string, boolean] }[]
}

// Made by test/golden/search.py with MLflow's own stores.
const golden = JSON.parse(readFileSync(new URL('../../../test/golden/search.json', import.meta.url), 'utf8')) as Record<
  SearchSubjectName,
  GoldenSubject
>

/** Python's spelling of a number. */
const numberOf = (text: string): number =>
  ({ nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY })[text] ?? Number(text)

/** What MLflow refuses and we take. */
const taken: Record<string, readonly string[]> = {
  'OR, NOT and parentheses': [
    '(metrics.m0 > 0)',
    'NOT metrics.m0 > 0',
    "metrics.m0 > 0 AND (params.p0 = 'sgd')",
    'metrics.m0 > 0 OR metrics.m1 > 0',
    'metrics.m0 > 0 or metrics.m1 > 0',
    "tags.t0 != 'x' OR params.p0 != 'x'",
  ],
  'IN everywhere': [
    "experiment_id in ('2', '3')",
    'metrics.m0 IN (1)',
    "name IN ('école/new-0')",
    "params.p1 IN ('adam')",
    "params.p1 NOT IN ('adam')",
    "run_name IN ('first')",
    "source_path IN ('s3://bucket/m-1')",
    'start_time IN (1050)',
    "status IN ('FAILED')",
    "tags.t0 IN ('a')",
    "tags.t1 IN ('a')",
    'version_number IN (1)',
  ],
  'null tests everywhere': [
    'dataset.context IS NOT NULL',
    'dataset.name IS NULL',
    'end_time IS NULL',
    'metrics.m0 IS NOT NULL',
    'metrics.m0 IS NULL',
    'name IS NULL',
    'params.p0 IS NULL',
    'run_id IS NULL',
    'status IS NULL',
    'tags.t0 IS NULL',
  ],
  'white space of any kind and length, and alone': [' ', 'params.p1 Is  Not  Null', "\ufeffstatus = 'FINISHED'"],
  'a sign in an exponent': ['metrics.m0 > 1e+5'],
  'operators in any case for experiments': ["name like 'flights%'", "name ilike 'f%'", "tags.t0 like '%a%'"],
  'another name of the start, which its screens show': ['"Start Time" > 1100', 'attributes.`Start Time` > 1100'],
  'the attributes of logged models behind their word too': ['attributes.creation_timestamp <= 1700000058000'],
}

/** What MLflow takes and we refuse. */
const refused: Record<string, readonly string[]> = {
  'AND joins two clauses: what is left out or too much may be half of a filter': [
    'AND',
    'AND metrics.m0 > 0',
    'metrics.m0 > 0 AND',
    'metrics.m0 > 0 AND AND metrics.m1 > 0',
    'metrics.m0 > 0 metrics.m1 > 0',
    "params.p0 = 'adam' params.p1 = 'sgd'",
  ],
  'a key has a name': ['metrics. > 1'],
  'a list is read as SQL has it, and not as a value of Python': ["run_id IN ('a' 'b')", "run_id IN (('a'))"],
  'a backslash is a character like another, so that a text can end in one': ["params.p1 = 'it\\'s'"],
}

/** What both take, and find other rows by. */
const found: Record<string, readonly string[]> = {
  'a doubled quote is one quote, as in SQL, so that every text can be written': [
    "params.p1 = 'it''s'",
    'params.p1 = "say ""x"""',
  ],
  'the state of a logged model is compared by its name, and not by a number that nobody sees': ["status = 'READY'"],
  'texts may stand in double quotes for logged models too': ['name = "m1"', 'params.p0 = "adam"'],
}

/** Orderings that MLflow and we take otherwise, and why. */
const orderDifferences: Partial<Record<SearchSubjectName, Record<string, string>>> = {
  runs: {
    'metrics.': 'a key has a name',
    '  start_time   DESC  ': 'white space around is nothing',
  },
  registeredModels: { 'attribute.name': 'a filter of the same models takes it' },
}

const subjects = Object.keys(searchSubjects) as SearchSubjectName[]

/** Differences that were met, so that none stays on a list that is no difference any more. */
const met = new Set<string>()
function differenceOf(name: SearchSubjectName, rows: SearchRow[], each: GoldenSubject['filters'][number]) {
  const { filter, problem } = readFilter(each.filter, name)
  if (problem) return each.refused ? undefined : `we refuse: ${problem.message}`
  if (each.refused) return 'we take what is refused'
  // A search of the registry leaves prompts out by itself, unless the filter asks for them.
  const asked = each.filter.includes('is_prompt')
  const ours = rows.flatMap((row, index) => {
    const hidden = !asked && row.tags?.['mlflow.prompt.is_prompt'] === 'true' && name === 'registeredModels'
    return !hidden && matches(filter, row, name) ? [index] : []
  })
  return JSON.stringify(ours) === JSON.stringify(each.found) ? undefined : `we find ${ours}, and not ${each.found}`
}

describe.each(subjects)('the search of %s', (name) => {
  const { rows: written, filters, orders } = golden[name]
  const rows = written.map(({ metrics = {}, ...row }) => ({
    ...row,
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([key, value]) => [
        key,
        Array.isArray(value) ? value.map(numberOf) : numberOf(value),
      ]),
    ),
  }))

  it('was compared: enough filters are taken, refused, and find some rows but not all', () => {
    expect(filters.length).toBeGreaterThan(30)
    expect(filters.filter((each) => each.refused).length).toBeGreaterThan(9)
    expect(filters.filter((each) => each.found?.length && each.found.length < rows.length).length).toBeGreaterThan(15)
  })

  it('finds what MLflow finds, but for the differences that have a reason', () => {
    const unexplained = filters.flatMap((each) => {
      const difference = differenceOf(name, rows, each)
      if (!difference) return []
      const list = each.refused ? taken : difference.startsWith('we refuse') ? refused : found
      const reason = Object.keys(list).find((key) => list[key]!.includes(each.filter))
      if (reason) met.add(reason)
      return reason ? [] : [`${each.filter}: ${difference}`]
    })
    expect(unexplained).toEqual([])
  })

  it('orders by what MLflow orders by', () => {
    const aliases = searchSubjects[name].order.attributes as Record<string, readonly string[]>
    const canonical = (key: string) => Object.keys(aliases).find((each) => aliases[each]!.includes(key)) ?? key
    const differences = orders.flatMap(({ order, parsed, refused: no }) => {
      let ours: string | undefined
      try {
        const [item] = parseOrder([order], name)
        ours = JSON.stringify([item!.entity === 'param' ? 'parameter' : item!.entity, item!.key, !item!.descending])
      } catch {
        ours = undefined
      }
      const theirs = parsed && JSON.stringify([parsed[0], canonical(parsed[1]), parsed[2]])
      return ours === (no ? undefined : theirs) ? [] : [order]
    })
    expect(differences).toEqual(Object.keys(orderDifferences[name] ?? {}))
  })
})

it('has no difference on its lists that is none', () => {
  const listed = [taken, refused, found].flatMap((lists) => Object.keys(lists))
  expect(listed.filter((reason) => !met.has(reason))).toEqual([])
})
