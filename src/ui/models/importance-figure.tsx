import type { ModelVersionRecord } from '../../contract/model.ts'
import { BarRows, barRowsHeight } from '../components/chart/bar-rows.tsx'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import type { Column } from '../components/data-table.tsx'
import { EmptyState } from '../components/states.tsx'
import { percent } from '../format.ts'

type Row = ModelVersionRecord['importance'][number]

const series = [{ name: 'Share of gain', color: '--line-1' }]
const columns: Column<Row>[] = [
  { id: 'input', header: 'Input', accessorFn: ({ input }) => input },
  {
    id: 'gain',
    header: 'Share of gain',
    meta: { numeric: true },
    accessorFn: ({ gain }) => gain,
    cell: ({ row }) => percent(row.original.gain),
  },
]

/** What it reads, by how much of its gain in training came from it. */
export function ImportanceFigure({ importance }: { importance: readonly Row[] }) {
  const rows = importance.map(({ input, gain }) => ({ label: input, values: [gain] }))
  return (
    <DrawnFigure
      title="What it reads"
      says="Share of the gain in training that came from each input."
      rows={importance}
      columns={columns}
      rowId={({ input }) => input}
      height={barRowsHeight(rows, series)}
      empty={<EmptyState>It came as a file: how much each input counts was not told.</EmptyState>}
    >
      {(width) => <BarRows rows={rows} series={series} width={width} format={percent} />}
    </DrawnFigure>
  )
}
