import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { airportsFile, flightsDefinition, flightsFile } from '../../../test/fixtures/flights.ts'
import { numbersOf, type Table, takeRows, textVector, type Vector } from '../../base/columns.ts'
import { definitionSchema } from '../../contract/definition.ts'
import type { TypedColumn } from '../../ports/tables.ts'
import { datasetVersion, diffVersions, readVersion } from './dataset-reader.ts'
import { ingestFile } from './ingestion.ts'

const actor = 'user:test'
const januaryFirst = { from: Date.UTC(2001, 0, 1), below: Date.UTC(2001, 0, 2) }
const firstDays = (days: number) => ({ actor, from: Date.UTC(2001, 0, 1), below: Date.UTC(2001, 0, 1 + days) })
const sourceColumns: TypedColumn[] = [
  { name: 'date', type: 'local-time' },
  { name: 'delay', type: 'number' },
  { name: 'distance', type: 'number' },
  { name: 'origin', type: 'ref' },
  { name: 'destination', type: 'ref' },
]

describe('ingestion of flights', () => {
  let services: TestServices
  let firstDay: Table
  const definition = flightsDefinition()
  const ingest = (path: string, options = { actor }) => ingestFile(services, definition, 'flights', path, options)

  /** A day's file as it would come in, with something done to it. */
  async function dayFile(
    name: string,
    day: number,
    change: (rows: Table) => Table,
    columns = sourceColumns,
  ): Promise<string> {
    const shift = (day - 1) * 86_400_000
    const dates = numbersOf(firstDay, 'date').map((time) => time + shift)
    const moved = new Map<string, Vector>([...firstDay.columns, ['date', { kind: 'number', values: dates }]])
    const path = join(services.home, name)
    const writer = await services.tables.write(path, columns)
    await writer.append(change({ rows: firstDay.rows, columns: moved }))
    await writer.finish()
    return path
  }
  const withColumn = (rows: Table, name: string, vector: Vector): Table => ({
    rows: rows.rows,
    columns: new Map([...rows.columns, [name, vector]]),
  })
  const newEvents = async (after: number) => {
    await services.metadata.sealed()
    return services.metadata.eventsAfter(after, 100)
  }
  const head = async () => {
    await services.metadata.sealed()
    return (await services.metadata.eventHead()).seq
  }

  beforeAll(async () => {
    services = await openDataServices()
    await ingestFile(services, definition, 'airports', airportsFile, { actor })
    firstDay = await services.tables.read([{ format: 'parquet', path: flightsFile }], {
      columns: sourceColumns,
      where: [{ name: 'date', type: 'local-time', atLeast: januaryFirst.from, below: januaryFirst.below }],
    })
  })
  afterAll(() => services.close())

  test('takes a history by day, each day a version with its provenance, derived columns and event', async () => {
    const before = await head()
    const batches = await ingest(flightsFile, firstDays(3))
    expect(batches.map((batch) => [batch.state, batch.origin])).toEqual(
      [1, 2, 3].map((day) => ['accepted', `file:flights-3m.parquet (2001-01-0${day})`]),
    )
    const version = await datasetVersion(services.metadata, 'flights')
    expect(version.record).toMatchObject({
      id: 'flights@3',
      number: 3,
      rows: batches.reduce((sum, b) => sum + b.rows, 0),
    })
    const events = await newEvents(before)
    expect(events.map((event) => event.type)).toEqual(Array(3).fill('dataset.version-committed'))
    const rows = await readVersion(services, version, {
      columns: [
        { name: 'flight_id', type: 'key' },
        { name: 'departs_at', type: 'time' },
        { name: 'lands_at', type: 'time' },
        { name: 'distance', type: 'number' },
      ],
    })
    expect(rows.rows).toBe(version.record.rows)
    const [departs, lands, distance] = ['departs_at', 'lands_at', 'distance'].map((name) => numbersOf(rows, name))
    for (let row = 0; row < rows.rows; row += 997) {
      expect(lands![row]).toBe(departs![row]! + 1_800_000 + Math.round(distance![row]! * 8000))
    }
    const ids = rows.columns.get('flight_id')!
    expect(ids.kind === 'text' && new Set(ids.dictionary).size).toBe(rows.rows)
  })

  test('the same file again changes nothing', async () => {
    const before = await head()
    const seen: boolean[] = []
    const batches = await ingestFile(services, definition, 'flights', flightsFile, {
      ...firstDays(3),
      onBatch: (_, isNew) => seen.push(isNew),
    })
    expect(batches.length).toBe(3)
    expect(seen).toEqual([false, false, false])
    expect(await head()).toBe(before)
    expect((await services.metadata.get('dataset', 'flights'))?.version).toBe(3)
  })

  test('a version is the same rows for ever', async () => {
    const query = { columns: [{ name: 'flight_id', type: 'key' as const }] }
    const [before, old] = [await datasetVersion(services.metadata, 'flights', 2), 2]
    const rows = await readVersion(services, before, query)
    await ingest(flightsFile, firstDays(4))
    const again = await datasetVersion(services.metadata, 'flights', old)
    expect(again.record).toEqual(before.record)
    expect(await readVersion(services, again, query)).toEqual(rows)
    const diff = diffVersions(again, await datasetVersion(services.metadata, 'flights'))
    expect(diff.added.map((batch) => batch.addedIn)).toEqual([3, 4])
    expect(diff.removed).toEqual([])
    expect(diff.columns.find((column) => column.name === 'delay')?.after?.rows).toBeGreaterThan(40_000)
  })

  test('schema skew is refused: a column missing, another unexpected, one of another type', async () => {
    const before = await head()
    const columns = sourceColumns.filter((column) => column.name !== 'distance')
    const path = await dayFile('missing.parquet', 40, (rows) => withColumn(rows, 'gate', rows.columns.get('origin')!), [
      ...columns
        .map((column) => (column.name === 'delay' ? { name: 'delay', type: 'text' as const } : column))
        .filter((c) => c.name !== 'delay'),
      { name: 'gate', type: 'category' },
    ])
    const [batch] = await ingest(path)
    expect(batch).toMatchObject({ state: 'refused', addedIn: null, rows: firstDay.rows })
    expect(batch!.anomalies.map(({ kind, column }) => [kind, column])).toEqual([
      ['missing-column', 'distance'],
      ['missing-column', 'delay'],
      ['unexpected-column', 'gate'],
    ])
    const texts = withColumn(firstDay, 'delay', textVector(Array(firstDay.rows).fill('late')))
    const wrong = await dayFile('wrong.parquet', 41, () => texts, [
      ...sourceColumns.filter((column) => column.name !== 'delay'),
      { name: 'delay', type: 'text' },
    ])
    const [second] = await ingest(wrong)
    expect(second!.anomalies).toMatchObject([{ kind: 'wrong-type', column: 'delay' }])
    expect((await newEvents(before)).map((event) => event.type)).toEqual(Array(2).fill('dataset.batch-refused'))
    expect(await services.blobs.has(batch!.contentHash)).toBe(true)
    expect((await services.metadata.get('dataset', 'flights'))?.version).toBe(4)
  })

  test('an unknown airport is refused, with the rows that name it', async () => {
    const before = await head()
    const path = await dayFile('unknown.parquet', 42, (rows) => {
      const origin = rows.columns.get('origin')!
      if (origin.kind !== 'text') throw new Error('origin is text')
      const codes = origin.codes.slice()
      codes[7] = origin.dictionary.length
      return withColumn(rows, 'origin', { kind: 'text', codes, dictionary: [...origin.dictionary, 'XQZ'] })
    })
    const [batch] = await ingest(path)
    expect(batch!.state).toBe('refused')
    const anomaly = batch!.anomalies.find((each) => each.column === 'origin')
    expect(anomaly).toMatchObject({ severity: 'stop', failing: 1, rows: firstDay.rows })
    expect(anomaly!.message).toContain('names no known airport in 1 of')
    expect(anomaly!.samples).toMatchObject([{ origin: 'XQZ' }])
    expect((await newEvents(before)).map((event) => event.type)).toEqual(['dataset.batch-refused'])
  })

  test('distances in kilometres, and half a day gone, are quarantined: nothing is learnt from them', async () => {
    const before = await head()
    const [version, reference] = await Promise.all([
      services.metadata.get('dataset', 'flights').then((dataset) => dataset!.version),
      services.metadata.get('dataset', 'flights').then((dataset) => dataset!.inferred),
    ])
    const kilometres = await dayFile('kilometres.parquet', 43, (rows) => {
      return withColumn(rows, 'distance', {
        kind: 'number',
        values: numbersOf(rows, 'distance').map((miles) => miles * 1.609344),
      })
    })
    const [batch] = await ingest(kilometres)
    expect(batch).toMatchObject({ state: 'quarantined', addedIn: null })
    expect(batch!.anomalies.some((each) => each.severity === 'quarantine' && each.column === 'distance')).toBe(true)
    const few = await dayFile('few.parquet', 44, (rows) =>
      takeRows(
        rows,
        Array.from({ length: 3000 }, (_, i) => i),
      ),
    )
    expect((await ingest(few))[0]!.state).toBe('quarantined')
    expect((await newEvents(before)).map((event) => event.type)).toEqual(Array(2).fill('dataset.batch-quarantined'))
    expect(await services.metadata.get('dataset', 'flights')).toMatchObject({ version, inferred: reference })
  })

  test('statistics that moved are told, and the batch is accepted', async () => {
    const more = await ingest(flightsFile, firstDays(15))
    expect(more.every((batch) => batch.state === 'accepted')).toBe(true)
    const before = await head()
    const late = await dayFile('late.parquet', 45, (rows) => {
      return withColumn(rows, 'delay', { kind: 'number', values: numbersOf(rows, 'delay').map((delay) => delay + 60) })
    })
    const [batch] = await ingest(late)
    expect(batch!.state).toBe('accepted')
    expect(batch!.anomalies).toMatchObject([{ kind: 'shift', column: 'delay', severity: 'warn' }])
    const events = await newEvents(before)
    expect(events.map((event) => event.type).sort()).toEqual(['dataset.value-skew', 'dataset.version-committed'])
  })

  test('files at the same moment each get a version of their own', async () => {
    const { version } = (await services.metadata.get('dataset', 'flights'))!
    const paths = await Promise.all([50, 51, 52].map((day) => dayFile(`same ${day}.parquet`, day, (rows) => rows)))
    const results = await Promise.all([...paths, paths[0]!].map((path) => ingest(path)))
    expect(results[0]![0]!.id).toBe(results[3]![0]!.id)
    expect(
      results
        .slice(0, 3)
        .map(([batch]) => batch!.addedIn)
        .sort((a, b) => a! - b!),
    ).toEqual([version + 1, version + 2, version + 3])
    const { record } = await datasetVersion(services.metadata, 'flights')
    const sum = (await services.metadata.find('batch', { where: { dataset: 'flights', state: 'accepted' } })).reduce(
      (s, b) => s + b.rows,
      0,
    )
    expect(record.rows).toBe(sum)
  })

  test('says what is not there', async () => {
    await expect(ingest('/nowhere/x.parquet')).rejects.toMatchObject({ code: 'not-found' })
    await expect(ingestFile(services, definition, 'trains', flightsFile, { actor })).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})

describe('expectations', () => {
  test('every kind says what broke and how to mend it; hostile names are names', async () => {
    const services = await openDataServices()
    const column = `a"; DROP TABLE x; --`
    const definition = definitionSchema.parse({
      name: 'p',
      datasets: [
        {
          name: 'things',
          source: { format: 'csv', path: 'x.csv' },
          columns: [
            { name: 'id', type: 'key' },
            { name: column, type: 'number', optional: true },
            { name: '__proto__', type: 'category' },
            { name: 'code', type: 'text' },
          ],
          expectations: [
            { kind: 'between', column, min: 0, max: 10, severity: 'warn' },
            { kind: 'between', column, min: 0, max: 10, mostly: 0.5 },
            { kind: 'in', column: '__proto__', values: ['x', 'y'], severity: 'warn' },
            { kind: 'matches', column: 'code', pattern: '^[A-Z]+$', severity: 'warn' },
            { kind: 'unique', columns: ['__proto__', 'code'], severity: 'warn' },
            { kind: 'present', column, severity: 'warn' },
            {
              kind: 'holds',
              what: 'small',
              rule: { op: 'less', left: { op: 'column', column }, right: { op: 'literal', value: 5 } },
              severity: 'warn',
            },
            { kind: 'row-count', min: 100, max: null, severity: 'warn' },
            { kind: 'statistic', column, statistic: 'null-share', min: null, max: 0.1, severity: 'warn' },
          ],
        },
      ],
    })
    const path = join(await mkdtemp(join(tmpdir(), "o'hostile [x]* ")), "we?'ird.csv")
    await writeFile(
      path,
      `id,"${column.replaceAll('"', '""')}",__proto__,code\n1,3,x,AB\n2,50,x,AB\n3,,z,ab\n4,7,y,CD\n`,
    )
    const [batch] = await ingestFile(services, definition, 'things', path, { actor })
    expect(batch!.state).toBe('accepted')
    const told = batch!.anomalies.map(({ column, failing, message }) => [column, failing, message])
    expect(told).toEqual([
      [null, 2, '"small" does not hold in 2 of 4 rows'],
      [null, 4, 'the batch has 4 rows where at least 100 are expected; look whether the file is whole'],
      [column, 4, `the null-share of "${column}" is 0.25 where at most 0.1 is expected; look whether its unit changed`],
      [column, 1, `"${column}" is not between 0 and 10 in 1 of 4 rows; check its unit`],
      [column, 1, `"${column}" is not between 0 and 10 in 1 of 4 rows; check its unit (within the 50 % that may)`],
      ['__proto__', 1, '"__proto__" is none of x, y… in 1 of 4 rows'],
      ['code', 1, '"code" does not match ^[A-Z]+$ in 1 of 4 rows'],
      ['__proto__, code', 1, '"__proto__, code" repeats an earlier row in 1 of 4 rows'],
      [column, 1, `"${column}" is missing in 1 of 4 rows`],
    ])
    await writeFile(path, `id,"${column.replaceAll('"', '""')}",__proto__,code\n1,3,x,AB\n1,4,,AB\n`)
    const [refused] = await ingestFile(services, definition, 'things', path, { actor })
    expect(refused!.state).toBe('refused')
    expect(refused!.anomalies.filter((each) => each.severity === 'stop').map((each) => each.message)).toEqual([
      '"id" repeats a key in 1 of 2 rows; keep one row a key',
      '"__proto__" is missing in 1 of 2 rows; fill it in, or make the column optional',
    ])
    await services.close()
  })
})

describe('a process that is killed during ingestion', () => {
  test('leaves whole versions only, and going on gives what would have been', async () => {
    const { home, close } = await openDataServices()
    await close()
    const script = fileURLToPath(new URL('../../../test/fixtures/ingest-process.ts', import.meta.url))
    const run = (killAfter: number) =>
      new Promise<string | null>((resolve, reject) => {
        const child = spawn(process.execPath, ['--conditions=millwright-source', '--import', 'tsx', script, home], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        let batches = 0
        child.stdout.on('data', (data: Buffer) => {
          batches += data.toString().split('batch').length - 1
          if (batches >= killAfter) child.kill('SIGKILL')
        })
        child.on('error', reject)
        child.on('exit', (code, signal) =>
          code === 0 || signal === 'SIGKILL' ? resolve(signal) : reject(new Error(`code ${code}`)),
        )
      })
    for (const killAfter of [1, 2, 1]) expect(await run(killAfter)).toBe('SIGKILL')
    expect(await run(1000)).toBeNull()
    const services = await openDataServices(home)
    const version = await datasetVersion(services.metadata, 'flights')
    expect(version.batches.map((batch) => batch.origin)).toEqual(
      [1, 2, 3, 4, 5, 6].map((day) => `file:flights-3m.parquet (2001-01-0${day})`),
    )
    const rows = await readVersion(services, version, { columns: [{ name: 'flight_id', type: 'key' }] })
    expect(rows.rows).toBe(version.record.rows)
    expect(version.record.number).toBe(6)
    await services.close()
  }, 120_000)
})
