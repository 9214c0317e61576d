import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { count, figure } from '../format.ts'
import { reading } from '../queries.ts'
import { dateOf } from '../time.ts'
import { AlertsPanel } from './alerts-panel.tsx'

type Row = Answer<'monitors'>['monitors'][number] & { open: number }

const answered = ({ latest }: Row) => latest.filter(({ role }) => role !== 'shadow' && role !== 'none')
const brokenIn = (row: Row): string[] => [...new Set(answered(row).flatMap(({ broken }) => Object.keys(broken)))]

function Standing({ row }: { row: Row }) {
  const broken = brokenIn(row)
  if (row.open > 0)
    return (
      <span>
        <Mark name="bad" /> {row.open} open
      </span>
    )
  if (row.latest.length === 0) return <span className="muted">nothing measured yet</span>
  if (broken.length > 0)
    return (
      <span>
        <Mark name="warning" /> {broken.length} beyond their bound
      </span>
    )
  return (
    <span>
      <Mark name="good" /> within its bounds
    </span>
  )
}

/** What it is about: the metric of quality, the farthest input of drift, the errors of a service. */
function Main({ row }: { row: Row }) {
  const [first] = answered(row)
  if (!first) return <span className="muted">–</span>
  const { kind, metric } = row.definition
  const name =
    kind === 'quality'
      ? (metric ?? (first.figures.auc ? 'auc' : 'rmse'))
      : kind === 'service'
        ? 'error_share'
        : Object.entries(first.figures).sort(([, a], [, b]) => b.value - a.value)[0]?.[0]
  const found = name === undefined ? undefined : first.figures[name]
  if (!found) return <span className="muted">–</span>
  return (
    <span>
      {name} <strong>{figure(found.value, 3)}</strong>
      {found.low !== null && found.high !== null && (
        <span className="muted">
          {' '}
          ({figure(found.low, 3)}–{figure(found.high, 3)})
        </span>
      )}
    </span>
  )
}

const columns: Column<Row>[] = [
  {
    id: 'standing',
    header: 'Now',
    accessorFn: (row) => -row.open,
    cell: ({ row }) => <Standing row={row.original} />,
  },
  {
    id: 'monitor',
    header: 'Monitor',
    accessorFn: ({ definition }) => definition.name,
    cell: ({ row }) => <Ref to={`monitor:${row.original.definition.name}`} />,
  },
  { id: 'kind', header: 'Watches', accessorFn: ({ definition }) => definition.kind },
  {
    id: 'endpoint',
    header: 'Endpoint',
    accessorFn: ({ definition }) => definition.endpoint,
    cell: ({ row }) => <Ref to={`endpoint:${row.original.definition.endpoint}`} />,
  },
  {
    id: 'main',
    header: 'Main figure',
    accessorFn: ({ latest }) => latest.length,
    cell: ({ row }) => <Main row={row.original} />,
  },
  {
    id: 'predictions',
    header: 'Predictions',
    meta: { numeric: true },
    accessorFn: (row) => answered(row).reduce((sum, { predictions }) => sum + predictions, 0),
    cell: ({ getValue }) => count(getValue() as number),
  },
  {
    id: 'period',
    header: 'Last period',
    accessorFn: ({ latest }) => latest[0]?.from,
    cell: ({ row }) => {
      const [first] = row.original.latest
      return first ? (
        <span className="numbers">
          {dateOf(first.from)}, {row.original.definition.every}
        </span>
      ) : (
        <span className="muted">–</span>
      )
    },
  },
]

/** What is watched, whether it is within its bounds, and which alerts there are. */
export function Monitors() {
  const { data, error, refetch } = useQuery(reading('monitors'))
  const alerts = useQuery(reading('alerts', { query: { limit: 200 } }))
  const now = useProjectTime()?.now ?? Date.now()
  const navigate = useNavigate()
  const rows = useMemo(
    () =>
      (data?.monitors ?? []).map(
        (monitor): Row => ({
          ...monitor,
          open: data!.alerts.filter((alert) => alert.monitor === monitor.definition.name).length,
        }),
      ),
    [data],
  )
  return (
    <Screen title="Monitors" says="Whether quality, drift and service are within their bounds, and what was not.">
      <Panel
        title="Monitors"
        says="Each with what it saw in the last period that is over; open one to see its figures over time."
      >
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="monitors" />
        ) : rows.length === 0 ? (
          <EmptyState command="npx millwright apply">
            Nothing is watched yet: state a monitor in millwright.config.ts, such as quality(endpoint).
          </EmptyState>
        ) : (
          <>
            <DataTable
              rows={rows}
              columns={columns}
              caption="Monitors"
              rowId={({ definition }) => definition.name}
              height={420}
              onOpen={({ definition }) =>
                void navigate({ to: '/monitors/$monitor', params: { monitor: definition.name }, search: {} })
              }
            />
            {rows.every(({ latest }) => latest.length === 0) && (
              <EmptyState command={`npx millwright deploy ${rows[0]!.definition.endpoint} 1`}>
                Nothing is measured yet: a version has to serve, and a period of what it answered has to be over.
              </EmptyState>
            )}
          </>
        )}
      </Panel>
      {data && (
        <AlertsPanel alerts={alerts.data?.alerts} error={alerts.error} retry={() => void alerts.refetch()} now={now} />
      )}
    </Screen>
  )
}
