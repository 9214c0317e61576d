import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash } from '../components/ref.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { reading } from '../queries.ts'
import { Changes } from './changes.tsx'
import type { ProjectSearch } from './project-search.ts'

type Row = Answer<'definitions'>['definitions'][number]

const columnsOf = (
  now: number,
  { from, to }: ProjectSearch,
  order: ReadonlyMap<string, number>,
  keep: (change: ProjectSearch) => void,
): Column<Row>[] => [
  {
    id: 'compare',
    header: 'Compare',
    enableSorting: false,
    cell: ({ row: { original } }) => (
      <label className="compare">
        <input
          type="checkbox"
          checked={original.id === from || original.id === to}
          onChange={() => keep(picked({ from, to }, original.id, order))}
        />
        <span className="visually-hidden">Compare definition {original.id.slice(0, 12)}</span>
      </label>
    ),
  },
  {
    id: 'hash',
    header: 'Definition',
    accessorFn: ({ id }) => id,
    cell: ({ row: { original } }) => <Hash value={original.id} to={`definition:${original.id}`} />,
  },
  {
    id: 'state',
    header: 'State',
    accessorFn: ({ current }) => (current ? 'in force' : 'earlier'),
    cell: ({ row: { original } }) =>
      original.current ? (
        <span>
          <Mark name="good" /> in force
        </span>
      ) : (
        <span className="muted">earlier</span>
      ),
  },
  {
    id: 'applied',
    header: 'Applied',
    accessorFn: ({ appliedAt }) => appliedAt,
    cell: ({ row }) => <When time={row.original.appliedAt} now={now} />,
  },
  { id: 'by', header: 'By', accessorFn: ({ appliedBy }) => appliedBy },
  { id: 'origin', header: 'From', accessorFn: ({ origin }) => (origin === 'package' ? 'a package' : 'a folder') },
  {
    id: 'package',
    header: 'Its code',
    accessorFn: ({ packageHash }) => packageHash ?? '',
    cell: ({ row: { original } }) =>
      original.packageHash ? <Hash value={original.packageHash} to={`package:${original.packageHash}`} /> : '–',
  },
]

/** Two are compared, the earlier one first: a third takes the place of the one that was chosen first. */
function picked({ from, to }: ProjectSearch, id: string, order: ReadonlyMap<string, number>): ProjectSearch {
  const chosen = [from, to].filter((each) => each !== undefined)
  const next = chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(-2)
  const [first, second] = next.toSorted((a, b) => (order.get(b) ?? 0) - (order.get(a) ?? 0))
  return { from: first, to: second }
}

function Difference({ from, to, keep }: { from: string; to: string; keep: (change: ProjectSearch) => void }) {
  const { data, error, refetch } = useQuery(reading('diff', { query: { a: from, b: to } }))
  return (
    <Panel
      title={`From ${from.slice(0, 12)} to ${to.slice(0, 12)}`}
      says="What the second definition says otherwise."
      className="difference"
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
      ) : data.definition.length === 0 ? (
        <p>They say the same.</p>
      ) : (
        <Changes changes={data.definition} />
      )}
    </Panel>
  )
}

/** Every definition that was ever in force; any two can be compared. */
export function HistoryPanel({
  search,
  shown,
  keep,
  now,
}: {
  search: ProjectSearch
  /** Hash of the one that the screen shows. */
  shown: string
  keep: (change: ProjectSearch) => void
  now: number
}) {
  const { data, error, refetch } = useQuery(reading('definitions'))
  const minute = Math.floor(now / 60_000) * 60_000 + 59_999
  const rows = data?.definitions
  const columns = useMemo(() => {
    const order = new Map(rows?.map(({ id }, place) => [id, place]))
    return columnsOf(minute, search, order, keep)
  }, [minute, search, rows, keep])
  return (
    <>
      {search.from !== undefined && search.to !== undefined && (
        <Difference from={search.from} to={search.to} keep={keep} />
      )}
      <Panel
        title="History"
        says="Definitions that were ever in force, the last applied first; tick two to see what changed."
      >
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !rows ? (
          <Loading what="earlier definitions" />
        ) : (
          <DataTable
            rows={rows}
            columns={columns}
            caption="Definitions, the last applied first"
            rowId={({ id }) => id}
            height={360}
            current={shown}
          />
        )}
      </Panel>
    </>
  )
}
