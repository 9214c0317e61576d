import { open, readFile } from 'node:fs/promises'
import { type Table, textAt } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { ArtifactPreview } from '../../contract/artifact-preview.ts'
import type { ColumnType } from '../../contract/definition.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { FileColumn, StoredAs, TableFile, Tables } from '../../ports/tables.ts'
import type { DataServices } from './data-services.ts'

const previewRows = 100
const previewColumns = 60
const previewBytes = 128 * 1024
const largestPicture = 4 << 20

const pictures: readonly (readonly [mediaType: string, begins: string])[] = [
  ['image/png', '89504e47'],
  ['image/jpeg', 'ffd8ff'],
  ['image/gif', '47494638'],
]
const tableFormats: Record<string, TableFile['format']> = { csv: 'csv', ndjson: 'ndjson', jsonl: 'ndjson' }
const readAs: Record<Exclude<StoredAs, 'other'>, ColumnType> = {
  number: 'number',
  text: 'text',
  boolean: 'boolean',
  time: 'time',
}

/**
 * The beginning of an artifact, as far as a person can read it: by its own first bytes, and by its name where those say nothing.
 *
 * @throws `not-found` of a hash that names nothing
 */
export async function artifactPreview(
  { blobs, tables }: Pick<DataServices, 'blobs' | 'tables'>,
  hash: string,
  name: string,
): Promise<ArtifactPreview> {
  const path = await blobs.pathOf(hash)
  const { bytes, size } = await beginningOf(path)
  const head = Buffer.from(bytes.subarray(0, 4)).toString('hex')
  const format = head === '50415231' ? 'parquet' : tableFormats[name.toLowerCase().split('.').at(-1) ?? '']
  if (format) {
    const table = await rowsOf(tables, { format, path }).catch((error: unknown) => {
      if (error instanceof MillwrightError && error.code === 'invalid-data') return null
      throw error
    })
    if (table) return table
  }
  const picture = pictures.find(([, begins]) => head.startsWith(begins))
  if (picture)
    return size > largestPicture
      ? { kind: 'none', size, because: 'The picture is too large to be shown here.' }
      : { kind: 'image', mediaType: picture[0], base64: (await readFile(path)).toString('base64') }
  const text = textOf(bytes, size > bytes.length)
  return text === null
    ? { kind: 'none', size, because: 'These are bytes that only programs read.' }
    : { kind: 'text', text, size, isWhole: size <= bytes.length }
}

async function beginningOf(path: string): Promise<{ bytes: Uint8Array; size: number }> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, previewBytes)))
    return { bytes: buffer.subarray(0, bytesRead), size }
  } finally {
    await file.close()
  }
}

/** Null of what is no UTF-8 text. @param isCut the end may lie in the middle of a sign. */
function textOf(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

async function rowsOf(tables: Tables, file: TableFile): Promise<ArtifactPreview> {
  const columns = (await tables.schema(file)).slice(0, previewColumns)
  const total = await tables.count([file])
  const readable = columns.flatMap(({ name, storedAs }) =>
    storedAs === 'other' ? [] : [{ name, type: readAs[storedAs] }],
  )
  let rows: Json[][] = []
  if (readable.length > 0)
    for await (const chunk of tables.scan([file], { columns: readable })) {
      rows = Array.from({ length: Math.min(previewRows, chunk.rows) }, (_, row) =>
        columns.map((column) => cellOf(chunk, column, row)),
      )
      break
    }
  return { kind: 'table', columns: columns.map(({ name, storedAs }) => ({ name, storedAs })), rows, total }
}

function cellOf(table: Table, { name, storedAs, native }: FileColumn, row: number): Json {
  const vector = table.columns.get(name)
  if (!vector) return native
  if (vector.kind === 'text') return textAt(vector, row)
  const value = vector.values[row]!
  if (Number.isNaN(value)) return null
  return storedAs === 'boolean' ? value === 1 : value
}
