import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { Histogram, SmallHistogram } from '../components/chart/histogram.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Facts } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { count, figure, percent } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import type { DatasetSearch } from './dataset-search.ts'
import { summaryBins } from './summary-bins.ts'

type Defined = Answer<'dataset'>['definition']['columns'][number]
type Compared = Answer<'datasetBatch'>['columns'][number]
type Summary = Answer<'datasetBatch'>['batch']['summaries'][number]

interface Row {
  summary: Summary
  defined: Defined | undefined
  compared: Compared | undefined
}

const valueText = (summary: Summary, value: number | null): string =>
  value === null ? '–' : summary.type === 'time' || summary.type === 'local-time' ? absoluteTime(value) : figure(value)

const missingShare = ({ rows, nulls }: Summary): number => (rows === 0 ? 0 : nulls / rows)

const binsOf = ({ summary, compared }: Row) =>
  summaryBins([
    { name: 'this batch', summary },
    { name: 'reference', summary: compared?.reference ?? null },
  ])

const statistic = (id: string, header: string, read: (summary: Summary) => number | null): Column<Row> => ({
  id,
  header,
  meta: { numeric: true },
  accessorFn: ({ summary }) => read(summary) ?? undefined,
  cell: ({ row: { original } }) => valueText(original.summary, read(original.summary)),
  sortUndefined: 'last',
})

const columns: Column<Row>[] = [
  { id: 'name', header: 'Column', accessorFn: ({ summary }) => summary.name },
  {
    id: 'type',
    header: 'Type',
    accessorFn: ({ summary, defined }) => `${summary.type}${defined?.unit ? `, ${defined.unit}` : ''}`,
    cell: ({ row: { original } }) => (
      <>
        {original.summary.type}
        {original.defined?.entity && <span className="muted"> to {original.defined.entity}</span>}
        {original.defined?.unit && <span className="muted"> {original.defined.unit}</span>}
        {original.defined?.derived && <span className="muted"> derived</span>}
      </>
    ),
  },
  {
    id: 'spread',
    header: 'Spread',
    accessorFn: ({ compared }) => compared?.distance ?? undefined,
    sortUndefined: 'last',
    cell: ({ row: { original } }) => {
      const bins = binsOf(original)
      return bins ? (
        <SmallHistogram bins={bins} label={`How ${original.summary.name} is spread, beside the reference`} />
      ) : (
        <span className="muted">–</span>
      )
    },
  },
  {
    id: 'distance',
    header: 'Distance',
    meta: { numeric: true },
    accessorFn: ({ compared }) => compared?.distance ?? undefined,
    sortUndefined: 'last',
    cell: ({ row: { original } }) => <Distance compared={original.compared} />,
  },
  {
    id: 'missing',
    header: 'Missing',
    meta: { numeric: true },
    accessorFn: ({ summary }) => missingShare(summary),
    cell: ({ row }) => percent(missingShare(row.original.summary), 2),
  },
  {
    id: 'distinct',
    header: 'Distinct',
    meta: { numeric: true },
    accessorFn: ({ summary }) => summary.distinct,
    cell: ({ row }) => count(row.original.summary.distinct),
  },
  statistic('mean', 'Mean', ({ mean }) => mean),
  statistic('std', 'Std. dev.', ({ std }) => std),
  statistic('min', 'Least', ({ min }) => min),
  statistic('median', 'Median', ({ quantiles }) => quantiles?.[3] ?? null),
  statistic('max', 'Greatest', ({ max }) => max),
]

/** How far from the reference, beside what may be. */
function Distance({ compared }: { compared: Compared | undefined }) {
  if (!compared || compared.distance === null) return <span className="muted">–</span>
  const { distance, mayBe } = compared
  const text = distance.toFixed(3)
  if (mayBe === null) return <span title="It follows other columns, and is not judged by itself">{text}</span>
  return (
    <span title={`${mayBe} may be`}>
      {distance > mayBe && <Mark name="warning" />} {text} <span className="muted">of {mayBe}</span>
    </span>
  )
}

