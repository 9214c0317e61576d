import { type Table, TextBuilder, type Vector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { Column } from '../../contract/definition.ts'
import type { DatasetPlan } from './dataset-plan.ts'
import type { EntityTable } from './entity-table.ts'
import { isTextColumn } from './row-source.ts'
import { isTime, wholeMillisecond } from './whole-times.ts'

/** Rows as they are sent: by column, which is smaller and faster, or row by row. */
export type PushBody = { columns: Record<string, readonly unknown[]> } | { rows: readonly Record<string, unknown>[] }

/** How rows of a dataset may come in: what each value must be, judged row by row before anything is kept. */
export interface PushRules {
  plan: DatasetPlan
  /** Keys of the entities that a reference may name; null where nobody lists them. */
  known: (entity: string) => EntityTable | null
}

/**
 * Checks pushed rows and turns them into columns.
 *
 * @throws `invalid-data` naming the row and the field; then none of them is taken.
 */
export function readPushedRows(body: PushBody, rules: PushRules): Table {
  const { plan } = rules
  const rows = 'columns' in body ? (Object.values(body.columns)[0]?.length ?? 0) : body.rows.length
  const names = new Set(plan.pushed.map((column) => column.name))
  const wrong = (name: string, row: number, message: string, hint?: string): never => {
    throw new MillwrightError('invalid-data', `row ${row}: "${name}" ${message}`, {
      field: 'columns' in body ? `columns.${name}.${row}` : `rows.${row}.${name}`,
      hint,
    })
  }
  const unknown = (name: string, row: number) => {
    const column = plan.stored.find((each) => each.name === name)
    if (column !== undefined) wrong(name, row, 'is computed from the other columns; leave it out')
    wrong(name, row, `is no column of dataset "${plan.dataset.name}"`, `Its columns are ${[...names].join(', ')}.`)
  }
  if ('columns' in body) {
    for (const [name, values] of Object.entries(body.columns)) {
      if (!names.has(name)) unknown(name, 0)
      if (!Array.isArray(values) || values.length !== rows) {
        throw new MillwrightError('invalid-data', `column "${name}" has not as many values as the others`, {
          field: `columns.${name}`,
        })
      }
    }
  } else {
    for (const [row, object] of body.rows.entries()) {
      for (const name of Object.keys(object)) if (!names.has(name)) unknown(name, row)
    }
  }
  const columns = new Map<string, Vector>()
  for (const column of plan.pushed) {
    const values = 'columns' in body ? body.columns[column.name] : null
    const at =
      values === null
        ? (row: number) => (body as { rows: readonly Record<string, unknown>[] }).rows[row]![column.name]
        : (row: number) => values?.[row]
    columns.set(column.name, readColumn(column, rows, at, rules, wrong))
  }
  return { rows, columns }
}

type Wrong = (name: string, row: number, message: string, hint?: string) => never

function readColumn(
  column: Column,
  rows: number,
  at: (row: number) => unknown,
  rules: PushRules,
  wrong: Wrong,
): Vector {
  const { name, type, optional } = column
  const missing = (row: number) => {
    if (!optional) wrong(name, row, 'is missing')
  }
  if (isTextColumn(type)) {
    const entity = type === 'ref' && column.entity !== undefined ? rules.known(column.entity) : null
    const allowed = statedValues(rules.plan, name)
    const builder = new TextBuilder(rows)
    for (let row = 0; row < rows; row += 1) {
      const value = at(row)
      if (value === null || value === undefined) {
        missing(row)
        builder.push(null)
        continue
      }
      if (typeof value !== 'string') return wrong(name, row, `is a ${typeof value} where a text is expected`)
      if (entity !== null && !entity.has(value))
        wrong(name, row, `names no known ${column.entity}: ${value.slice(0, 80)}`)
      if (allowed !== null && !allowed.has(value))
        wrong(name, row, `is none of the values that may be: ${value.slice(0, 80)}`)
      builder.push(value)
    }
    return builder.finish()
  }
  const [min, max] = statedRange(rules.plan, name)
  const values = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) {
    const value = at(row)
    if (value === null || value === undefined) {
      missing(row)
      values[row] = Number.NaN
      continue
    }
    const number = readNumber(type, value)
    if (Number.isNaN(number)) wrong(name, row, `is not a ${type}: ${JSON.stringify(value)?.slice(0, 80)}`)
    if (number < min || number > max) wrong(name, row, `is ${number}, which is not between ${min} and ${max}`)
    values[row] = isTime(column) ? wholeMillisecond(number) : number
  }
  return { kind: 'number', values }
}

/** @returns NaN for what is none. A time is UTC milliseconds, or a text with its offset from UTC. */
function readNumber(type: Column['type'], value: unknown): number {
  if (type === 'boolean') return typeof value === 'boolean' ? Number(value) : Number.NaN
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN
  if (type === 'time' && typeof value === 'string' && /(Z|[+-]\d\d:?\d\d)$/.test(value)) return Date.parse(value)
  return Number.NaN
}

/** Expectations that no row may break are worth an answer to who sends it, rather than a refused day. */
function statedRange(plan: DatasetPlan, column: string): [number, number] {
  for (const each of plan.dataset.expectations) {
    if (each.kind === 'between' && each.column === column && each.mostly === 1 && each.severity === 'stop') {
      return [each.min ?? Number.NEGATIVE_INFINITY, each.max ?? Number.POSITIVE_INFINITY]
    }
  }
  return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
}

function statedValues(plan: DatasetPlan, column: string): ReadonlySet<string> | null {
  for (const each of plan.dataset.expectations) {
    if (each.kind === 'in' && each.column === column && each.mostly === 1 && each.severity === 'stop')
      return new Set(each.values)
  }
  return null
}
