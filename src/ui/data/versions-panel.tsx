import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Answer, call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash } from '../components/ref.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { count, counted } from '../format.ts'
import type { DatasetSearch } from './dataset-search.ts'
import { VersionDiff } from './version-diff.tsx'

type Version = Answer<'datasetVersions'>['versions'][number]
const pageSize = 200

/** Makes the rows of an earlier version the newest again. */
function GoBack({ version }: { version: Version }) {
  const params = { dataset: version.dataset }
  return (
    <Action
      label="Go back to it"
      title={`Go back to the rows of ${version.id}`}
      needs="operator"
      isGrave
      plan={async () => {
        const would = await call('rollbackDataset', { params, body: { version: version.number, dryRun: true } })
        return {
          says: `A new version, ${would.version}, has the rows of ${version.id}. Every version in between stays as it is.`,
          effects: [
            `${counted(would.removed.batches, 'batch', 'batches')} with ${counted(would.removed.rows, 'row')} go`,
            ...(would.restored.batches > 0
              ? [
                  `${counted(would.restored.batches, 'batch', 'batches')} with ${counted(would.restored.rows, 'row')} come back`,
                ]
              : []),
            ...would.depends,
          ],
        }
      }}
      act={async (reason) => {
        const done = await call('rollbackDataset', { params, body: { version: version.number, reason } })
        return `${done.version} has the rows of ${version.id}.`
      }}
    />
  )
}

const columnsOf = (
  newest: number,
  now: number,
  { from, to }: DatasetSearch,
  keep: (change: DatasetSearch) => void,
): Column<Version>[] => [
  {
    id: 'number',
    header: 'Version',
    meta: { numeric: true },
    accessorFn: ({ number }) => number,
    cell: ({ row }) => `@${row.original.number}`,
  },
  {
    id: 'compare',
    header: 'Compare',
    enableSorting: false,
    cell: ({ row: { original } }) => (
      <label className="compare">
        <input
          type="checkbox"
          checked={original.number === from || original.number === to}
          onChange={() => keep(picked({ from, to }, original.number))}
        />
        <span className="visually-hidden">Compare version {original.number}</span>
      </label>
    ),
  },
  {
    id: 'made',
    header: 'Made',
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
    id: 'until',
    header: 'Rows until',
    accessorFn: ({ to: until }) => until ?? 0,
    cell: ({ row: { original } }) => (original.to === null ? '–' : <When time={original.to} now={now} />),
  },
  {
    id: 'batches',
    header: 'Batches',
    accessorFn: ({ added, removed }) => added.length - removed.length,
    cell: ({ row: { original } }) =>
      [
        ...(original.added.length > 0 ? [`+${original.added.length}`] : []),
        ...(original.removed.length > 0 ? [`−${original.removed.length}`] : []),
      ].join(' '),
  },
  { id: 'reason', header: 'Because of', accessorFn: ({ reason }) => reason },
  {
    id: 'hash',
    header: 'Content',
    accessorFn: ({ hash }) => hash,
    cell: ({ row }) => <Hash value={row.original.hash} />,
  },
  {
    id: 'back',
    header: 'Go back',
    enableSorting: false,
    cell: ({ row: { original } }) =>
      original.number === newest ? <span className="muted">the newest</span> : <GoBack version={original} />,
  },
]

/** Two versions are compared: a third one takes the place of the older. */
function picked({ from, to }: DatasetSearch, number: number): DatasetSearch {
  const chosen = [from, to].filter((each) => each !== undefined)
  const next = chosen.includes(number) ? chosen.filter((each) => each !== number) : [...chosen, number].slice(-2)
  const [first, second] = next.toSorted((a, b) => a - b)
  return { from: first, to: second }
}

/** Versions of a dataset, any two of which can be compared, and gone back to. */
export function VersionsPanel({
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
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['datasetVersions', 'pages', dataset],
    queryFn: ({ pageParam }) =>
      call('datasetVersions', {
        params: { dataset },
        query: { limit: pageSize, ...(pageParam ? { before: pageParam } : {}) },
      }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ versions }) => (versions.length < pageSize ? undefined : versions.at(-1)!.number),
  })
  const minute = Math.floor(now / 60_000) * 60_000 + 59_999
  const rows = useMemo(() => data?.pages.flatMap(({ versions }) => versions) ?? [], [data])
  const columns = useMemo(
    () => columnsOf(version?.number ?? 0, minute, search, keep),
    [version?.number, minute, search, keep],
  )
  return (
    <>
      {search.from !== undefined && search.to !== undefined && (
        <VersionDiff dataset={dataset} from={search.from} to={search.to} column={search.column} keep={keep} />
      )}
      <Panel
        title="Versions"
        className="waits-tall"
        says="Each version is the same rows for ever; tick two to see what changed between them."
      >
        <TableTools rows={rows} total={rows.length} columns={columns} name={`${dataset}-versions`}>
          <SavedViews />
        </TableTools>
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="versions" />
        ) : rows.length === 0 ? (
          <EmptyState command={`npx millwright ingest ${dataset}`}>
            There is no version yet: the first batch that is let in makes one.
          </EmptyState>
        ) : (
          <DataTable
            rows={rows}
            columns={columns}
            caption="Versions, newest first"
            rowId={({ id }) => id}
            height={520}
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
    </>
  )
}
