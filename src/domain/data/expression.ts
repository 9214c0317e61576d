import tzLookup from '@photostructure/tz-lookup'
import { TextBuilder, textAt, type Vector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { Expression } from '../../contract/expression.ts'
import { calendarPart } from './calendar.ts'
import type { EntityTable } from './entity-table.ts'
import type { RowSource } from './row-source.ts'
import { timeZone } from './time-zone.ts'

/** An expression ready to run on row after row: NaN or null is missing. A boolean is 1 or 0. */
export type Compiled =
  | { kind: 'number' | 'boolean'; at: (row: number) => number }
  | { kind: 'text'; at: (row: number) => string | null }

export interface ExpressionScope {
  /** The entity's reference data. @throws `invalid-definition` for one without. */
  entity?: (name: string) => EntityTable
  /** What `row-key` puts before the row number, and the column that holds the number; null where rows come from no file. */
  rowKey?: { prefix: string; at: (row: number) => number } | null
}

/**
 * Compiles an expression for a source of rows, which is a table or one object: the same code computes both, so a value is the
 * same in training and in the prediction service.
 *
 * @throws `invalid-definition` when the columns' types do not fit the operators.
 */
export function compile(expression: Expression, source: RowSource, scope: ExpressionScope = {}): Compiled {
  const compileOne = (node: Expression) => compile(node, source, scope)
  const number = (node: Expression) => numeric(compileOne(node), node)
  const text = (node: Expression) => textual(compileOne(node), node)
  switch (expression.op) {
    case 'column':
      return source.column(expression.column)
    case 'literal':
      return literal(expression.value)
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
      return { kind: 'number', at: arithmetic(expression.op, number(expression.left), number(expression.right)) }
    case 'equal':
    case 'not-equal': {
      const [left, right] = [compileOne(expression.left), compileOne(expression.right)]
      const wanted = expression.op === 'equal' ? 1 : 0
      if (left.kind === 'text' || right.kind === 'text') {
        return { kind: 'boolean', at: sameText(textual(left, expression), textual(right, expression), wanted) }
      }
      return { kind: 'boolean', at: comparison(expression.op, left.at, right.at) }
    }
    case 'at-least':
    case 'at-most':
    case 'greater':
    case 'less':
      return { kind: 'boolean', at: comparison(expression.op, number(expression.left), number(expression.right)) }
    case 'and':
    case 'or':
      return { kind: 'boolean', at: connective(expression.op, expression.of.map(number)) }
    case 'not': {
      const of = number(expression.of)
      return {
        kind: 'boolean',
        at: (row) => {
          const value = of(row)
          return Number.isNaN(value) ? Number.NaN : value === 0 ? 1 : 0
        },
      }
    }
    case 'is-missing': {
      const of = compileOne(expression.of)
      if (of.kind === 'text') return { kind: 'boolean', at: (row) => (of.at(row) === null ? 1 : 0) }
      return { kind: 'boolean', at: (row) => (Number.isNaN(of.at(row)) ? 1 : 0) }
    }
    case 'calendar': {
      const part = calendarPart(expression.part)
      const time = number(expression.time)
      if (expression.zone === null) return { kind: 'number', at: (row) => part(time(row)) }
      const zone = text(expression.zone)
      return { kind: 'number', at: inZone(zone, time, (place, at) => part(place.localOf(at))) }
    }
    case 'utc':
      return {
        kind: 'number',
        at: inZone(text(expression.zone), number(expression.local), (place, at) => place.utcOf(at)),
      }
    case 'zone-at':
      return { kind: 'text', at: zoneAt(number(expression.latitude), number(expression.longitude)) }
    case 'attribute':
      return attribute(entityOf(scope, expression.entity), text(expression.key), expression.attribute)
    case 'bucket':
      return { kind: 'text', at: bucket(number(expression.of), expression.bounds, expression.labels) }
    case 'join': {
      const parts = expression.of.map((node) => asText(compileOne(node)))
      return { kind: 'text', at: joined(parts, expression.separator) }
    }
    case 'row-key': {
      const rowKey = scope.rowKey
      if (rowKey === null || rowKey === undefined) {
        throw new MillwrightError('invalid-definition', 'a row key exists only for rows of a source file', {
          hint: 'Send the key with the row.',
        })
      }
      return { kind: 'text', at: (row) => `${rowKey.prefix}-${rowKey.at(row)}` }
    }
  }
}

/** Runs a compiled expression over rows 0 to `rows` - 1. */
export function evaluate(compiled: Compiled, rows: number): Vector {
  if (compiled.kind === 'text') {
    const builder = new TextBuilder(rows)
    for (let row = 0; row < rows; row += 1) builder.push(compiled.at(row))
    return builder.finish()
  }
  const values = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) values[row] = compiled.at(row)
  return { kind: 'number', values }
}

type NumberAt = (row: number) => number
type TextAt = (row: number) => string | null

function literal(value: number | string | boolean | null): Compiled {
  if (typeof value === 'string') return { kind: 'text', at: () => value }
  const number = value === null ? Number.NaN : Number(value)
  return { kind: typeof value === 'boolean' ? 'boolean' : 'number', at: () => number }
}

