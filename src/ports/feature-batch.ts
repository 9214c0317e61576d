import { numbersOf, type Table, type TextVector, textsOf, type Vector } from '../base/columns.ts'
import { decodeTable, encodeTable } from '../base/table-codec.ts'

/** How long an event of a view matters to anybody. */
export interface Reach {
  /** Windows end at the time that is asked for, and begin no earlier than this before it. */
  windowMs: number
  /** A feature looks back without a bound: the newest event of each entity matters for ever. */
  last: boolean
}

/** Events of one feature view, as one record of the feature log: the control plane writes it, every prediction service tails it. */
export interface FeatureBatch {
  /** Its place in the log; ascending, with gaps where the log was trimmed. */
  seq: number
  view: string
  /** Of what the events are made of: the view's dataset, columns and aggregated values. Events under another hash are of no use. */
  viewHash: string
  /** Part of the record, so that every copy of the log can be trimmed by itself, whatever views are in use there. */
  reach: Reach
  /** Up to where the view has seen its dataset with this record: version of the dataset, and the pushed rows that it holds. */
  through: { version: number | null; pushed: number | null }
  entities: TextVector
  /** When each event became known, UTC milliseconds. */
  times: Float64Array
  /** One column for each aggregated value, NaN where it is missing. */
  values: Float64Array[]
}

type Note = Omit<FeatureBatch, 'entities' | 'times' | 'values'>

/** The bytes of a record, on disk and on the wire. */
export function encodeFeatureBatch(batch: FeatureBatch): Uint8Array {
  const { entities, times, values, ...note } = batch
  const columns = new Map<string, Vector>([
    ['entity', entities],
    ['time', { kind: 'number', values: times }],
  ])
  for (const [i, column] of values.entries()) columns.set(`value ${i}`, { kind: 'number', values: column })
  const table: Table = { rows: times.length, columns }
  return encodeTable(table, note)
}

/** @throws RangeError on bytes that are no record. */
export function decodeFeatureBatch(bytes: Uint8Array): FeatureBatch {
  const { table, note } = decodeTable(bytes)
  const values: Float64Array[] = []
  for (let i = 0; table.columns.has(`value ${i}`); i += 1) values.push(numbersOf(table, `value ${i}`))
  const { seq, view, viewHash, reach, through } = note as Note
  return {
    seq,
    view,
    viewHash,
    reach,
    through,
    entities: textsOf(table, 'entity'),
    times: numbersOf(table, 'time'),
    values,
  }
}
