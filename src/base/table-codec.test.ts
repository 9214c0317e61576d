import fc from 'fast-check'
import { expect, test } from 'vitest'
import { numberVector, rowAt, sliceTable, type Table, textVector, type Vector } from './columns.ts'
import { decodeTable, encodeTable } from './table-codec.ts'

test('gives back any rows, bit for bit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double(), fc.option(fc.string({ unit: 'grapheme' })))),
      fc.nat(5),
      fc.string(),
      (rows, skipped, name) => {
        const table: Table = {
          rows: rows.length,
          columns: new Map<string, Vector>([
            ['number', numberVector(rows.map((row) => row[0]))],
            [`text ${name}`, textVector(rows.map((row) => row[1]))],
          ]),
        }
        const part = sliceTable(table, Math.min(skipped, rows.length), rows.length)
        const { table: read, note } = decodeTable(encodeTable(part, { skipped }))
        expect(note).toEqual({ skipped })
        expect(read.rows).toBe(part.rows)
        for (let row = 0; row < part.rows; row += 1) expect(rowAt(read, row)).toEqual(rowAt(part, row))
      },
    ),
  )
})

test('refuses bytes that are cut off', () => {
  const bytes = encodeTable({ rows: 2, columns: new Map([['a', numberVector([1, 2])]]) })
  expect(() => decodeTable(bytes.subarray(0, bytes.length - 1))).toThrow(RangeError)
})
