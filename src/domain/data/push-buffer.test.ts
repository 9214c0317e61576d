import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { airportsFile, flightsDefinition } from '../../../test/fixtures/flights.ts'
import { numbersOf } from '../../base/columns.ts'
import { datasetVersion, readVersion } from './dataset-reader.ts'
import { ingestFile } from './ingestion.ts'
import { PushBuffer } from './push-buffer.ts'
import type { PushBody } from './pushed-rows.ts'

const definition = flightsDefinition({
  expectations: [{ kind: 'between', column: 'distance', min: 10, max: 6000, mostly: 1, severity: 'stop' }],
})
const day = 86_400_000
const start = Date.UTC(2001, 1, 1)

/** Flights `from` to `to` - 1, one a minute. */
function flights(from: number, to: number): { columns: Record<string, unknown[]> } {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i)
  return {
    columns: {
      flight_id: numbers.map((i) => `flight-${i}`),
      departs_at: numbers.map((i) => start + i * 60_000),
      origin: numbers.map((i) => (i % 2 === 0 ? 'SEA' : 'JFK')),
      destination: numbers.map(() => 'ORD'),
      distance: numbers.map(() => 750),
      delay: numbers.map((i) => i % 60),
    },
  }
}

async function prepared(home?: string): Promise<TestServices> {
  const services = await openDataServices(home)
  await ingestFile(services, definition, 'airports', airportsFile, { actor: 'system' })
  return services
}

