import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  numbersOf,
  numberVector,
  rowAt,
  type Table,
  textAt,
  textsOf,
  textVector,
  type Vector,
} from '../base/columns.ts'
import type { TableFile, Tables, TypedColumn } from './tables.ts'

const flightColumns: TypedColumn[] = [
  { name: 'id', type: 'key' },
  { name: 'at', type: 'time' },
  { name: 'origin', type: 'ref' },
  { name: 'delay', type: 'number' },
  { name: 'cancelled', type: 'boolean' },
]

function flightRows(count: number): Table {
  const origins = ['SEA', 'a name longer than twelve bytes', 'Zürich 🛬', "O'Hare"]
  const row = Array.from({ length: count }, (_, i) => i)
  return {
    rows: count,
    columns: new Map<string, Vector>([
      ['id', textVector(row.map((i) => `flight-number-${i}`))],
      ['at', numberVector(row.map((i) => (i % 10 === 9 ? Number.NaN : Date.UTC(2001, 0, 1) + i * 60_000)))],
      ['origin', textVector(row.map((i) => (i % 7 === 0 ? null : origins[i % 4]!)))],
      ['delay', numberVector(row.map((i) => (i % 5 === 0 ? Number.NaN : i - 20.5)))],
      ['cancelled', numberVector(row.map((i) => (i % 3 === 0 ? Number.NaN : i % 2)))],
    ]),
  }
}

