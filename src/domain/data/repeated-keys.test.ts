import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { numbersOf, textAt, textsOf } from '../../base/columns.ts'
import { type Definition, definitionSchema, type Severity } from '../../contract/definition.ts'
import type { TableFile } from '../../ports/tables.ts'
import { datasetVersion, readVersion } from './dataset-reader.ts'
import { ingestFile } from './ingestion.ts'
import { PushBuffer } from './push-buffer.ts'

const actor = 'user:test'
const day = 86_400_000
const start = Date.UTC(2001, 0, 1)

function definitionOf(severity: Severity | null = null): Definition {
  const unique = { kind: 'unique', columns: ['order_id'], severity }
  return definitionSchema.parse({
    name: 'p',
    datasets: [
      {
        name: 'orders',
        source: { format: 'csv', path: 'x.csv' },
        time: 'at',
        columns: [
          { name: 'order_id', type: 'key' },
          { name: 'at', type: 'time' },
          { name: 'price', type: 'number', optional: true },
          { name: 'note', type: 'text', optional: true },
        ],
        expectations: severity === null ? [] : [unique],
      },
    ],
  })
}

interface Order {
  id: number
  price?: number | null
}
/** An order an hour. */
const rowOf = ({ id, price = id % 10 }: Order) => ({
  order_id: `o${id}`,
  at: start + (id * day) / 24,
  price,
  note: id % 3 === 0 ? null : `n${id}`,
})
const orders = (from: number, to: number): Order[] => Array.from({ length: to - from }, (_, i) => ({ id: from + i }))

let services: TestServices
beforeEach(async () => {
  services = await openDataServices()
})
afterEach(() => services.close())

let files = 0
async function fileOf(list: readonly Order[]): Promise<string> {
  files += 1
  const path = join(services.home, `orders ${files}.csv`)
  const lines = list.map(rowOf).map(({ order_id, at, price, note }) => `${order_id},${at},${price ?? ''},${note ?? ''}`)
  await writeFile(path, `order_id,at,price,note\n${lines.join('\n')}\n`)
  return path
}
async function ingest(list: readonly Order[], severity: Severity | null = null) {
  const [batch] = await ingestFile(services, definitionOf(severity), 'orders', await fileOf(list), { actor })
  return batch!
}
async function stored(): Promise<string[]> {
  const version = await datasetVersion(services.metadata, 'orders')
  const rows = await readVersion(services, version, {
    columns: [
      { name: 'order_id', type: 'key' },
      { name: 'price', type: 'number' },
    ],
  })
  expect(rows.rows).toBe(version.record.rows)
  const [ids, prices] = [textsOf(rows, 'order_id'), numbersOf(rows, 'price')]
  return Array.from({ length: rows.rows }, (_, row) => `${textAt(ids, row)} ${prices[row]}`).sort()
}
const expected = (list: readonly Order[]) =>
  list.map(({ id, price = id % 10 }) => `o${id} ${price ?? Number.NaN}`).sort()

