import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { openFeatureSegments } from '../../src/backends/filesystem/feature-segments.ts'
import { numbersOf, sliceTable, type Table, textAt, textsOf } from '../../src/base/columns.ts'
import { datasetVersion, filesOf, readVersion } from '../../src/domain/data/dataset-reader.ts'
import { ingestFile } from '../../src/domain/data/ingestion.ts'
import { PushBuffer } from '../../src/domain/data/push-buffer.ts'
import { FeatureFeed } from '../../src/domain/features/feature-feed.ts'
import { readHistory } from '../../src/domain/features/feature-history.ts'
import { planNamedView } from '../../src/domain/features/feature-view.ts'
import { OnlineStore } from '../../src/domain/features/online-store.ts'
import { pointInTime } from '../../src/domain/features/point-in-time.ts'
import { buildTrainingSet } from '../../src/domain/features/training-set.ts'
import { openDataServices } from '../../test/fixtures/data-services.ts'
import { airportsFile, flightsDefinition, flightsFile } from '../../test/fixtures/flights.ts'

/** Measures ingestion, the point-in-time join beside a hand-written DuckDB query, pushes and online look-ups; writes results.md. */
const months = Number(process.argv[2] ?? 1)
const lines: string[] = []
const seconds = (ms: number) => (ms / 1000).toFixed(2)

async function measure<T>(work: () => Promise<T>): Promise<{ value: T; wall: number; cpu: number }> {
  const [at, used] = [performance.now(), process.cpuUsage()]
  const value = await work()
  const { user, system } = process.cpuUsage(used)
  return { value, wall: performance.now() - at, cpu: (user + system) / 1000 }
}

function report(what: string, figure: string): void {
  lines.push(`| ${what} | ${figure} |`)
  console.log(`${what}: ${figure}`)
}

const services = await openDataServices(await mkdtemp(join(tmpdir(), 'millwright-bench-')))
const definition = flightsDefinition({ expectations: [] })
const until = Date.UTC(2001, months, 1)
await ingestFile(services, definition, 'airports', airportsFile, { actor: 'bench' })

const ingested = await measure(() =>
  ingestFile(services, definition, 'flights', flightsFile, {
    actor: 'bench',
    from: Date.UTC(2001, 0, 1),
    below: until,
  }),
)
const version = await datasetVersion(services.metadata, 'flights')
const { rows: count } = version.record
report(
  'Ingestion',
  `${count} rows as ${ingested.value.length} daily batches in ${seconds(ingested.wall)} s (${seconds(ingested.cpu)} s of CPU), ${Math.round(count / (ingested.wall / 1000))} rows/s`,
)

const model = definition.models[0]!
const built = await measure(() => buildTrainingSet(services, definition, model, { cutOff: until }))
const examples = Object.values(built.value.parts).reduce((sum, part) => sum + part.rows, 0)
report(
  'Training set',
  `${examples} rows with 8 windows and 5 expressions in ${seconds(built.wall)} s (${seconds(built.cpu)} s of CPU)`,
)

// The join alone, ours and by hand, from the same files to the same columns in memory.
const files = await filesOf(services, version)
const range = { from: Date.UTC(2001, 0, 1), to: version.record.to! }
const plans = definition.featureViews.map((view) => planNamedView(definition, view.name))
async function ours(): Promise<Float64Array[]> {
  const rows = await services.tables.read(files, {
    columns: [
      { name: 'origin', type: 'ref' },
      { name: 'destination', type: 'ref' },
      { name: 'departs_at', type: 'time' },
    ],
  })
  const times = numbersOf(rows, 'departs_at')
  const columns: Float64Array[] = []
  for (const plan of plans) {
    const series = await readHistory(services, plan, version, range, {})
    columns.push(
      ...pointInTime(series, { keys: textsOf(rows, plan.view.by), times, features: [...plan.features.values()] }),
    )
  }
  return columns
}

