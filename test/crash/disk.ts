import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import Sqlite from 'libsql'

/** A record as it is stored. */
export type Doc = Record<string, unknown> & { id: string }
export interface StoredEvent {
  seq: number
  id: string
  type: string
  stage: string
  subject: string
  actor: string
  message: string
  level: string
  time: number
  recordedAt: number
  data: Record<string, unknown>
  previousHash: string
  hash: string
}
/** A line of a prediction log, and where it stands. */
export interface LoggedLine {
  segment: string
  line: number
  text: string
}

/** All that a home holds, read by nothing of the product: SQLite, files, Parquet by DuckDB. */
export interface Disk {
  records: Record<string, Doc[]>
  events: StoredEvent[]
  unsealed: number
  /** Segment → its lines, of the prediction service's own log with what it has shipped. */
  predictions: LoggedLine[]
  /** Segments of which the shipped part is not the beginning of the service's own. */
  torn: string[]
  labels: { key: string; value: unknown }[]
  /** Name of the file → hash of its bytes. */
  blobs: Map<string, string>
  /** Keys of orders in the newest version of the dataset, with how often. */
  rows: Map<string, number>
  /** Pushed rows that wait for their day's end, as bytes. */
  waiting: string
  /** Execution → how often its step began. */
  marks: Map<string, number>
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    : []
/** A file that is moved away while it is looked for is found where it went. */
const bytesOf = (path: string): Buffer => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0))

export function openDatabase(home: string) {
  const file = new Sqlite(join(home, 'metadata.db'), { readonly: true })
  file.exec('PRAGMA busy_timeout = 5000')
  return file
}

function readRecords(home: string): Pick<Disk, 'records' | 'events' | 'unsealed'> {
  const file = openDatabase(home)
  try {
    const all = (text: string) => file.prepare(text).all() as Record<string, unknown>[]
    file.exec('BEGIN')
    const tables = all("select name from sqlite_master where type = 'table' and name like 'record\\_%' escape '\\'")
    const records = Object.fromEntries(
      tables.map(({ name }) => [
        String(name).slice('record_'.length),
        all(`select id, doc from ${name} order by id`).map(
          (row) => ({ ...JSON.parse(String(row.doc)), id: row.id }) as Doc,
        ),
      ]),
    )
    const rows = all('select * from event order by seq')
    const events = rows
      .filter((row) => row.seq !== null)
      .map((row) => ({
        seq: Number(row.seq),
        id: String(row.id),
        type: String(row.type),
        stage: String(row.stage),
        subject: String(row.subject),
        actor: String(row.actor),
        message: String(row.message),
        level: String(row.level),
        time: Number(row.time),
        recordedAt: Number(row.recorded_at),
        data: JSON.parse(String(row.data)),
        previousHash: String(row.previous_hash),
        hash: String(row.hash),
      }))
    return { records, events, unsealed: rows.length - events.length }
  } finally {
    file.close()
  }
}

/** The service's own log is read first: what it drops meanwhile was shipped before. */
function readPredictions(home: string): Pick<Disk, 'predictions' | 'torn'> {
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/\.ndjson$/, '')
  const own = new Map(filesIn(join(home, 'predictor/predictions')).map((path) => [nameOf(path), bytesOf(path)]))
  const shipped = new Map(filesIn(join(home, 'predictions')).map((path) => [nameOf(path), bytesOf(path)]))
  const torn: string[] = []
  const predictions: LoggedLine[] = []
  for (const segment of new Set([...own.keys(), ...shipped.keys()])) {
    const [here, there] = [own.get(segment), shipped.get(segment)]
    // Read after the other, so it may be longer by what was written meanwhile; one is the beginning of the other.
    if (here && there && here.length > 0) {
      const both = Math.min(here.length, there.length)
      if (!here.subarray(0, both).equals(there.subarray(0, both))) torn.push(segment)
    }
    const longest = (here?.length ?? 0) >= (there?.length ?? 0) ? here : there
    const lines = (longest ?? Buffer.alloc(0)).toString().split('\n')
    // What follows the last line break is a line on its way.
    lines.pop()
    predictions.push(...lines.map((text, line) => ({ segment, line, text })))
  }
  return { predictions, torn }
}

async function readRows(home: string, records: Disk['records']): Promise<Map<string, number>> {
  const files = (records.batch ?? [])
    .filter((batch) => batch.dataset === 'orders' && batch.addedIn !== null && batch.removedIn === null)
    .map(({ contentHash }) => join(home, 'blobs', String(contentHash).slice(0, 2), String(contentHash)))
    .filter((path) => existsSync(path))
  if (files.length === 0) return new Map()
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const list = files.map((path) => `'${path}'`).join(',')
    const found = await connection.runAndReadAll(
      `select order_id::varchar, count(*)::integer from read_parquet([${list}]) group by order_id`,
    )
    return new Map(found.getRows().map(([key, count]) => [String(key), Number(count)]))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** @param marks the file to which every step of the project appends when it begins. */
export async function readDisk(home: string, marks: string): Promise<Disk> {
  // Before the versions that take the rows in.
  const waiting = filesIn(join(home, 'rows'))
    .map((path) => bytesOf(path).toString('latin1'))
    .join('\n')
  const records = readRecords(home)
  const labels = filesIn(join(home, 'labels')).flatMap((path) =>
    bytesOf(path)
      .toString()
      .split('\n')
      .flatMap((line) => {
        try {
          const [key, value] = JSON.parse(line) as [string, unknown]
          return [{ key, value }]
        } catch {
          // The half line of a process that died while it wrote.
          return []
        }
      }),
  )
  const blobs = new Map(
    filesIn(join(home, 'blobs'))
      .filter((path) => /\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(path))
      .map((path) => [path.slice(-64), sha256(bytesOf(path))]),
  )
  const began = new Map<string, number>()
  for (const mark of bytesOf(marks).toString().split('\n')) if (mark) began.set(mark, (began.get(mark) ?? 0) + 1)
  const rows = await readRows(home, records.records)
  return { ...records, ...readPredictions(home), labels, blobs, rows, waiting, marks: began }
}
