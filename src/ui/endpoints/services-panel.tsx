import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { count, duration } from '../format.ts'
import { reading } from '../queries.ts'

type Row = Answer<'predictors'>['predictors'][number]

const sumOf = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, each) => sum + each, 0)

const columns: Column<Row>[] = [
  {
    id: 'address',
    header: 'Address',
    accessorFn: ({ address }) => address,
    cell: ({ row: { original } }) => (
      <span>
        <Mark
          name={
            original.faults.length > 0
              ? 'bad'
              : original.servesPlan && original.preparing.length === 0
                ? 'good'
                : 'working'
          }
        />{' '}
        <code title={original.predictor}>{original.address}</code>
      </span>
    ),
  },
  {
    id: 'plan',
    header: 'Serves',
    accessorFn: ({ servesPlan }) => Number(servesPlan),
    cell: ({ row: { original } }) =>
      original.faults.length > 0 ? (
        <span title={original.faults.map(({ version, message }) => `${version}: ${message}`).join('\n')}>
          cannot load {original.faults.map(({ version }) => version).join(', ')}
        </span>
      ) : original.preparing.length > 0 ? (
        <span title="Packages of a Python model are being installed, or its process is being started">
          all but {original.preparing.join(', ')}, which is being prepared
        </span>
      ) : (
        <span title={`Revision ${original.revision}`}>
          {original.servesPlan ? 'what it should' : 'an earlier plan; it is loading this one'}
        </span>
      ),
  },
  {
    id: 'features',
    header: 'Features behind',
    meta: { numeric: true },
    accessorFn: ({ featuresBehind }) => featuresBehind,
    cell: ({ row }) => (row.original.featuresBehind === 0 ? 'none' : `${count(row.original.featuresBehind)} records`),
  },
  {
    id: 'heard',
    header: 'Heard of',
    meta: { numeric: true },
    accessorFn: ({ heardAgoMs }) => heardAgoMs,
    cell: ({ row }) => `${duration(row.original.heardAgoMs)} ago`,
  },
  {
    id: 'refused',
    header: 'Refused requests',
    meta: { numeric: true },
    accessorFn: ({ refused }) => sumOf(refused),
    cell: ({ row: { original } }) => (
      <span
        title={Object.entries(original.refused)
          .map(([endpoint, times]) => `${endpoint}: ${times}`)
          .join('\n')}
      >
        {count(sumOf(original.refused))}
      </span>
    ),
  },
  {
    id: 'dropped',
    header: 'Not logged',
    meta: { numeric: true },
    accessorFn: ({ dropped }) => dropped,
    cell: ({ row }) => count(row.original.dropped),
  },
  {
    id: 'memory',
    header: 'Memory free',
    meta: { numeric: true },
    accessorFn: ({ capabilities }) => capabilities?.freeMemoryMb,
    cell: ({ row }) =>
      row.original.capabilities ? `${count(Math.round(row.original.capabilities.freeMemoryMb))} MB` : '–',
  },
]

/** Prediction services, and whether each has what it should. */
export function ServicesPanel() {
  const { data, error, refetch } = useQuery({ ...reading('predictors'), refetchInterval: 5_000 })
  return (
    <Panel
      title="Prediction services"
      says="Those that are connected: whether each serves the plan of now and has all features; counts since each started."
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="prediction services" />
      ) : data.predictors.length === 0 ? (
        <EmptyState command="npx millwright predictor">
          None is connected: nothing new is answered here. Those that run without the control plane go on answering.
        </EmptyState>
      ) : (
        <DataTable
          rows={data.predictors}
          columns={columns}
          caption="Prediction services"
          rowId={({ predictor }) => predictor}
          height={240}
        />
      )}
    </Panel>
  )
}