/**
 * By hand: running counts and sums by entity, and the two ends of each window found by ASOF joins. Exact here because the delays are whole numbers.
 * Rows keep their file order, as ours do.
 */
function byHand(paths: string): string {
  const sides = [
    ['o', 'origin'],
    ['d', 'destination'],
  ] as const
  const running = sides.map(([side, by]) => {
    return `${side} AS (SELECT ${by} AS e, t, max(n) AS n, max_by(late, n) AS late, max_by(s, n) AS s FROM (
      SELECT ${by}, epoch_ms(lands_at) AS t, row_number() OVER w AS n,
        sum(CASE WHEN delay >= 15 THEN 1 ELSE 0 END) OVER w AS late, sum(delay) OVER w AS s
      FROM flights WINDOW w AS (PARTITION BY ${by} ORDER BY lands_at ROWS UNBOUNDED PRECEDING)) GROUP BY 1, 2)`
  })
  const columns: string[] = []
  const joins: string[] = []
  for (const [side, by] of sides) {
    for (const hours of [0, 3, 24]) {
      const alias = `${side}${hours}`
      joins.push(`ASOF LEFT JOIN ${side} ${alias} ON r.${by} = ${alias}.e AND r.t - ${hours * 3_600_000} >= ${alias}.t`)
      if (hours === 0) continue
      const n = `nullif(coalesce(${side}0.n, 0) - coalesce(${alias}.n, 0), 0)`
      for (const value of ['late', 's']) {
        columns.push(`CAST((coalesce(${side}0.${value}, 0) - coalesce(${alias}.${value}, 0)) / ${n} AS DOUBLE)`)
      }
    }
  }
  return `WITH flights AS (SELECT *, row_number() OVER () AS place FROM read_parquet([${paths}])), ${running.join(', ')},
    r AS (SELECT place, origin, destination, epoch_ms(departs_at) AS t FROM flights)
    SELECT ${columns.join(', ')} FROM r ${joins.join(' ')} ORDER BY place`
}

async function theirs(connection: DuckDBConnection): Promise<Float64Array[]> {
  const paths = files.map((file) => `'${file.path.replaceAll("'", "''")}'`).join(', ')
  const result = await connection.stream(byHand(paths))
  const columns = Array.from({ length: 8 }, () => new Float64Array(count))
  let at = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    for (const [i, column] of columns.entries()) {
      const values = chunk.getColumnVector(i) as unknown as { getItem(row: number): number | null }
      for (let row = 0; row < chunk.rowCount; row += 1) column[at + row] = values.getItem(row) ?? Number.NaN
    }
    at += chunk.rowCount
  }
  return columns
}

const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
const connection = await instance.connect()
const times = { ours: [] as number[], hand: [] as number[], oursCpu: [] as number[], handCpu: [] as number[] }
let difference = 0
for (let round = 0; round < 3; round += 1) {
  const mine = await measure(ours)
  const hand = await measure(() => theirs(connection))
  times.ours.push(mine.wall)
  times.oursCpu.push(mine.cpu)
  times.hand.push(hand.wall)
  times.handCpu.push(hand.cpu)
  for (const [i, column] of mine.value.entries()) {
    for (let row = 0; row < count; row += 1) {
      const [a, b] = [column[row]!, hand.value[i]![row]!]
      if (!(Number.isNaN(a) && Number.isNaN(b)))
        difference = Math.max(difference, Number.isNaN(a - b) ? Infinity : Math.abs(a - b))
    }
  }
}
connection.closeSync()
const best = (list: number[]) => Math.min(...list)
report(
  'Point-in-time join, 8 windows',
  `${seconds(best(times.ours))} s (${seconds(best(times.oursCpu))} s of CPU); by hand in DuckDB ${seconds(best(times.hand))} s (${seconds(best(times.handCpu))} s of CPU)`,
)
report(
  'Ratio to the hand-written query',
  `${(best(times.ours) / best(times.hand)).toFixed(2)} by wall clock, ${(best(times.oursCpu) / best(times.handCpu)).toFixed(2)} by CPU; greatest difference of a value ${difference}`,
)

