import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useMemo, useState } from 'react'
import type { PredictionRecord } from '../../contract/serving.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { duration } from '../format.ts'
import { reading } from '../queries.ts'
import { dateOf } from '../time.ts'
import { latencyWord } from './latency-word.ts'
import { scoreWord } from './traffic-panels.tsx'

const columnsAt = (now: number): Column<PredictionRecord>[] => [
  {
    id: 'time',
    header: 'Answered',
    accessorFn: ({ time }) => time,
    cell: ({ row }) => <When time={row.original.time} now={now} />,
  },
  {
    id: 'key',
    header: 'Key',
    accessorFn: ({ key }) => key ?? '',
    cell: ({ row }) => row.original.key ?? <span className="muted">none</span>,
  },
  {
    id: 'output',
    header: 'Answer',
    accessorFn: ({ output, error }) => error ?? String(output),
    cell: ({ row: { original } }) =>
      original.error === null ? (
        String(original.output)
      ) : (
        <span title={original.error}>
          <Mark name="bad" /> failed
        </span>
      ),
  },
  {
    id: 'score',
    header: 'Score',
    meta: { numeric: true },
    accessorFn: ({ score }) => (typeof score === 'number' ? score : undefined),
    cell: ({ row }) => scoreWord(row.original.score),
  },
  {
    id: 'version',
    header: 'Version',
    accessorFn: ({ version }) => version,
    cell: ({ row: { original } }) => (
      <span>
        <Ref to={`model-version:${original.version}`} />
        {original.role !== 'primary' && <span className="muted"> {original.role}</span>}
      </span>
    ),
  },
  {
    id: 'latency',
    header: 'Took',
    meta: { numeric: true },
    accessorFn: ({ latencyUs }) => latencyUs,
    cell: ({ row }) => latencyWord(row.original.latencyUs / 1000),
  },
  {
    id: 'age',
    header: 'Age of features',
    meta: { numeric: true },
    accessorFn: ({ featureAgeMs }) => featureAgeMs ?? undefined,
    cell: ({ row }) => duration(row.original.featureAgeMs),
  },
  {
    id: 'id',
    header: 'Id',
    accessorFn: ({ id }) => id,
    cell: ({ row }) => <Ref to={`prediction:${row.original.id}`} />,
  },
]
/** Of an id: the segment, a point, the line. */
const looksLikeId = (text: string): boolean => /^\d{8}-.+\.\d+$/.test(text)

/** The newest predictions, and any one by its key or id; each leads to everything that made it. */
export function PredictionsPanel({
  endpoint,
  wanted,
  onSearch,
  now,
}: {
  endpoint: string
  wanted: string | undefined
  onSearch: (key: string | undefined) => void
  now: number
}) {
  const [text, setText] = useState(wanted ?? '')
  // A link of this screen may ask for another one.
  useEffect(() => setText(wanted ?? ''), [wanted])
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery({
    ...reading('predictions', { query: { endpoint, order: 'newest', limit: 50, ...(wanted ? { key: wanted } : {}) } }),
    refetchInterval: 10_000,
  })
  const rows = useMemo(() => (data?.predictions ?? []) as unknown as PredictionRecord[], [data])
  const minute = Math.floor(now / 60_000) * 60_000
  const columns = useMemo(() => columnsAt(minute), [minute])
  const open = (id: string) => void navigate({ to: '/predictions/$id', params: { id } })
  const search = (event: FormEvent): void => {
    event.preventDefault()
    const asked = text.trim()
    if (looksLikeId(asked)) open(asked)
    else onSearch(asked === '' ? undefined : asked)
  }
  return (
    <Panel
      title="Predictions"
      says="The newest that were logged; open one to see what made it. Search by the key of the row or by id."
    >
      <TableTools rows={rows} total={rows.length} columns={columns} name={`predictions-of-${endpoint}`}>
        <form onSubmit={search} className="search">
          <input
            type="search"
            placeholder="Key or id"
            aria-label="Key or id of a prediction"
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <button type="submit">Find</button>
        </form>
        {wanted && (
          <button
            type="button"
            className="chip-on"
            onClick={() => {
              setText('')
              onSearch(undefined)
            }}
          >
            {wanted} ×<span className="visually-hidden">: show all</span>
          </button>
        )}
        <SavedViews />
      </TableTools>
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="predictions" />
      ) : rows.length === 0 ? (
        <EmptyState>
          {wanted
            ? `No prediction has the key ${wanted}${data.searchedTo === null ? '' : `, back to ${dateOf(data.searchedTo)}`}.`
            : 'Nothing was answered yet: ask it with the form, or from an application.'}
        </EmptyState>
      ) : (
        <DataTable
          rows={rows}
          columns={columns}
          caption="Predictions"
          rowId={({ id }) => id}
          height={420}
          onOpen={({ id }) => open(id)}
        />
      )}
    </Panel>
  )
}
