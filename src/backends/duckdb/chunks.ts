import type { DuckDBDataChunk, DuckDBResult, DuckDBVarCharVector } from '@duckdb/node-api'
import type { Table, Vector } from '../../base/columns.ts'
import { TextDecoder16 } from './text-decoder.ts'

const chunkRows = 65_536

export interface OutputColumn {
  name: string
  text: boolean
}

/** Reads a result whose columns are DOUBLE (never NULL: NaN) or VARCHAR, in tables of up to 65,536 rows. */
export async function* tablesOf(result: DuckDBResult, columns: readonly OutputColumn[]): AsyncGenerator<Table> {
  const decoders = columns.map((column) => (column.text ? new TextDecoder16() : null))
  const fresh = () => columns.map((column) => (column.text ? new Int32Array(chunkRows) : new Float64Array(chunkRows)))
  let buffers = fresh()
  let filled = 0
  const flush = (): Table => {
    const vectors = new Map<string, Vector>()
    for (const [index, column] of columns.entries()) {
      const buffer = buffers[index]!.subarray(0, filled)
      vectors.set(
        column.name,
        buffer instanceof Int32Array
          ? { kind: 'text', codes: buffer, dictionary: decoders[index]!.dictionary }
          : { kind: 'number', values: buffer as Float64Array },
      )
    }
    const table = { rows: filled, columns: vectors }
    buffers = fresh()
    filled = 0
    return table
  }
  for (;;) {
    const chunk: DuckDBDataChunk | null = await result.fetchChunk()
    const rows = chunk?.rowCount ?? 0
    if (chunk === null || rows === 0) break
    if (filled + rows > chunkRows) yield flush()
    for (let index = 0; index < columns.length; index += 1) {
      const vector = chunk.getColumnVector(index)
      const buffer = buffers[index]!
      if (buffer instanceof Int32Array) {
        decoders[index]!.decode(vector as DuckDBVarCharVector, rows, buffer, filled)
      } else {
        // `items` is private in the package's types: the doubles themselves, without a call per value.
        buffer.set((vector as unknown as { items: Float64Array }).items, filled)
      }
    }
    filled += rows
  }
  if (filled > 0) yield flush()
}
