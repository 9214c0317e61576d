import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { reading } from '../queries.ts'

export type View = Answer<'featureViews'>['views'][number]

const columnsAt = (now: number): Column<View>[] => [
  {
    id: 'name',
    header: 'Feature view',
    accessorFn: ({ definition }) => definition.name,
    cell: ({ row: { original } }) => (
      <Link to="/features/$view" params={{ view: original.definition.name }} search={{}}>
        {original.definition.name}
      </Link>
    ),
  },
  {
    id: 'entity',
    header: 'Of each',
    accessorFn: ({ definition }) => definition.entity,
    cell: ({ row: { original } }) => (
      <>
        {original.definition.entity} <span className="muted">by {original.definition.by}</span>
      </>
    ),
  },
  {
    id: 'until',
    header: 'Knows until',
    accessorFn: ({ until }) => until ?? 0,
    cell: ({ row: { original } }) =>
      original.until === null ? <span className="muted">nothing yet</span> : <When time={original.until} now={now} />,
  },
  {
    id: 'features',
    header: 'Features',
    accessorFn: ({ definition }) => definition.features.map(({ name }) => name).join(', '),
  },
  {
    id: 'dataset',
    header: 'From',
    accessorFn: ({ definition }) => definition.dataset,
    cell: ({ row: { original } }) => <Ref to={`dataset:${original.definition.dataset}`} />,
  },
  {
    id: 'consumers',
    header: 'Used by',
    accessorFn: ({ consumers }) => consumers.map(({ subject }) => subject).join(', '),
    cell: ({ row: { original } }) =>
      original.consumers.length === 0 ? (
        <span className="muted">nothing</span>
      ) : (
        original.consumers.map(({ subject }, place) => (
          <span key={subject}>
            {place > 0 && ', '}
            <Ref to={subject} title={subject.slice(0, subject.indexOf(':'))} />
          </span>
        ))
      ),
  },
  { id: 'owner', header: 'Owner', accessorFn: ({ definition }) => definition.owner ?? '–' },
]

/** Feature views, and until when each knows something. */
export function Features() {
  const { data, error, refetch } = useQuery({ ...reading('featureViews'), refetchInterval: 15_000 })
  const navigate = useNavigate()
  const now = useProjectTime()?.now ?? Date.now()
  const minute = Math.floor(now / 60_000) * 60_000 + 59_999
  const columns = useMemo(() => columnsAt(minute), [minute])
  const rows = data?.views ?? []
  return (
    <Screen
      title="Features"
      says="What is known of each entity, until when, and which models are given it."
      className="features-screen"
    >
      <Panel title="Feature views" says="Choose one to ask what it knows of an entity, now or then.">
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="feature views" />
        ) : rows.length === 0 ? (
          <EmptyState command="npx millwright apply">
            No feature view is defined: models get along without, or state one in millwright.config.ts, and apply it.
          </EmptyState>
        ) : (
          <DataTable
            rows={rows}
            columns={columns}
            caption="Feature views"
            rowId={({ definition }) => definition.name}
            height={640}
            onOpen={({ definition }) => void navigate({ to: '/features/$view', params: { view: definition.name } })}
          />
        )}
      </Panel>
    </Screen>
  )
}
