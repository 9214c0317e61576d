import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import type { Bins } from '../components/chart/bins.ts'
import { edgeLabels } from '../components/chart/edge-labels.ts'
import { Histogram, SmallHistogram } from '../components/chart/histogram.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { count } from '../format.ts'
import { reading } from '../queries.ts'
import { dateOf } from '../time.ts'
import type { ViewSearch } from './view-search.ts'

type Row = Answer<'featureSpreads'>['spreads'][number]

function binsOf({ training, counts }: Row): Bins {
  const labels =
    training.kind === 'numeric' ? [...edgeLabels(training.edges), 'missing'] : [...training.values, 'others', 'missing']
  return {
    labels,
    series: [
      { name: 'asked lately', counts },
      { name: 'training', counts: [...training.counts, training.missing] },
    ],
  }
}

const columns: Column<Row>[] = [
  { id: 'feature', header: 'Feature', accessorFn: ({ feature }) => feature },
  { id: 'by', header: 'Of the', accessorFn: ({ by }) => by },
  {
    id: 'spread',
    header: 'Spread',
    accessorFn: ({ distance }) => distance ?? undefined,
    sortUndefined: 'last',
    cell: ({ row: { original } }) => (
      <SmallHistogram bins={binsOf(original)} label={`How ${original.input} is spread lately, beside training`} />
    ),
  },
  {
    id: 'distance',
    header: 'Distance',
    meta: { numeric: true },
    accessorFn: ({ distance }) => distance ?? undefined,
    sortUndefined: 'last',
    cell: ({ row: { original } }) => {
      const { distance, mayBe } = original
      if (distance === null || mayBe === null) return <span className="muted">–</span>
      return (
        <span title={`Counts as drift from ${mayBe.toFixed(3)} on`}>
          <Mark name={distance > mayBe ? 'warning' : 'good'} /> {distance.toFixed(3)}{' '}
          <span className="muted">of {Number(mayBe.toFixed(3))}</span>
        </span>
      )
    },
  },
  {
    id: 'answers',
    header: 'Answers',
    meta: { numeric: true },
    accessorFn: ({ answers }) => answers,
    cell: ({ row }) => count(row.original.answers),
  },
  {
    id: 'endpoint',
    header: 'Endpoint',
    accessorFn: ({ endpoint }) => endpoint,
    cell: ({ row }) => <Ref to={`endpoint:${row.original.endpoint}`} />,
  },
  {
    id: 'version',
    header: 'Version',
    accessorFn: ({ version }) => version,
    cell: ({ row }) => <Ref to={`model-version:${row.original.version}`} />,
  },
  {
    id: 'monitor',
    header: 'Watched by',
    accessorFn: ({ monitor }) => monitor ?? '',
    cell: ({ row: { original } }) =>
      original.monitor === null ? <span className="muted">nothing</span> : <Ref to={`monitor:${original.monitor}`} />,
  },
]

/** Whether what models are given is what they learnt from. */
export function SpreadsPanel({
  view,
  search,
  keep,
}: {
  view: string
  search: ViewSearch
  keep: (change: ViewSearch) => void
}) {
  const { data, error, refetch } = useQuery(reading('featureSpreads', { params: { view } }))
  const rows = data?.spreads ?? []
  const open = rows.find(({ endpoint, input }) => `${endpoint}/${input}` === search.input)
  const bins = useMemo(() => (open ? binsOf(open) : null), [open])
  const since = rows.find(({ since: from }) => from !== null)?.since
  return (
    <>
      <Panel
        title="Training beside serving"
        says="How each input was spread in the training of the version that serves (dashed), and in what it was asked lately (bars); the distance is the one of the drift monitors."
        className="spreads-panel"
      >
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="what was asked lately" />
        ) : rows.length === 0 ? (
          <EmptyState>No version that serves takes anything from this view yet.</EmptyState>
        ) : (
          <>
            {since ? (
              <p className="muted">Answers from {dateOf(since)} on.</p>
            ) : (
              <p className="muted">Nothing was asked in the last week.</p>
            )}
            <TableTools rows={rows} total={rows.length} columns={columns} name={`${view}-spreads`}>
              <SavedViews />
            </TableTools>
            <DataTable
              rows={rows}
              columns={columns}
              caption="Inputs of serving versions that come from this view"
              rowId={({ endpoint, input }) => `${endpoint}/${input}`}
              height={420}
              onOpen={({ endpoint, input }) => keep({ input: `${endpoint}/${input}` })}
              current={search.input}
            />
          </>
        )}
      </Panel>
      {open && bins && (
        <Histogram
          title={`Spread of ${open.input}`}
          says={`The share of values in each bin of the training of ${open.version}: what it was asked lately as bars, training dashed.`}
          bins={bins}
        />
      )}
    </>
  )
}
