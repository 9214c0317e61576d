import type { RunRow } from '../../contract/run-row.ts'

type Test = (row: RunRow) => boolean

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
}
/** Texts of rows are put together once: a key press must not do that for 100,000 of them. */
const texts = new WeakMap<RunRow, string>()

function textOf(row: RunRow): string {
  const known = texts.get(row)
  if (known !== undefined) return known
  const { id, pipeline, state, startedBy, reason, params, commit, environmentName, error, model } = row
  const made = [id, pipeline, state, startedBy, reason, commit, environmentName, error, model?.version, model?.state]
    .concat(Object.entries(params).map(([name, value]) => `${name}=${JSON.stringify(value)}`))
    .join('\n')
    .toLowerCase()
  texts.set(row, made)
  return made
}

/** What a term names: seconds, a metric or a parameter. */
function figureOf(row: RunRow, name: string): unknown {
  if (name === 'seconds') {
    return row.startedAt === null || row.endedAt === null ? undefined : (row.endedAt - row.startedAt) / 1000
  }
  return row.model?.metrics[name] ?? row.params[name]
}

function testOf(word: string): Test {
  const [, name, sign, wanted] = /^([\w.-]+)(>=|<=|>|<|=)(.+)$/.exec(word) ?? []
  if (name === undefined || sign === undefined || wanted === undefined) {
    const sought = word.toLowerCase()
    return (row) => textOf(row).includes(sought)
  }
  if (sign === '=') return (row) => String(figureOf(row, name) ?? '') === wanted
  const bound = Number(wanted)
  return (row) => {
    const value = figureOf(row, name)
    return typeof value === 'number' && comparisons[sign]!(value, bound)
  }
}

/** Whether a run fits all words of a filter: `drift` stands anywhere in it, `auc>0.7`, `seconds<60` and `rate=0.1` hold its figures to a bound. */
export function runFilter(text: string): Test {
  const tests = text.split(/\s+/).filter(Boolean).map(testOf)
  return (row) => tests.every((test) => test(row))
}
