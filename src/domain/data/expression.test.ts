import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberVector, type Table, textAt, textVector, type Vector } from '../../base/columns.ts'
import type { ColumnType } from '../../contract/definition.ts'
import { type Expression, expressionSchema } from '../../contract/expression.ts'
import { EntityTable } from './entity-table.ts'
import { compile, evaluate } from './expression.ts'
import { columnsOf, entitiesOf, usesRowKey } from './expression-columns.ts'
import { ObjectSource, tableSource } from './row-source.ts'

const types = new Map<string, ColumnType>([
  ['a', 'number'],
  ['b', 'number'],
  ['flag', 'boolean'],
  ['origin', 'ref'],
  ['at', 'time'],
])
const airports = new EntityTable('airport', 'iata', {
  rows: 3,
  columns: new Map<string, Vector>([
    ['iata', textVector(['SEA', 'JFK', 'XXX'])],
    ['latitude', numberVector([47.45, 40.64, Number.NaN])],
    ['longitude', numberVector([-122.31, -73.78, 0])],
    ['zone', textVector(['America/Los_Angeles', 'America/New_York', null])],
  ]),
})
const scope = { entity: () => airports }
const column = (name: string): Expression => ({ op: 'column', column: name })
const literal = (value: number | string | boolean | null): Expression => ({ op: 'literal', value })

function compute(expression: Expression, row: Record<string, unknown>): number | string | null {
  const source = new ObjectSource(types)
  const compiled = compile(expressionSchema.parse(expression), source, scope)
  source.set(row)
  return compiled.at(0)
}