describe('keys that an earlier batch has', () => {
  test('an export that overlaps the one before adds what is new, and says what was known', async () => {
    const missing = { id: 50, price: null }
    await ingest([...orders(0, 50), missing, ...orders(51, 100)])
    const batch = await ingest([...orders(40, 50), missing, ...orders(51, 160)])
    expect(batch).toMatchObject({ state: 'accepted', rows: 60, from: start + (100 * day) / 24 })
    expect(batch.anomalies).toMatchObject([
      {
        kind: 'known-rows',
        column: 'order_id',
        severity: 'warn',
        failing: 60,
        rows: 120,
        message: '60 of 120 rows were there already, value for value; they count once',
      },
    ])
    expect(batch.summaries.find(({ name }) => name === 'price')).toMatchObject({ rows: 60, min: 0, max: 9 })
    expect(await stored()).toEqual(expected([...orders(0, 50), missing, ...orders(51, 160)]))
    await services.metadata.sealed()
    const events = await services.metadata.latestEvents({ stage: 'data', limit: 1 })
    expect(events[0]!.message).toMatch(/: 60 rows from .*, 60 more were there already$/)
  })

  test('the same rows in another file add nothing', async () => {
    await ingest(orders(0, 100))
    const batch = await ingest(orders(0, 100).reverse())
    expect(batch).toMatchObject({ state: 'accepted', rows: 0, from: null, to: null })
    expect(await stored()).toEqual(expected(orders(0, 100)))
    expect((await ingest(orders(90, 110))).rows).toBe(10)
    expect(await stored()).toEqual(expected(orders(0, 110)))
  })

  test('the same key with other values is told by its name, with the rows; how much it matters the dataset says', async () => {
    await ingest(orders(0, 100))
    const changed = [...orders(95, 99), { id: 99, price: 5 }, ...orders(100, 105)]
    const refused = await ingest(changed)
    expect(refused).toMatchObject({ state: 'refused', rows: 10 })
    expect(refused.anomalies).toMatchObject([
      { kind: 'key-conflict', column: 'order_id', severity: 'stop', failing: 1, rows: 10 },
      { kind: 'known-rows', failing: 4 },
    ])
    expect(refused.anomalies[0]!.message).toBe(
      '"order_id" is that of an earlier row with other values in 1 of 10 rows; mend the rows, or give them keys of their own',
    )
    expect(refused.anomalies[0]!.samples).toMatchObject([{ order_id: 'o99', price: 5 }])
    expect(await stored()).toEqual(expected(orders(0, 100)))
    expect((await ingest([...changed, { id: 106 }], 'quarantine')).state).toBe('quarantined')
    expect(await ingest([...changed, { id: 107 }], 'warn')).toMatchObject({ state: 'accepted', rows: 7 })
    expect((await stored()).filter((row) => row.startsWith('o99 '))).toEqual(['o99 5', 'o99 9'])
  })

  test('rows that were pushed and wait count once, in whichever order they become batches', async () => {
    const definition = definitionOf()
    const buffer = await PushBuffer.open(services, definition, 'orders')
    await buffer.push({ rows: orders(20, 40).map(rowOf) })
    const waiting = async () => (await buffer.waiting()).map((part) => part.rows)
    const known = await ingestFile(services, definition, 'orders', await fileOf(orders(0, 30)), { actor, waiting })
    expect(known).toMatchObject([{ state: 'accepted', rows: 20 }])
    const conflict = await fileOf([{ id: 35, price: 1 }])
    const [refused] = await ingestFile(services, definition, 'orders', conflict, { actor, waiting })
    expect([refused!.state, refused!.anomalies[0]!.kind]).toEqual(['refused', 'key-conflict'])
    // Nobody told this one of the rows that wait.
    await ingest(orders(30, 50))
    await buffer.closeDue(start + 10 * day)
    expect(await stored()).toEqual(expected(orders(0, 50)))
    expect(await buffer.push({ rows: orders(0, 50).map(rowOf) })).toMatchObject({ duplicates: 50 })
    await buffer.close()
  })

  test('files at the same moment do not pass each other by', async () => {
    await Promise.all([orders(0, 60), orders(30, 90), orders(50, 100), orders(0, 100)].map((list) => ingest(list)))
    expect(await stored()).toEqual(expected(orders(0, 100)))
  })

  test('only batches of the same time are looked at', async () => {
    for (let from = 0; from < 240; from += 24) await ingest(orders(from, from + 24))
    const { join: joinTables } = services.tables
    const read: (readonly TableFile[])[] = []
    services.tables.join = (left, right) => {
      read.push(right.files)
      return joinTables(left, right)
    }
    await ingest(orders(230, 250))
    expect(read.map((each) => each.length)).toEqual([1])
    await ingest(orders(250, 260))
    expect(read.map((each) => each.length)).toEqual([1, 0])
  })

  test('whatever files come in whatever order, a row is there once', async () => {
    const slices = fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 })), {
      minLength: 2,
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(slices, async (list) => {
        await services.close()
        services = await openDataServices()
        const all = new Set<number>()
        for (const [from, length, step] of list) {
          const part = orders(from, from + length).filter(({ id }) => (id - from) % step === 0)
          for (const { id } of part) all.add(id)
          expect((await ingest(part)).state).toBe('accepted')
        }
        expect(await stored()).toEqual(expected([...all].map((id) => ({ id }))))
      }),
      { numRuns: 8, endOnFailure: true },
    )
  }, 60_000)
})
