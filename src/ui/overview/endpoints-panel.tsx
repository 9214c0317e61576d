import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { reading } from '../queries.ts'
import { dateOf } from '../time.ts'
import { servesSince } from './serves-since.ts'

type Row = Answer<'endpoints'>['endpoints'][number]

const percent = (share: number): string => `${Math.round(share * 100)} %`
const rollingOf = ({ deployments }: Row) => deployments.find(({ state }) => state === 'rolling')

const columns: Column<Row>[] = [
  {
    id: 'endpoint',
    header: 'Endpoint',
    accessorFn: ({ endpoint }) => endpoint.id,
    cell: ({ row }) => <Ref to={`endpoint:${row.original.endpoint.id}`} />,
  },
  {
    id: 'serving',
    header: 'Serves',
    accessorFn: ({ endpoint }) => endpoint.serving ?? 'nothing yet',
    cell: ({ row: { original } }) =>
      original.endpoint.serving ? <Ref to={`model-version:${original.endpoint.serving}`} /> : 'nothing yet',
  },
  {
    id: 'since',
    header: 'Since',
    accessorFn: servesSince,
    cell: ({ row }) => {
      const time = servesSince(row.original)
      return time === null ? '–' : dateOf(time)
    },
  },
  {
    id: 'rollout',
    header: 'Rollout',
    accessorFn: (row) => rollingOf(row)?.version ?? '',
    cell: ({ row }) => {
      const rolling = rollingOf(row.original)
      return rolling ? `${rolling.version} at ${percent(rolling.share)}` : '–'
    },
  },
]
const none: Row[] = []

/** What answers now. */
export function EndpointsPanel() {
  const { data, error, refetch } = useQuery(reading('endpoints'))
  const rows = data?.endpoints ?? none
  return (
    <Panel title="Endpoints" says="Which version answers now, and which one is on its way." className="endpoints">
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="endpoints" />
      ) : rows.length === 0 ? (
        <EmptyState command="npx millwright apply">
          There is no endpoint yet: add one to the project and apply it.
        </EmptyState>
      ) : (
        <DataTable
          rows={rows}
          columns={columns}
          caption="Endpoints"
          rowId={({ endpoint }) => endpoint.id}
          height={200}
        />
      )}
    </Panel>
  )
}