/** What every engine for tables must do. */
export function tablesConformance(name: string, setup: () => Promise<{ tables: Tables; folder: string }>): void {
  describe(`tables: ${name}`, () => {
    let tables: Tables
    let folder: string
    beforeAll(async () => {
      ;({ tables, folder } = await setup())
    })
    afterAll(async () => tables.close())

    async function written(path: string, table: Table, columns: TypedColumn[]): Promise<TableFile> {
      const file: TableFile = { format: 'parquet', path: join(folder, path) }
      const writer = await tables.write(file.path, columns)
      await writer.append(table)
      await writer.finish()
      return file
    }
    const rowsOf = (table: Table) => Array.from({ length: table.rows }, (_, row) => rowAt(table, row))

    test('gives back what was written: texts of any length and script, missing values, times, booleans', async () => {
      const table = flightRows(5000)
      const file = await written('all.parquet', table, flightColumns)
      const read = await tables.read([file], { columns: flightColumns })
      expect(rowsOf(read)).toEqual(rowsOf(table))
      expect(await tables.schema(file)).toMatchObject([
        { name: 'id', storedAs: 'text' },
        { name: 'at', storedAs: 'time' },
        { name: 'origin', storedAs: 'text' },
        { name: 'delay', storedAs: 'number' },
        { name: 'cancelled', storedAs: 'boolean' },
      ])
    })

    test('writes a file whole or not at all', async () => {
      const path = join(folder, 'aborted.parquet')
      const writer = await tables.write(path, flightColumns)
      await writer.append(flightRows(10))
      await writer.abort()
      await expect(tables.read([{ format: 'parquet', path }], { columns: flightColumns })).rejects.toMatchObject({
        code: 'not-found',
      })
    })

    test('filters by ranges, in which a missing value never lies', async () => {
      const file = await written('filter.parquet', flightRows(100), flightColumns)
      const delay: TypedColumn = { name: 'delay', type: 'number' }
      const above = await tables.read([file], { columns: [delay], where: [{ ...delay, above: 70 }] })
      expect([...numbersOf(above, 'delay')]).toEqual(
        [...Array(100).keys()].filter((i) => i % 5 && i > 90).map((i) => i - 20.5),
      )
      const at: TypedColumn = { name: 'at', type: 'time' }
      const noon = Date.UTC(2001, 0, 1, 0, 10)
      const window = [{ ...at, above: noon, atMost: noon + 180_000 }]
      const minutes = await tables.read([file], { columns: [at], where: window })
      expect([...numbersOf(minutes, 'at')]).toEqual([11, 12, 13].map((i) => Date.UTC(2001, 0, 1, 0, i)))
      expect(await tables.count([file], { where: window })).toBe(3)
      expect(await tables.count([file])).toBe(100)
    })

    test('orders, with missing values last, and numbers rows', async () => {
      const file = await written('order.parquet', flightRows(50), flightColumns)
      const origin: TypedColumn = { name: 'origin', type: 'ref' }
      const read = await tables.read([file], { columns: [origin], orderBy: [origin], rowNumber: 'place' })
      const texts = Array.from({ length: 50 }, (_, row) => textAt(textsOf(read, 'origin'), row))
      const known = texts.filter((text) => text !== null)
      expect(texts.slice(known.length).every((text) => text === null)).toBe(true)
      expect(known).toEqual([...known].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      const places = [...numbersOf(read, 'place')]
      expect(new Set(places).size).toBe(50)
      for (let row = 1; row < 50; row += 1) {
        if (texts[row] === texts[row - 1]) expect(places[row]!).toBeGreaterThan(places[row - 1]!)
      }
    })

    test('samples the same rows every time, and parts that together are everything', async () => {
      const file = await written('sample.parquet', flightRows(20_000), flightColumns)
      const columns = [flightColumns[0]!]
      const query = { columns, sample: { key: 'id', share: 0.25 } }
      const [one, two] = [await tables.read([file], query), await tables.read([file], query)]
      expect(rowsOf(one)).toEqual(rowsOf(two))
      expect(one.rows).toBeGreaterThan(4600)
      expect(one.rows).toBeLessThan(5400)
      const counts = await Promise.all(
        [0, 1, 2].map((index) => tables.count([file], { part: { column: 'id', index, of: 3 } })),
      )
      expect(counts[0]! + counts[1]! + counts[2]!).toBe(20_000)
    })

    test('finds the rows with a text, which is a text whatever it holds', async () => {
      const file = await written('text.parquet', flightRows(200), flightColumns)
      const rows = await tables.read([file], { columns: flightColumns, text: { column: 'origin', is: "O'Hare" } })
      const origins = textsOf(flightRows(200), 'origin')
      const wanted = Array.from({ length: 200 }, (_, row) => textAt(origins, row)).filter((text) => text === "O'Hare")
      expect(rows.rows).toBe(wanted.length)
      expect(await tables.count([file], { text: { column: 'origin', is: "SEA' OR '1' = '1" } })).toBe(0)
      expect(await tables.count([file], { text: { column: 'not there', is: 'SEA' } })).toBe(0)
    })

    test('summarises many files in one pass, with a histogram on given edges', async () => {
      const table = flightRows(1000)
      const files = [
        await written('s1.parquet', table, flightColumns),
        await written('s2.parquet', table, flightColumns),
      ]
      const [delay, origin] = await tables.summarise(files, [
        { name: 'delay', type: 'number', edges: [0, 100, 200.5, 500] },
        { name: 'origin', type: 'ref', top: 2 },
      ])
      const known = [...numbersOf(table, 'delay')].filter((value) => !Number.isNaN(value))
      const within = (from: number, to: number) => 2 * known.filter((value) => value >= from && value < to).length
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length
      expect(delay).toMatchObject({ rows: 2000, nulls: 400, distinct: 800, min: -19.5, max: 978.5 })
      expect(delay!.mean).toBeCloseTo(mean, 9)
      expect(delay!.histogram).toEqual({
        edges: [0, 100, 200.5, 500],
        counts: [within(0, 100), within(100, 200.5), within(200.5, 500.0001)],
        below: within(-1000, 0),
        above: within(500.0001, 5000),
      })
      known.sort((a, b) => a - b)
      expect(delay!.quantiles![3]).toBe((known[399]! + known[400]!) / 2)
      expect(origin).toMatchObject({ distinct: 4, nulls: 286, mean: null, histogram: null })
      expect(origin!.top!.length).toBe(2)
    })

    test('counts rows that break a rule and shows five; a missing value breaks only presence', async () => {
      const file = await written('check.parquet', flightRows(100), flightColumns)
      const [id, , origin, delay] = flightColumns as [TypedColumn, TypedColumn, TypedColumn, TypedColumn]
      const results = await tables.check(
        [file],
        [
          { kind: 'between', column: delay, min: -10, max: null },
          { kind: 'in', column: origin, values: new Set(['SEA', "O'Hare"]) },
          { kind: 'present', column: origin },
          { kind: 'matches', column: id, pattern: '^flight-number-[0-9]$' },
          { kind: 'unique', columns: [id] },
          { kind: 'unique', columns: [origin] },
          { kind: 'between', column: delay, min: null, max: null },
        ],
        [id, origin],
      )
      expect(results.map((result) => result.failing)).toEqual([8, 43, 15, 90, 0, 81, 0])
      expect(results[0]!.samples[0]).toEqual({ id: 'flight-number-1', origin: 'a name longer than twelve bytes' })
      expect(results.map((result) => result.samples.length)).toEqual([5, 5, 5, 5, 0, 5, 0])
      expect(results.every((result) => result.rows === 100)).toBe(true)
    })

    test('joins by key', async () => {
      const labels: TypedColumn[] = [flightColumns[0]!, { name: 'score', type: 'number' }]
      const predicted = {
        rows: 3,
        columns: new Map<string, Vector>([
          ['id', textVector(['flight-number-3', 'unknown', 'flight-number-1'])],
          ['score', numberVector([0.3, 0.9, 0.1])],
        ]),
      }
      const left = await written('left.parquet', predicted, labels)
      const right = await written('right.parquet', flightRows(100), flightColumns)
      const found = []
      const sides = [
        { files: [left], key: 'id', columns: labels },
        { files: [right], key: 'id', columns: [{ name: 'delay', type: 'number' as const }] },
      ] as const
      for await (const part of tables.join(...sides)) found.push(...rowsOf(part))
      expect(found.sort((a, b) => Number(a.score) - Number(b.score))).toEqual([
        { id: 'flight-number-1', score: 0.1, delay: -19.5 },
        { id: 'flight-number-3', score: 0.3, delay: -17.5 },
      ])
    })

    test('reads CSV and JSON lines by the types asked for, and makes Parquet of them', async () => {
      const csv: TableFile = { format: 'csv', path: join(folder, 'a.csv') }
      await writeFile(csv.path, 'iata,latitude,opened,since\n00M,31.95,true,2001-01-01T02:00:00+02:00\n007,x,,\n')
      const columns: TypedColumn[] = [
        { name: 'iata', type: 'key' },
        { name: 'latitude', type: 'number' },
        { name: 'opened', type: 'boolean' },
        { name: 'since', type: 'time' },
      ]
      const expected = [
        { iata: '00M', latitude: 31.95, opened: 1, since: Date.UTC(2001, 0, 1) },
        { iata: '007', latitude: null, opened: null, since: null },
      ]
      expect(rowsOf(await tables.read([csv], { columns }))).toEqual(expected)
      const lines: TableFile = { format: 'ndjson', path: join(folder, 'a.ndjson') }
      await writeFile(
        lines.path,
        `${JSON.stringify({ iata: '00M', latitude: 31.95, opened: true, since: Date.UTC(2001, 0, 1) })}\n{"iata":"007"}\n`,
      )
      const path = join(folder, 'converted.parquet')
      expect(await tables.convert([lines], columns, path)).toEqual({ rows: 2 })
      expect(rowsOf(await tables.read([{ format: 'parquet', path }], { columns }))).toEqual(expected)
    })

    test('takes names and paths for what they are, however hostile', async () => {
      const columns: TypedColumn[] = [
        { name: 'a"; DROP TABLE staged; --', type: 'number' },
        { name: '__proto__', type: 'category' },
        { name: "it's", type: 'key' },
      ]
      const table: Table = {
        rows: 2,
        columns: new Map<string, Vector>([
          [columns[0]!.name, numberVector([1, 2])],
          ['__proto__', textVector(["'); DROP", 'b'])],
          ["it's", textVector(['k', '*'])],
        ]),
      }
      await written('we1.parquet', flightRows(1), flightColumns)
      const file = await written("we[1]*?' {x}.parquet", table, columns)
      const read = await tables.read([file], { columns })
      expect([...numbersOf(read, columns[0]!.name)]).toEqual([1, 2])
      expect(textAt(textsOf(read, '__proto__'), 0)).toBe("'); DROP")
      const [strange] = await tables.check(
        [file],
        [{ kind: 'in', column: columns[1]!, values: new Set(['b']) }],
        columns,
      )
      expect(strange).toMatchObject({ failing: 1 })
      for (const path of ['https://127.0.0.1:1/x.parquet', 's3://bucket/x.parquet', 'nowhere/*.parquet']) {
        await expect(tables.schema({ format: 'parquet', path })).rejects.toMatchObject({ code: 'not-found' })
      }
    })

    test('says what is wrong with a broken file', async () => {
      const path = join(folder, 'broken.parquet')
      await writeFile(path, 'PAR1 this is no parquet')
      await expect(tables.schema({ format: 'parquet', path })).rejects.toMatchObject({ code: 'invalid-data' })
      await expect(tables.read([{ format: 'parquet', path }], { columns: flightColumns })).rejects.toMatchObject({
        code: 'invalid-data',
      })
    })

    test('fills a column that no file has with missing values, and reads no files as no rows', async () => {
      const file = await written('few.parquet', flightRows(3), flightColumns)
      const columns: TypedColumn[] = [{ name: 'new', type: 'number' }]
      const read = await tables.read([file], { columns })
      expect([...numbersOf(read, 'new')]).toEqual([Number.NaN, Number.NaN, Number.NaN])
      expect(await tables.read([], { columns })).toMatchObject({ rows: 0 })
    })
  })
}