describe('push buffer', () => {
  let services: TestServices
  beforeAll(async () => {
    services = await prepared()
  })
  afterAll(() => services.close())

  test('takes columns or rows, computes what it can, and a row again changes nothing', async () => {
    const buffer = await PushBuffer.open(services, definition, 'flights')
    const first = await buffer.push(flights(0, 100))
    expect(first).toMatchObject({ first: 1, duplicates: 0, rows: { rows: 100 } })
    expect(numbersOf(first.rows, 'lands_at')[0]).toBe(start + 1_800_000 + 6_000_000)
    const row = Object.fromEntries(Object.entries(flights(99, 102).columns).map(([name, values]) => [name, values]))
    const rows = [0, 1, 2].map((i) =>
      Object.fromEntries(Object.entries(row).map(([name, values]) => [name, values[i]])),
    )
    expect(await buffer.push({ rows })).toMatchObject({ first: 101, duplicates: 1, rows: { rows: 2 } })
    expect(await buffer.push(flights(0, 102))).toMatchObject({ duplicates: 102, rows: { rows: 0 } })
    const twice = await Promise.all([buffer.push(flights(102, 200)), buffer.push(flights(102, 200))])
    expect(twice.map((pushed) => pushed.rows.rows).sort((a, b) => a - b)).toEqual([0, 98])
    await buffer.close()
  })

  test('refuses the whole of a push with a wrong row, naming row and field', async () => {
    const buffer = await PushBuffer.open(services, definition, 'flights')
    const { columns } = flights(5000, 5003)
    const bad: [Record<string, unknown[]>, string, RegExp][] = [
      [{ ...columns, delay: [1, 'late', 2] }, 'columns.delay.1', /row 1: "delay" is not a number: "late"/],
      [{ ...columns, origin: ['SEA', 'JFK', null] }, 'columns.origin.2', /row 2: "origin" is missing/],
      [{ ...columns, origin: ['SEA', 'XQZ', 'JFK'] }, 'columns.origin.1', /names no known airport: XQZ/],
      [{ ...columns, distance: [100, 7000, 1] }, 'columns.distance.1', /is 7000, which is not between 10 and 6000/],
      [{ ...columns, gate: ['a', 'b', 'c'] }, 'columns.gate.0', /"gate" is no column of dataset "flights"/],
      [{ ...columns, lands_at: [1, 2, 3] }, 'columns.lands_at.0', /computed from the other columns/],
      [{ ...columns, delay: [1, 2] }, 'columns.delay', /not as many values/],
      [{ ...columns, departs_at: ['2001-02-01', 1, 2] }, 'columns.departs_at.0', /is not a time/],
    ]
    for (const [body, field, message] of bad) {
      const error = await buffer.push({ columns: body }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'invalid-data', field })
      expect((error as Error).message).toMatch(message)
    }
    expect(await buffer.push(flights(5000, 5003))).toMatchObject({ duplicates: 0 })
    await buffer.close()
  })

  test('closes the days that are over, and late rows make a batch of their own', async () => {
    const buffer = await PushBuffer.open(services, definition, 'flights')
    expect((await buffer.waiting()).reduce((sum, part) => sum + part.rows.rows, 0)).toBe(203)
    await buffer.push(flights(200, 3000))
    expect(await buffer.closeDue(start + day - 1)).toEqual([])
    const [batch, ...others] = await buffer.closeDue(start + day)
    expect(others).toEqual([])
    // The last to land on the first day departed 2 h 10 min before midnight.
    expect(batch).toMatchObject({ state: 'accepted', rows: 1310, from: start, to: start + 1309 * 60_000 })
    expect(batch!.origin).toMatch(/^push:1-\d+$/)
    expect(await buffer.push(flights(1200, 1310))).toMatchObject({ duplicates: 110, rows: { rows: 0 } })
    const { columns } = flights(1300, 1301)
    expect(await buffer.push({ columns: { ...columns, flight_id: ['late'] } })).toMatchObject({ rows: { rows: 1 } })
    const batches = await buffer.closeDue(start + 10 * day)
    expect(batches.map((each) => each.rows)).toEqual([1, 1440, 250, 3])
    await buffer.close()
    const again = await PushBuffer.open(services, definition, 'flights')
    expect(await again.push(flights(0, 3000))).toMatchObject({ duplicates: 3000 })
    expect(await again.closeDue(start + 10 * day)).toEqual([])
    await again.close()
  })

  test('a row that comes while its day is being closed is kept: in this batch or the next, through a restart', async () => {
    const late = await prepared()
    try {
      const buffer = await PushBuffer.open(late, definition, 'flights')
      await buffer.push(flights(0, 10))
      let sent = 10
      for (let turn = 0; turn < 6; turn += 1) {
        let isClosing = true
        const closing = buffer.closeDue(start + 2 * day).finally(() => {
          isClosing = false
        })
        while (isClosing && sent < 1400) {
          expect(await buffer.push(flights(sent, sent + 3))).toMatchObject({ duplicates: 0 })
          sent += 3
        }
        await closing
        expect(await buffer.push(flights(0, sent))).toMatchObject({ duplicates: sent })
      }
      expect(sent).toBeGreaterThan(30)
      await buffer.close()
      const again = await PushBuffer.open(late, definition, 'flights')
      expect(await again.push(flights(0, sent))).toMatchObject({ duplicates: sent })
      await again.closeDue(start + 2 * day)
      await again.close()
      const { rows } = await readVersion(late, await datasetVersion(late.metadata, 'flights'), {
        columns: [{ name: 'flight_id', type: 'key' }],
      })
      expect(rows).toBe(sent)
    } finally {
      await late.close()
    }
  })

  test('a log that could not be opened once is opened by the next push', async () => {
    const short = await prepared()
    try {
      const buffer = await PushBuffer.open(short, definition, 'flights')
      const { open } = short.logs
      short.logs.open = () => Promise.reject(new Error('too many open files'))
      await expect(buffer.push(flights(0, 3))).rejects.toThrow('too many open files')
      short.logs.open = open
      expect(await buffer.push(flights(0, 3))).toMatchObject({ duplicates: 0, rows: { rows: 3 } })
      await buffer.close()
    } finally {
      await short.close()
    }
  })

  test('a day that cannot be closed stays open, with all its rows and their keys', async () => {
    const full = await prepared()
    try {
      const buffer = await PushBuffer.open(full, definition, 'flights')
      await buffer.push(flights(0, 20))
      const { rename } = full.logs
      full.logs.rename = () => Promise.reject(new Error('no space left on device'))
      await expect(buffer.closeDue(start + 2 * day)).rejects.toThrow('no space left')
      full.logs.rename = rename
      const { put, putFile } = full.blobs
      full.blobs.put = full.blobs.putFile = () => Promise.reject(new Error('no space left on device'))
      await expect(buffer.closeDue(start + 2 * day)).rejects.toThrow('no space left')
      expect(await buffer.push(flights(0, 21))).toMatchObject({ duplicates: 20 })
      Object.assign(full.blobs, { put, putFile })
      const batches = await buffer.closeDue(start + 2 * day)
      expect(batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(21)
      expect(await buffer.push(flights(0, 21))).toMatchObject({ duplicates: 21 })
      await buffer.close()
    } finally {
      await full.close()
    }
  })

  test('what was acknowledged survives kills at any moment, once each', async () => {
    const killed = await prepared()
    await killed.close()
    const script = fileURLToPath(new URL('../../../test/fixtures/push-process.ts', import.meta.url))
    let acknowledged = 0
    for (const kill of [3, 9, 20, 7]) {
      await new Promise<void>((resolve, reject) => {
        const child = spawn(
          process.execPath,
          ['--conditions=millwright-source', '--import', 'tsx', script, killed.home, String(acknowledged)],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        )
        let seen = 0
        child.stdout.on('data', (data: Buffer) => {
          for (const line of data.toString().split('\n').filter(Boolean)) {
            acknowledged = Math.max(acknowledged, Number(line))
            seen += 1
            if (seen === kill) child.kill('SIGKILL')
          }
        })
        child.on('error', reject)
        child.on('exit', (_, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error('it was to be killed'))))
      })
    }
    const opened = await openDataServices(killed.home)
    const buffer = await PushBuffer.open(opened, definition, 'flights')
    await buffer.closeDue(start + 1000 * day)
    const rows = await readVersion(opened, await datasetVersion(opened.metadata, 'flights'), {
      columns: [{ name: 'flight_id', type: 'key' }],
    })
    const ids = rows.columns.get('flight_id')!
    const found = new Set(ids.kind === 'text' ? Array.from(ids.codes, (code) => ids.dictionary[code]) : [])
    expect(found.size).toBe(rows.rows)
    expect(acknowledged).toBeGreaterThan(1000)
    for (let i = 0; i < acknowledged; i += 1) expect(found.has(`flight-${i}`)).toBe(true)
    await buffer.close()
    await opened.close()
  }, 120_000)

  test('a dataset without a time takes no rows', async () => {
    await expect(PushBuffer.open(services, definition, 'airports')).rejects.toMatchObject({ code: 'invalid-request' })
    const empty: PushBody = { columns: {} }
    const buffer = await PushBuffer.open(services, definition, 'flights')
    expect(await buffer.push(empty)).toMatchObject({ rows: { rows: 0 } })
    await buffer.close()
  })
})
