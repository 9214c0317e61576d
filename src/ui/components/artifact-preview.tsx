import { useMemo } from 'react'
import type { ArtifactPreview as Preview } from '../../contract/artifact-preview.ts'
import { bytes, count, figure } from '../format.ts'
import { absoluteTime } from '../time.ts'
import { Code, JsonTree } from './code.tsx'
import { type Column, DataTable } from './data-table.tsx'

type Rows = Extract<Preview, { kind: 'table' }>

function PreviewTable({ preview }: { preview: Rows }) {
  const columns = useMemo(
    () =>
      preview.columns.map(
        ({ name, storedAs }, at): Column<Rows['rows'][number]> => ({
          id: `${at}`,
          header: name,
          accessorFn: (row) => row[at],
          meta: { numeric: storedAs === 'number' },
          cell: ({ row }) => {
            const value = row.original[at]
            if (value === null || value === undefined) return <span className="muted">–</span>
            if (storedAs === 'time') return absoluteTime(Number(value))
            return typeof value === 'number' ? figure(value, 7) : String(value)
          },
        }),
      ),
    [preview],
  )
  const rows = useMemo(() => preview.rows.map((row, at) => Object.assign([...row], { at })), [preview])
  return (
    <>
      <p className="muted">
        {count(preview.rows.length)} of {count(preview.total)} rows, {count(preview.columns.length)} columns.
      </p>
      <DataTable
        rows={rows}
        columns={columns}
        caption="The first rows"
        rowId={(row) => String((row as unknown as { at: number }).at)}
        height={320}
      />
    </>
  )
}

/** A JSON text as a tree; null of any other text. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

/** A table as Python's libraries write one into JSON: names of columns, and rows of values. */
function tableOf(value: unknown): Rows | null {
  if (typeof value !== 'object' || value === null) return null
  const { columns, data } = value as { columns?: unknown; data?: unknown }
  const isTable =
    Array.isArray(columns) &&
    columns.every((column) => typeof column === 'string') &&
    Array.isArray(data) &&
    data.every((row) => Array.isArray(row) && row.length === columns.length)
  if (!isTable) return null
  const rows = data as Rows['rows']
  return {
    kind: 'table',
    columns: columns.map((name, at) => ({
      name,
      storedAs: rows.every((row) => typeof row[at] === 'number' || row[at] === null) ? 'number' : 'text',
    })),
    rows: rows.map((row) =>
      row.map((cell) => (typeof cell === 'object' && cell !== null ? JSON.stringify(cell) : cell)),
    ),
    total: rows.length,
  }
}

/** What an artifact looks like, as far as a person can read it. */
export function ArtifactPreview({ preview, name }: { preview: Preview; name: string }) {
  if (preview.kind === 'none') return <p className="muted">{preview.because} Save it to look at it elsewhere.</p>
  if (preview.kind === 'image')
    return <img src={`data:${preview.mediaType};base64,${preview.base64}`} alt={name} className="artifact-image" />
  if (preview.kind === 'table') return <PreviewTable preview={preview} />
  const json = preview.isWhole ? jsonOf(preview.text) : null
  const table = tableOf(json)
  if (table) return <PreviewTable preview={table} />
  return json !== null && typeof json === 'object' ? (
    <JsonTree value={json} name={name} />
  ) : (
    <>
      {!preview.isWhole && <p className="muted">The beginning of {bytes(preview.size)}.</p>}
      <Code text={preview.text} label={name} />
    </>
  )
}
