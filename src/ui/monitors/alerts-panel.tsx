import { useMemo } from 'react'
import type { AlertRecord } from '../../contract/monitoring.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { duration, figure } from '../format.ts'

const columnsAt = (now: number): Column<AlertRecord>[] => [
  {
    id: 'state',
    header: 'State',
    accessorFn: ({ state }) => state,
    cell: ({ row: { original } }) => (
      <span>
        <Mark name={original.state === 'open' ? 'bad' : 'good'} /> {original.state}
      </span>
    ),
  },
  {
    id: 'raised',
    header: 'Raised',
    accessorFn: ({ raisedAt }) => raisedAt,
    cell: ({ row }) => <When time={row.original.raisedAt} now={now} />,
  },
  {
    id: 'lasted',
    header: 'Lasted',
    meta: { numeric: true },
    accessorFn: ({ raisedAt, resolvedAt }) => (resolvedAt ?? now) - raisedAt,
    cell: ({ row: { original } }) => duration((original.resolvedAt ?? now) - original.raisedAt),
  },
  {
    id: 'monitor',
    header: 'Monitor',
    accessorFn: ({ monitor }) => monitor,
    cell: ({ row }) => <Ref to={`monitor:${row.original.monitor}`} />,
  },
  { id: 'figure', header: 'Figure', accessorFn: ({ figure: name }) => name },
  {
    id: 'value',
    header: 'Value',
    meta: { numeric: true },
    accessorFn: ({ value }) => value,
    cell: ({ row }) => figure(row.original.value, 3),
  },
  {
    id: 'bound',
    header: 'Bound',
    meta: { numeric: true },
    accessorFn: ({ threshold }) => threshold,
    cell: ({ row }) => figure(row.original.threshold, 3),
  },
  { id: 'message', header: 'What it says', accessorFn: ({ message }) => message },
]

/** Alerts, the open ones first, then the newest. */
export function AlertsPanel({
  alerts,
  error,
  retry,
  now,
  onOpen,
}: {
  alerts: readonly AlertRecord[] | undefined
  error: Error | null
  retry: () => void
  now: number
  onOpen?: (alert: AlertRecord) => void
}) {
  const minute = Math.floor(now / 60_000) * 60_000
  const columns = useMemo(() => columnsAt(minute), [minute])
  const rows = useMemo(
    () =>
      [...(alerts ?? [])].sort(
        (a, b) => Number(b.state === 'open') - Number(a.state === 'open') || b.raisedAt - a.raisedAt,
      ),
    [alerts],
  )
  const open = rows.filter(({ state }) => state === 'open').length
  return (
    <Panel
      title="Alerts"
      says={
        open > 0
          ? `${open} open: figures that are beyond their bound now; then those that were, newest first.`
          : 'None is open; what was beyond its bound and came back, newest first.'
      }
    >
      {error && !alerts ? (
        <ErrorState error={error} retry={retry} />
      ) : !alerts ? (
        <Loading what="alerts" />
      ) : rows.length === 0 ? (
        <EmptyState>No alert was ever raised: nothing has been beyond its bound.</EmptyState>
      ) : (
        <>
          <TableTools rows={rows} total={rows.length} columns={columns} name="alerts" />
          <DataTable
            rows={rows}
            columns={columns}
            caption="Alerts"
            rowId={({ id }) => id}
            height={300}
            {...(onOpen ? { onOpen } : {})}
          />
        </>
      )}
    </Panel>
  )
}