function OneColumn({ row, onClose }: { row: Row; onClose: () => void }) {
  const { summary, defined, compared } = row
  const bins = useMemo(() => binsOf(row), [row])
  const quantiles = ['1 %', '5 %', '25 %', '50 %', '75 %', '95 %', '99 %']
  return (
    <div className="columns">
      {bins && (
        <Histogram
          title={`Spread of ${summary.name}`}
          says={`The share of this batch's ${count(summary.rows)} rows in each bin, beside the reference learnt from the first batches.`}
          bins={bins}
        />
      )}
      <Panel
        title={summary.name}
        says="The statistics of the column in this batch."
        actions={
          <button type="button" onClick={onClose}>
            Close
          </button>
        }
      >
        <Facts
          facts={[
            ['Type', `${summary.type}${defined?.unit ? `, ${defined.unit}` : ''}`],
            ['Known', defined?.knownAt ? `from ${defined.knownAt} on` : 'at the time of the row'],
            ['Missing', `${count(summary.nulls)} of ${count(summary.rows)} (${percent(missingShare(summary), 2)})`],
            ['Distinct values', count(summary.distinct)],
            ['Distance', <Distance key="distance" compared={compared} />],
            ...(summary.quantiles ?? []).map((value, place): [string, string] => [
              `Quantile ${quantiles[place]}`,
              valueText(summary, value),
            ]),
          ]}
        />
      </Panel>
    </div>
  )
}

/** What the columns of a batch are like, beside the reference by which batches are judged. */
export function ColumnsPanel({
  state: { definition, version },
  search,
  keep,
  now,
}: {
  state: Answer<'dataset'>
  search: DatasetSearch
  keep: (change: DatasetSearch) => void
  now: number
}) {
  const dataset = definition.name
  const newest = useQuery({
    ...reading('datasetBatches', { params: { dataset }, query: { state: 'accepted', limit: 1 } }),
    enabled: search.batch === undefined && version !== null,
  })
  const id = search.batch ?? newest.data?.batches[0]?.id
  const { data, error, refetch } = useQuery({
    ...reading('datasetBatch', { params: { dataset, batch: id ?? '' } }),
    enabled: id !== undefined,
  })
  const rows = useMemo(
    () =>
      data?.batch.summaries.map(
        (summary): Row => ({
          summary,
          defined: definition.columns.find(({ name }) => name === summary.name),
          compared: data.columns.find(({ name }) => name === summary.name),
        }),
      ) ?? [],
    [data, definition],
  )
  const open = rows.find(({ summary }) => summary.name === search.column)
  if (version === null && search.batch === undefined)
    return (
      <Panel title="Columns" says="What the values of each column are like.">
        <EmptyState command={`npx millwright ingest ${dataset}`}>
          Nothing was let in yet: take in the source, or push rows.
        </EmptyState>
      </Panel>
    )
  return (
    <>
      {search.column !== undefined && (
        <div className="one-column">
          {open ? (
            <OneColumn row={open} onClose={() => keep({ column: undefined })} />
          ) : (
            !data && <Loading what="the column" />
          )}
        </div>
      )}
      <Panel
        title="Columns"
        className="waits-tall"
        says="Each column in one batch (bars), beside the reference learnt from the first batches (dashed); choose one to see more."
      >
        {data && (
          <p>
            {search.batch === undefined ? 'The newest batch that was let in' : 'The batch that you chose'}:{' '}
            <code>{data.batch.origin}</code>, <When time={data.batch.time} now={now} />, {count(data.batch.rows)} rows.{' '}
            {search.batch !== undefined && (
              <button type="button" onClick={() => keep({ batch: undefined })}>
                Show the newest
              </button>
            )}
          </p>
        )}
        {!data && (error || newest.error) ? (
          <ErrorState error={(error ?? newest.error)!} retry={() => void (error ? refetch() : newest.refetch())} />
        ) : !data ? (
          <Loading what="columns" />
        ) : (
          <>
            <TableTools rows={rows} total={rows.length} columns={columns} name={`${dataset}-columns`}>
              <SavedViews />
            </TableTools>
            <DataTable
              rows={rows}
              columns={columns}
              caption="Columns with their statistics"
              rowId={({ summary }) => summary.name}
              height={560}
              onOpen={({ summary }) => keep({ column: summary.name })}
              current={search.column}
            />
          </>
        )}
      </Panel>
    </>
  )
}