/** What is no finite number is missing: a division by zero, an overflow. */
function arithmetic(op: 'add' | 'subtract' | 'multiply' | 'divide', left: NumberAt, right: NumberAt): NumberAt {
  const known = (value: number) => (value - value === 0 ? value : Number.NaN)
  if (op === 'add') return (row) => known(left(row) + right(row))
  if (op === 'subtract') return (row) => known(left(row) - right(row))
  if (op === 'multiply') return (row) => known(left(row) * right(row))
  return (row) => known(left(row) / right(row))
}

type Comparison = 'equal' | 'not-equal' | 'at-least' | 'at-most' | 'greater' | 'less'
const comparisons: Record<Comparison, (a: number, b: number) => boolean> = {
  equal: (a, b) => a === b,
  'not-equal': (a, b) => a !== b,
  'at-least': (a, b) => a >= b,
  'at-most': (a, b) => a <= b,
  greater: (a, b) => a > b,
  less: (a, b) => a < b,
}

function comparison(op: Comparison, left: NumberAt, right: NumberAt): NumberAt {
  const holds = comparisons[op]
  return (row) => {
    const a = left(row)
    const b = right(row)
    return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : holds(a, b) ? 1 : 0
  }
}

function sameText(left: TextAt, right: TextAt, wanted: 0 | 1): NumberAt {
  return (row) => {
    const a = left(row)
    const b = right(row)
    return a === null || b === null ? Number.NaN : a === b ? wanted : 1 - wanted
  }
}

function connective(op: 'and' | 'or', of: readonly NumberAt[]): NumberAt {
  return (row) => {
    let holds = op === 'and'
    for (const part of of) {
      const value = part(row)
      if (Number.isNaN(value)) return Number.NaN
      holds = op === 'and' ? holds && value !== 0 : holds || value !== 0
    }
    return holds ? 1 : 0
  }
}

function inZone(
  zone: TextAt,
  time: NumberAt,
  convert: (zone: ReturnType<typeof timeZone>, at: number) => number,
): NumberAt {
  let lastName: string | null = null
  let last: ReturnType<typeof timeZone> | undefined
  return (row) => {
    const name = zone(row)
    const at = time(row)
    if (name === null || Number.isNaN(at)) return Number.NaN
    if (name !== lastName || last === undefined) {
      last = timeZone(name)
      lastName = name
    }
    return convert(last, at)
  }
}

function zoneAt(latitude: NumberAt, longitude: NumberAt): TextAt {
  return (row) => {
    const [north, east] = [latitude(row), longitude(row)]
    if (!(Math.abs(north) <= 90 && Math.abs(east) <= 180)) return null
    return tzLookup(north, east)
  }
}

function attribute(entity: EntityTable, key: TextAt, name: string): Compiled {
  const vector = entity.attribute(name)
  const find: NumberAt = (row) => {
    const text = key(row)
    return text === null ? -1 : entity.find(text)
  }
  if (vector.kind === 'text') {
    return {
      kind: 'text',
      at: (row) => {
        const place = find(row)
        return place < 0 ? null : textAt(vector, place)
      },
    }
  }
  return {
    kind: 'number',
    at: (row) => {
      const place = find(row)
      return place < 0 ? Number.NaN : vector.values[place]!
    },
  }
}

function bucket(of: NumberAt, bounds: readonly number[], labels: readonly string[]): TextAt {
  if (labels.length !== bounds.length + 1) {
    throw new MillwrightError('invalid-definition', `${bounds.length} bounds need ${bounds.length + 1} labels`, {
      field: 'labels',
    })
  }
  return (row) => {
    const value = of(row)
    if (Number.isNaN(value)) return null
    let place = 0
    while (place < bounds.length && value >= bounds[place]!) place += 1
    return labels[place]!
  }
}

function joined(parts: readonly TextAt[], separator: string): TextAt {
  return (row) => {
    let whole = ''
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i]!(row)
      if (part === null) return null
      whole = i === 0 ? part : whole + separator + part
    }
    return whole
  }
}

function asText(compiled: Compiled): TextAt {
  if (compiled.kind === 'text') return compiled.at
  const isBoolean = compiled.kind === 'boolean'
  return (row) => {
    const value = compiled.at(row)
    return Number.isNaN(value) ? null : isBoolean ? String(value !== 0) : String(value)
  }
}

function numeric(compiled: Compiled, node: Expression): NumberAt {
  if (compiled.kind !== 'text') return compiled.at
  throw new MillwrightError('invalid-definition', `"${node.op}" gives a text where a number is needed`)
}

function textual(compiled: Compiled, node: Expression): TextAt {
  if (compiled.kind === 'text') return compiled.at
  if (node.op === 'literal' && node.value === null) return () => null
  throw new MillwrightError('invalid-definition', `"${node.op}" gives a number where a text is needed`)
}

function entityOf(scope: ExpressionScope, name: string): EntityTable {
  if (scope.entity !== undefined) return scope.entity(name)
  throw new MillwrightError('invalid-definition', `the attributes of entity "${name}" are not known here`)
}