// Pushes: two days as they land, in batches of 500, with features, the log and the closing of the days.
const rows = await readVersion(services, version, {
  columns: [...plans[0]!.dataset.pushed.map(({ name, type }) => ({ name, type })), { name: 'lands_at', type: 'time' }],
})
const live = await openDataServices(await mkdtemp(join(tmpdir(), 'millwright-bench-')))
await ingestFile(live, definition, 'airports', airportsFile, { actor: 'bench' })
const log = await openFeatureSegments(live.logs)
const feed = await FeatureFeed.open(live, [definition], log)
const buffer = await PushBuffer.open(live, definition, 'flights')
const pushedRows = Math.min(100_000, rows.rows)
const bodies: Record<string, unknown[]>[] = []
for (let at = 0; at < pushedRows; at += 500) bodies.push(bodyOf(sliceTable(rows, at, Math.min(at + 500, pushedRows))))
const pushed = await measure(async () => {
  for (let i = 0; i < bodies.length; i += 4) {
    await Promise.all(
      bodies.slice(i, i + 4).map(async (columns) => feed.pushed('flights', await buffer.push({ columns }))),
    )
  }
})
const closed = await measure(() => buffer.closeDue(until))
report(
  'Pushed rows, checked, durable, into 2 views',
  `${Math.round(pushedRows / (pushed.wall / 1000))} rows/s, ${((1000 * pushed.cpu) / pushedRows).toFixed(1)} µs of CPU a row`,
)
report(
  'Closing their days',
  `${closed.value.length} batches in ${seconds(closed.wall)} s, ${((1000 * closed.cpu) / pushedRows).toFixed(1)} µs of CPU a row`,
)

const store = new OnlineStore(plans)
const replayed = await measure(async () => {
  for await (const batch of log.read(0)) store.apply(batch)
})
report('Online store from the log', `${Math.round((2 * pushedRows) / (replayed.wall / 1000))} events/s`)
const airports = ['ATL', 'ORD', 'SEA', 'BOS', 'DFW', 'LAX']
const end = numbersOf(rows, 'departs_at')[pushedRows - 1]!
const lookups = 200_000
const departures = plans.find(({ view }) => view.name === 'departures')!
const looked = await measure(async () => {
  let sum = 0
  for (let i = 0; i < lookups; i += 1) {
    const key = airports[i % airports.length]!
    for (const feature of ['late_3h', 'delay_3h', 'late_24h', 'delay_24h'])
      sum += store.value(departures, feature, key, end - (i % 1000) * 1000)
  }
  return sum
})
report('Online look-up, busiest airports', `${((1000 * looked.wall) / (lookups * 4)).toFixed(2)} µs a feature`)

const place = fileURLToPath(new URL('results.md', import.meta.url))
await mkdir(fileURLToPath(new URL('.', import.meta.url)), { recursive: true })
await writeFile(
  place,
  `# Features: measured\n\n\`node --conditions=millwright-source --import tsx bench/features/run.ts [months]\`, ${months} month(s) of flights, ${cpus().length} cores, Node ${process.version}.\n\n| what | figure |\n|---|---|\n${lines.join('\n')}\n`,
)
await buffer.close()
await log.close()
await live.close()
await services.close()
for (const each of [services, live]) await rm(each.home, { recursive: true, force: true })

/** Rows as a client sends them. */
function bodyOf(part: Table): Record<string, unknown[]> {
  const body: Record<string, unknown[]> = {}
  for (const [name, vector] of part.columns) {
    if (name === 'lands_at') continue
    body[name] = Array.from({ length: part.rows }, (_, row) =>
      vector.kind === 'text' ? textAt(vector, row) : vector.values[row],
    )
  }
  return body
}
