import { useMemo } from 'react'
import type { Evaluation, Figure } from '../../contract/model.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { count } from '../format.ts'
import { metricWord } from '../measurements/metric-words.ts'
import { absoluteTime } from '../time.ts'
import { WithInterval } from './with-interval.tsx'

interface Row {
  metric: string
  own: Figure
  baseline: Figure | undefined
  production: Figure | undefined
  difference: Figure | undefined
}

const figureColumn = (id: keyof Omit<Row, 'metric'>, header: string): Column<Row> => ({
  id,
  header,
  meta: { numeric: true },
  sortUndefined: 'last',
  accessorFn: (row) => row[id]?.value,
  cell: ({ row }) => <WithInterval of={row.original[id]} />,
})

/** Its metrics beside the baseline's and production's, on the same rows. */
export function MetricsPanel({ evaluation }: { evaluation: Evaluation }) {
  const { candidate, baseline, production, differences, rows, from, to } = evaluation
  const table = useMemo(
    () =>
      Object.entries(candidate).map(
        ([metric, own]): Row => ({
          metric,
          own,
          baseline: baseline?.[metric],
          production: production?.scores[metric],
          difference: differences[metric],
        }),
      ),
    [candidate, baseline, production, differences],
  )
  const against = production?.version
  const columns = useMemo(
    (): Column<Row>[] => [
      { id: 'metric', header: 'Metric', accessorFn: ({ metric }) => metricWord(metric) },
      figureColumn('own', 'This version'),
      ...(against
        ? [
            figureColumn('production', against),
            {
              ...figureColumn('difference', 'Difference'),
              cell: ({ row }: { row: { original: Row } }) => {
                const { difference } = row.original
                if (!difference) return <span className="muted">–</span>
                const sure =
                  difference.low !== null && difference.high !== null && (difference.low > 0 || difference.high < 0)
                return (
                  <span title={sure ? 'More than chance explains' : 'Chance may explain it'}>
                    {difference.value > 0 ? '+' : ''}
                    <WithInterval of={difference} />
                  </span>
                )
              },
            },
          ]
        : []),
      figureColumn('baseline', 'Baseline'),
    ],
    [against],
  )
  // Scores that a program wrote have no times.
  const when = from === 0 && to === 0 ? '' : `${absoluteTime(from).slice(0, 16)} to ${absoluteTime(to).slice(0, 16)}, `
  return (
    <Panel title="How good it is" says={`On ${count(rows)} test rows it never saw, ${when}with 95 % intervals.`}>
      <TableTools rows={table} total={table.length} columns={columns} name="metrics">
        {against && (
          <span className="muted">
            Beside <Ref to={`model-version:${against}`} />, in production then, on the same rows
          </span>
        )}
      </TableTools>
      <DataTable rows={table} columns={columns} caption="Metrics" rowId={({ metric }) => metric} height={420} />
    </Panel>
  )
}
