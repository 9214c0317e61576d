import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { Histogram } from '../components/chart/histogram.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Facts } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { count, counted, figure, percent } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import type { DatasetSearch } from './dataset-search.ts'
import { summaryBins } from './summary-bins.ts'

type Row = Answer<'datasetDiff'>['columns'][number]
type Summary = NonNullable<Row['before']>

const signed = (value: number): string => `${value > 0 ? '+' : value < 0 ? '−' : ''}${count(Math.abs(value))}`

/** A statistic in both versions, `before → after`; once where it stayed. */
const pair = (
  id: string,
  header: string,
  read: (summary: Summary) => number | null,
  words: (value: number, summary: Summary) => string = (value, { type }) =>
    type === 'time' || type === 'local-time' ? absoluteTime(value) : figure(value),
): Column<Row> => ({
  id,
  header,
  meta: { numeric: true },
  accessorFn: ({ after }) => (after && read(after)) ?? undefined,
  sortUndefined: 'last',
  cell: ({ row: { original } }) => {
    const [before, after] = [original.before, original.after].map((summary) => {
      const value = summary && read(summary)
      return summary === null || value === null ? '–' : words(value, summary)
    })
    return before === after ? <span className="muted">{after}</span> : `${before} → ${after}`
  },
})

const columns: Column<Row>[] = [
  {
    id: 'name',
    header: 'Column',
    accessorFn: ({ name }) => name,
    cell: ({ row: { original } }) => (
      <>
        {original.name}
        {original.before === null && <span className="muted"> is new</span>}
        {original.after === null && <span className="muted"> is gone</span>}
      </>
    ),
  },
  pair(
    'missing',
    'Missing',
    ({ nulls, rows }) => (rows === 0 ? 0 : nulls / rows),
    (share) => percent(share, 2),
  ),
  pair('distinct', 'Distinct, at least', ({ distinct }) => distinct, count),
  pair('mean', 'Mean', ({ mean }) => mean),
  pair('std', 'Std. dev.', ({ std }) => std),
  pair('min', 'Least', ({ min }) => min),
  pair('max', 'Greatest', ({ max }) => max),
]

/** What changed between two versions: batches, rows, and what the columns are like. */
export function VersionDiff({
  dataset,
  from,
  to,
  column,
  keep,
}: {
  dataset: string
  from: number
  to: number
  column: string | undefined
  keep: (change: DatasetSearch) => void
}) {
  const { data, error, refetch } = useQuery({
    ...reading('datasetDiff', { params: { dataset }, query: { from, to } }),
    // Versions never change.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const rows = data?.columns ?? []
  const chosen =
    rows.find(({ name }) => name === column) ?? rows.find(({ before, after }) => (after ?? before)?.histogram)
  const bins = useMemo(
    () =>
      chosen
        ? summaryBins([
            { name: `@${to}`, summary: chosen.after },
            { name: `@${from}`, summary: chosen.before },
          ])
        : null,
    [chosen, from, to],
  )
  return (
    <Panel
      title={`From @${from} to @${to}`}
      className="waits-tallest"
      says="What the later version has that the earlier one has not, and how the columns changed."
      actions={
        <button type="button" onClick={() => keep({ from: undefined, to: undefined })}>
          Close
        </button>
      }
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="the difference" />
      ) : (
        <>
          <Facts
            facts={[
              ['Rows', signed(data.rows)],
              ['Batches that came', counted(data.added.length, 'batch', 'batches')],
              ['Batches that went', counted(data.removed.length, 'batch', 'batches')],
              ...(data.added.length > 0
                ? [['First and last of them', `${data.added[0]!.origin} … ${data.added.at(-1)!.origin}`] as const]
                : []),
            ]}
          />
          <TableTools rows={rows} total={rows.length} columns={columns} name={`${dataset}-${from}-${to}`} />
          <DataTable
            rows={rows}
            columns={columns}
            caption={`Columns in version ${from} and ${to}`}
            rowId={({ name }) => name}
            height={420}
            onOpen={({ name }) => keep({ column: name })}
            current={chosen?.name}
          />
          {bins && chosen && (
            <Histogram
              title={`Spread of ${chosen.name}`}
              says={`The share of the rows in each bin in @${to} (bars), beside @${from} (dashed).`}
              bins={bins}
            />
          )}
        </>
      )}
    </Panel>
  )
}
