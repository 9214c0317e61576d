import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call } from '../api.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import { Choice } from '../components/choice.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { bytes, count } from '../format.ts'
import type { DatasetSearch } from './dataset-search.ts'
import { OneBatch } from './one-batch.tsx'
import { type Batch, findingsOf, Verdict, verdictWords } from './verdict.tsx'

const pageSize = 200
const choices = ['', 'accepted', 'out']
const choiceWords: Record<string, string> = { '': 'All batches', accepted: 'Let in', out: 'Kept out' }

const columnsAt = (now: number): Column<Batch>[] => [
  {
    id: 'state',
    header: 'Verdict',
    accessorFn: ({ state }) => verdictWords(state),
    cell: ({ row }) => <Verdict batch={row.original} />,
  },
  {
    id: 'came',
    header: 'Came',
    accessorFn: ({ time }) => time,
    cell: ({ row: { original } }) => <When time={original.time} now={now} recordedAt={original.recordedAt} />,
  },
  {
    id: 'rows',
    header: 'Rows',
    meta: { numeric: true },
    accessorFn: ({ rows }) => rows,
    cell: ({ row }) => count(row.original.rows),
  },
  {
    id: 'finding',
    header: 'What validation said',
    accessorFn: (batch) => findingsOf(batch)[0]?.message ?? '',
    cell: ({ row }) => {
      const [first, ...others] = findingsOf(row.original)
      if (!first) return <span className="muted">nothing</span>
      return (
        <span className="finding" title={first.message}>
          {first.message}
          {others.length > 0 && <span className="muted"> and {others.length} more</span>}
        </span>
      )
    },
  },
  { id: 'origin', header: 'From', accessorFn: ({ origin }) => origin },
  {
    id: 'version',
    header: 'In versions',
    accessorFn: ({ addedIn }) => addedIn ?? 0,
    cell: ({ row: { original } }) =>
      original.addedIn === null
        ? '–'
        : original.removedIn === null
          ? `from @${original.addedIn}`
          : `@${original.addedIn} to @${original.removedIn - 1}`,
  },
  {
    id: 'size',
    header: 'Stored',
    meta: { numeric: true },
    accessorFn: ({ bytes: size }) => size,
    cell: ({ row }) => bytes(row.original.bytes),
  },
]

/** Batches as they came, newest first, those that were read so far; whatever arrives comes by itself. */
function useBatches(dataset: string, state: DatasetSearch['state']) {
  return useInfiniteQuery({
    queryKey: ['datasetBatches', 'pages', dataset, state],
    queryFn: async ({ pageParam }) => {
      const page = async (one?: Batch['state']): Promise<Batch[]> => {
        const query = { limit: pageSize, ...(one ? { state: one } : {}), ...(pageParam ? { before: pageParam } : {}) }
        return (await call('datasetBatches', { params: { dataset }, query })).batches
      }
      if (state !== 'out') return page(state)
      const both = (await Promise.all([page('refused'), page('quarantined')])).flat()
      // A page ends where the shorter of the two does: what is older comes with the next one.
      return both.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, pageSize)
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.length < pageSize ? undefined : page.at(-1)!.id),
  })
}

/** What came and what became of it. */
export function BatchesPanel({
  dataset,
  now,
  search,
  keep,
}: {
  dataset: string
  now: number
  search: DatasetSearch
  keep: (change: DatasetSearch) => void
}) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useBatches(dataset, search.state)
  const minute = Math.floor(now / 60_000) * 60_000 + 59_999
  const columns = useMemo(() => columnsAt(minute), [minute])
  const rows = useMemo(() => data?.pages.flat() ?? [], [data])
  const drawn = useMemo(() => {
    const timed = rows
      .filter(({ from }) => from !== null)
      .toSorted((a, b) => a.from! - b.from! || (a.id < b.id ? -1 : 1))
    const marks = timed
      .filter(({ state }) => state !== 'accepted')
      .map(({ from, state }) => ({
        time: from!,
        level: state === 'refused' ? ('bad' as const) : ('warning' as const),
        label: verdictWords(state),
      }))
    const accepted = timed.filter(({ state }) => state === 'accepted')
    return {
      xs: accepted.map(({ from }) => from!),
      lines: [{ name: 'rows', color: '--line-1', values: accepted.map((batch) => batch.rows) }],
      marks,
    }
  }, [rows])
  const isOpen = search.batch !== undefined
  return (
    <>
      <div className={isOpen ? 'with-one' : ''}>
        <Panel
          title="Batches"
          className="waits-tall"
          says="Each batch as it came, with what validation said; choose one to see the rows that failed."
        >
          <TableTools rows={rows} total={rows.length} columns={columns} name={`${dataset}-batches`}>
            <Choice
              label="Which batches"
              value={search.state ?? ''}
              values={choices}
              words={(state) => choiceWords[state]!}
              choose={(state) => keep({ state: (state || undefined) as DatasetSearch['state'] })}
            />
            <SavedViews />
          </TableTools>
          {error && !data ? (
            <ErrorState error={error} retry={() => void refetch()} />
          ) : !data ? (
            <Loading what="batches" />
          ) : rows.length === 0 ? (
            search.state ? (
              <EmptyState>No batch is like that: choose all batches to see the others.</EmptyState>
            ) : (
              <EmptyState command={`npx millwright ingest ${dataset}`}>
                Nothing came yet: take in the source, or push rows.
              </EmptyState>
            )
          ) : (
            <DataTable
              rows={rows}
              columns={columns}
              caption="Batches, newest first"
              rowId={({ id }) => id}
              height={420}
              onOpen={({ id }) => keep({ batch: id })}
              current={search.batch}
            />
          )}
          {hasNextPage && (
            <p>
              <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {isFetchingNextPage ? 'Reading…' : 'Read older ones'}
              </button>
            </p>
          )}
        </Panel>
        {search.batch !== undefined && <OneBatch dataset={dataset} id={search.batch} now={now} keep={keep} />}
      </div>
      {drawn.xs.length > 1 && (
        <LineChart
          title="Rows a batch"
          says="How many rows each batch that was let in has, by the time of its first row; those kept out are marked where their rows have times."
          {...drawn}
          format={count}
          empty={<EmptyState>Nothing was let in yet.</EmptyState>}
        />
      )}
    </>
  )
}