describe('expression', () => {
  test('a missing operand makes the result missing', () => {
    const missing = { a: null, b: 1, flag: null, origin: null }
    for (const op of ['add', 'subtract', 'multiply', 'divide', 'at-least', 'less', 'equal', 'not-equal'] as const) {
      expect(compute({ op, left: column('a'), right: column('b') }, missing)).toBeNaN()
    }
    expect(compute({ op: 'and', of: [column('flag'), literal(false)] }, missing)).toBeNaN()
    expect(compute({ op: 'not', of: column('flag') }, missing)).toBeNaN()
    expect(compute({ op: 'is-missing', of: column('a') }, missing)).toBe(1)
    expect(compute({ op: 'is-missing', of: column('origin') }, missing)).toBe(1)
    expect(compute({ op: 'join', of: [column('origin'), literal('x')], separator: '-' }, missing)).toBeNull()
    expect(compute({ op: 'bucket', of: column('a'), bounds: [1], labels: ['x', 'y'] }, missing)).toBeNull()
    expect(compute({ op: 'divide', left: column('b'), right: literal(0) }, missing)).toBeNaN()
  })

  test('operators do what they say', () => {
    const row = { a: 6, b: 4, flag: true, origin: 'SEA', at: Date.UTC(2001, 0, 1, 2, 30) }
    expect(compute({ op: 'subtract', left: column('a'), right: column('b') }, row)).toBe(2)
    expect(compute({ op: 'divide', left: column('a'), right: column('b') }, row)).toBe(1.5)
    expect(compute({ op: 'at-least', left: column('a'), right: literal(6) }, row)).toBe(1)
    expect(compute({ op: 'greater', left: column('a'), right: literal(6) }, row)).toBe(0)
    expect(compute({ op: 'equal', left: column('origin'), right: literal('SEA') }, row)).toBe(1)
    expect(compute({ op: 'not-equal', left: column('origin'), right: literal('SEA') }, row)).toBe(0)
    expect(compute({ op: 'or', of: [{ op: 'not', of: column('flag') }, literal(true)] }, row)).toBe(1)
    expect(compute({ op: 'join', of: [column('origin'), column('a'), column('flag')], separator: '-' }, row)).toBe(
      'SEA-6-true',
    )
    const bounds = { bounds: [4, 6], labels: ['low', 'middle', 'high'] }
    expect(compute({ op: 'bucket', of: column('a'), ...bounds }, row)).toBe('high')
    expect(compute({ op: 'bucket', of: column('b'), ...bounds }, row)).toBe('middle')
    const zone: Expression = { op: 'attribute', entity: 'airport', key: column('origin'), attribute: 'zone' }
    expect(compute({ op: 'calendar', part: 'hour', time: column('at'), zone }, row)).toBe(18)
    expect(compute({ op: 'calendar', part: 'hour', time: column('at'), zone: null }, row)).toBe(2)
    expect(compute({ op: 'utc', local: column('at'), zone }, row)).toBe(Date.UTC(2001, 0, 1, 10, 30))
    const place = (attribute: string): Expression => ({
      op: 'attribute',
      entity: 'airport',
      key: column('origin'),
      attribute,
    })
    const zoneAt: Expression = { op: 'zone-at', latitude: place('latitude'), longitude: place('longitude') }
    expect(compute(zoneAt, row)).toBe('America/Los_Angeles')
    expect(compute(zoneAt, { origin: 'XXX' })).toBeNull()
    expect(compute(zone, { origin: 'nowhere' })).toBeNull()
  })

  test('a row key needs a file', () => {
    expect(() => compute({ op: 'row-key' }, {})).toThrowError(/source file/)
    const keyed = compile({ op: 'row-key' }, tableSource({ rows: 0, columns: new Map() }), {
      rowKey: { prefix: 'abc', at: (row) => row + 7 },
    })
    expect(keyed.at(1)).toBe('abc-8')
  })

  test('names what does not fit', () => {
    expect(() => compute(column('nothing'), {})).toThrowError(/no column "nothing"/)
    expect(() => compute({ op: 'add', left: column('origin'), right: literal(1) }, {})).toThrowError(/number is needed/)
    expect(() =>
      compute({ op: 'attribute', entity: 'airport', key: column('origin'), attribute: 'x' }, {}),
    ).toThrowError(/no attribute "x"/)
  })

  test('lists what it reads', () => {
    const expression: Expression = {
      op: 'utc',
      local: column('at'),
      zone: { op: 'attribute', entity: 'airport', key: column('origin'), attribute: 'zone' },
    }
    expect(columnsOf(expression)).toEqual(new Set(['at', 'origin']))
    expect(entitiesOf(expression)).toEqual(new Set(['airport']))
    expect(usesRowKey({ op: 'join', of: [{ op: 'row-key' }], separator: '' })).toBe(true)
  })

  test('computes the same for a table and for single objects, bit for bit', () => {
    const { numeric, textual } = fc.letrec<{ numeric: Expression; textual: Expression }>((tie) => ({
      numeric: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(column('a'), column('b'), column('flag'), column('at')),
        fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((value) => literal(value)),
        fc.record({
          op: fc.constantFrom(
            'add' as const,
            'multiply' as const,
            'divide' as const,
            'less' as const,
            'equal' as const,
          ),
          left: tie('numeric'),
          right: tie('numeric'),
        }),
        fc.record({
          op: fc.constantFrom('and' as const, 'or' as const),
          of: fc.array(tie('numeric'), { maxLength: 3 }),
        }),
        fc.record({ op: fc.constantFrom('not' as const), of: tie('numeric') }),
        fc.record({ op: fc.constant('is-missing' as const), of: fc.oneof(tie('numeric'), tie('textual')) }),
        fc.constant<Expression>({ op: 'calendar', part: 'hour', time: column('at'), zone: null }),
      ) as fc.Arbitrary<Expression>,
      textual: fc.oneof(
        { maxDepth: 3 },
        fc.constant(column('origin')),
        fc.string().map((value) => literal(value)),
        fc.record({
          op: fc.constant('join' as const),
          of: fc.array(tie('textual'), { maxLength: 3 }),
          separator: fc.constant('/'),
        }),
        fc.record({
          op: fc.constant('bucket' as const),
          of: tie('numeric'),
          bounds: fc.constant([0, 10]),
          labels: fc.constant(['x', 'y', 'z']),
        }),
      ) as fc.Arbitrary<Expression>,
    }))
    const rows = fc.array(
      fc.record({
        a: fc.option(fc.double({ noNaN: true })),
        b: fc.option(fc.integer()),
        flag: fc.option(fc.boolean()),
        origin: fc.option(fc.constantFrom('SEA', 'JFK', 'nowhere')),
        at: fc.option(fc.integer({ min: 0, max: 2e12 })),
      }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(fc.oneof(numeric, textual), rows, (expression, objects) => {
        const numbers = (name: 'a' | 'b' | 'flag' | 'at') =>
          numberVector(objects.map((object) => (object[name] === null ? Number.NaN : Number(object[name]))))
        const table: Table = {
          rows: objects.length,
          columns: new Map<string, Vector>([
            ['a', numbers('a')],
            ['b', numbers('b')],
            ['flag', numbers('flag')],
            ['at', numbers('at')],
            ['origin', textVector(objects.map((object) => object.origin))],
          ]),
        }
        const batch = evaluate(compile(expression, tableSource(table, types), scope), table.rows)
        const source = new ObjectSource(types)
        const single = compile(expression, source, scope)
        for (const [row, object] of objects.entries()) {
          source.set(object)
          expect(single.at(0)).toBe(batch.kind === 'text' ? textAt(batch, row) : batch.values[row]!)
        }
      }),
      { numRuns: 500 },
    )
  })
})
