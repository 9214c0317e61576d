import { numbersOf, rowAt, type Table, takeRows, textAt, textsOf } from '../../base/columns.ts'
import type { Anomaly, BatchRecord } from '../../contract/data.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import type { RangeFilter, TableFile } from '../../ports/tables.ts'
import type { DataServices } from './data-services.ts'
import { type DatasetPlan, typed } from './dataset-plan.ts'

export interface TimeSpan {
  from: number
  to: number
}

/** Rows of a batch whose key the dataset has already. */
export interface RepeatedKeys {
  /** Keys of rows that are there already, value for value: the same row again. */
  known: ReadonlySet<string>
  /** The same key with other values. */
  conflicts: number
  samples: Anomaly['samples']
}

const none: RepeatedKeys = { known: new Set(), conflicts: 0, samples: [] }
const sampleRows = 5

/** Whether rows of another batch may have the keys of this dataset's rows: not when they are made from the file, nor where there is no time to look by. */
export function mayRepeat(plan: DatasetPlan): boolean {
  return plan.key !== null && !plan.keyFromFile && plan.time !== null
}

/** Accepted batches with events in a span of time, which may thus hold the keys of rows in it. */
export async function batchesWithin(
  reader: Pick<RecordReader, 'find'>,
  dataset: string,
  span: TimeSpan,
  addedAfter = 0,
): Promise<BatchRecord[]> {
  const where = { dataset, state: 'accepted', from: { atMost: span.to }, to: { atLeast: span.from } }
  const found = await reader.find('batch', { where: { ...where, addedIn: { above: addedAfter } } })
  return found.filter((batch) => batch.removedIn === null)
}

/**
 * Looks for the keys of a batch among the rows that the dataset has, or that wait to become a batch, in the same span of time. Only what overlaps is
 * read, and more than the keys only when there are such.
 */
export async function findRepeatedKeys(
  { metadata, blobs, tables }: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
  plan: DatasetPlan,
  file: TableFile,
  span: TimeSpan,
  waiting: readonly Table[],
): Promise<RepeatedKeys> {
  const { key, time } = plan
  if (key === null || time === null) return none
  const batches = await batchesWithin(metadata, plan.dataset.name, span)
  const earlier = await Promise.all(
    batches.map(async (batch) => ({ format: 'parquet' as const, path: await blobs.pathOf(batch.contentHash) })),
  )
  const where: RangeFilter[] = [
    {
      name: time,
      type: 'time',
      atLeast: span.from,
      atMost: span.to,
    },
  ]
  const repeated = new Set<string>()
  for await (const met of tables.join(
    { files: [file], key, columns: [{ name: key, type: 'key' }], where },
    { files: earlier, key, columns: [], where },
  )) {
    for (const [row] of keysOf(met, key)) repeated.add(row)
  }
  const pending = waitingRows(waiting, key, time, span)
  if (pending.size > 0) {
    for await (const rows of tables.scan([file], { columns: [{ name: key, type: 'key' }], where })) {
      for (const [text] of keysOf(rows, key)) if (pending.has(text)) repeated.add(text)
    }
  }
  if (repeated.size === 0) return none
  const before = new Map<string, RowOf[]>()
  for (const text of repeated) {
    const row = pending.get(text)
    if (row !== undefined) before.set(text, [row])
  }
  if (earlier.length > 0) {
    for await (const rows of tables.scan(earlier, { columns: typed(plan.stored), where })) {
      const met = [...keysOf(rows, key)].filter(([text]) => repeated.has(text))
      // Copied, so that the rest of the chunk can go.
      const table = takeRows(
        rows,
        met.map(([, row]) => row),
      )
      for (const [row, [text]] of met.entries()) before.set(text, [...(before.get(text) ?? []), { table, row }])
    }
  }
  return compareRows(
    tables.scan([file], { columns: typed(plan.stored), where }),
    before,
    key,
    plan.stored.map((column) => column.name),
  )
}

interface RowOf {
  table: Table
  row: number
}

async function compareRows(
  rows: AsyncIterable<Table>,
  before: ReadonlyMap<string, readonly RowOf[]>,
  key: string,
  columns: readonly string[],
): Promise<RepeatedKeys> {
  const known = new Set<string>()
  const samples: Anomaly['samples'] = []
  let conflicts = 0
  for await (const table of rows) {
    for (const [text, row] of keysOf(table, key)) {
      const candidates = before.get(text)
      if (candidates === undefined) continue
      if (candidates.some((each) => columns.every((name) => sameValue(each, { table, row }, name)))) known.add(text)
      else {
        conflicts += 1
        if (samples.length < sampleRows) samples.push(rowAt(table, row))
      }
    }
  }
  return { known, conflicts, samples }
}

/** Every key with the place of its row. */
function* keysOf(rows: Table, key: string): Generator<[string, number]> {
  const keys = textsOf(rows, key)
  for (let row = 0; row < rows.rows; row += 1) {
    const text = textAt(keys, row)
    if (text !== null) yield [text, row]
  }
}

function waitingRows(waiting: readonly Table[], key: string, time: string, span: TimeSpan): Map<string, RowOf> {
  const found = new Map<string, RowOf>()
  for (const table of waiting) {
    const times = numbersOf(table, time)
    for (const [text, row] of keysOf(table, key)) {
      if (times[row]! >= span.from && times[row]! <= span.to) found.set(text, { table, row })
    }
  }
  return found
}

function sameValue(a: RowOf, b: RowOf, column: string): boolean {
  const [left, right] = [a.table.columns.get(column)!, b.table.columns.get(column)!]
  if (left.kind === 'text') return right.kind === 'text' && textAt(left, a.row) === textAt(right, b.row)
  if (right.kind === 'text') return false
  const [x, y] = [left.values[a.row]!, right.values[b.row]!]
  return x === y || (Number.isNaN(x) && Number.isNaN(y))
}

/** What is told of them. How much a conflict matters the dataset may say, by stating that its key is unique; otherwise it stops the batch. */
export function repeatedKeyAnomalies(plan: DatasetPlan, repeated: RepeatedKeys, rows: number): Anomaly[] {
  const anomalies: Anomaly[] = []
  const { known, conflicts, samples } = repeated
  const about = { column: plan.key, rows }
  if (conflicts > 0) {
    const stated = plan.dataset.expectations.find(
      (each) => each.kind === 'unique' && each.columns.length === 1 && each.columns[0] === plan.key,
    )
    const { severity, mostly } = stated?.kind === 'unique' ? stated : { severity: 'stop' as const, mostly: 1 }
    anomalies.push({
      ...about,
      kind: 'key-conflict',
      severity: mostly < 1 && conflicts <= (1 - mostly) * rows + 1e-9 ? 'warn' : severity,
      message: `"${plan.key}" is that of an earlier row with other values in ${conflicts} of ${rows} rows; mend the rows, or give them keys of their own`,
      failing: conflicts,
      samples,
    })
  }
  if (known.size > 0) {
    anomalies.push({
      ...about,
      kind: 'known-rows',
      severity: 'warn',
      message: `${known.size} of ${rows} rows were there already, value for value; they count once`,
      failing: known.size,
      samples: [],
    })
  }
  return anomalies
}
