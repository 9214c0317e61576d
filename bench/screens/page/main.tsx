import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { seededRandom } from '../../../src/base/random.ts'
import type { ChartLine } from '../../../src/ui/components/chart/chart-plot.ts'
import { LineChart } from '../../../src/ui/components/chart/line-chart.tsx'
import { type Column, DataTable } from '../../../src/ui/components/data-table.tsx'
import { Panel } from '../../../src/ui/components/panel.tsx'
import { figure } from '../../../src/ui/format.ts'

/** How much of each, by the address: `?rows=100000&points=1000000`. */
const asked = new URLSearchParams(location.search)
const rowCount = Number(asked.get('rows') ?? 100_000)
const pointCount = Number(asked.get('points') ?? 1_000_000)
const random = seededRandom(20_240)

interface Row {
  id: string
  state: string
  figures: number[]
}
const states = ['succeeded', 'failed', 'running']
const rows: Row[] = Array.from({ length: rowCount }, (_, index) => ({
  id: `run_${index.toString(36).padStart(6, '0')}`,
  state: states[Math.floor(random() * states.length)]!,
  figures: Array.from({ length: 10 }, () => random()),
}))
const columns: Column<Row>[] = [
  { id: 'id', header: 'Run', accessorFn: ({ id }) => id },
  { id: 'state', header: 'State', accessorFn: ({ state }) => state },
  ...Array.from(
    { length: 10 },
    (_, index): Column<Row> => ({
      id: `metric ${index}`,
      header: `Metric ${index}`,
      accessorFn: ({ figures }) => figures[index],
      cell: ({ row }) => figure(row.original.figures[index]),
      meta: { numeric: true },
    }),
  ),
]

const xs = Array.from({ length: pointCount }, (_, index) => index)
const walk = (color: string, name: string): ChartLine => {
  let at = 0
  return {
    name,
    color,
    values: xs.map(() => {
      at += random() - 0.5
      return at
    }),
  }
}
const lines = [walk('--line-1', 'loss')]

function Page() {
  const [sort, setSort] = useState<string | undefined>(undefined)
  return (
    <div className="screen">
      <Panel title="Table" says={`${rowCount} rows of ${columns.length} columns.`}>
        <DataTable
          rows={rows}
          columns={columns}
          caption="Runs"
          rowId={({ id }) => id}
          height={400}
          sort={sort}
          onSort={setSort}
        />
      </Panel>
      <LineChart title="Chart" says={`${pointCount} points.`} xs={xs} lines={lines} xTitle="Step" empty={null} />
    </div>
  )
}

createRoot(document.getElementById('root')!).render(<Page />)
