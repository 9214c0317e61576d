import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { figure } from '../format.ts'
import { reading } from '../queries.ts'
import { latencyWord } from './latency-word.ts'
import { ServicesPanel } from './services-panel.tsx'
import { type EndpointState, Standing } from './standing.tsx'
import { rateOf, type Traffic, useTraffic } from './use-traffic.ts'

function Live({ endpoint, of }: { endpoint: string; of: (traffic: Traffic) => string }) {
  const { data } = useTraffic(endpoint)
  return data ? of(data) : <span className="muted">…</span>
}

const answering = ({ versions }: Traffic) => versions.filter(({ role }) => role === 'primary' || role === 'canary')
const most = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>(
    (greatest, value) => (value !== null && (greatest === null || value > greatest) ? value : greatest),
    null,
  )

function columnsAt(now: number): Column<EndpointState>[] {
  return [
    {
      id: 'endpoint',
      header: 'Endpoint',
      accessorFn: ({ endpoint }) => endpoint.id,
      cell: ({ row }) => <Ref to={`endpoint:${row.original.endpoint.id}`} />,
    },
    {
      id: 'standing',
      header: 'Answers by',
      accessorFn: ({ endpoint }) => endpoint.serving ?? '',
      cell: ({ row }) => <Standing endpoint={row.original} />,
    },
    {
      id: 'rate',
      header: 'Answers/s',
      meta: { numeric: true },
      enableSorting: false,
      accessorFn: () => null,
      cell: ({ row }) => <Live endpoint={row.original.endpoint.id} of={(traffic) => figure(rateOf(traffic), 3)} />,
    },
    {
      id: 'errors',
      header: 'Errors, 15 min',
      meta: { numeric: true },
      enableSorting: false,
      accessorFn: () => null,
      cell: ({ row }) => (
        <Live
          endpoint={row.original.endpoint.id}
          of={(traffic) => String(answering(traffic).reduce((sum, { errors }) => sum + errors, 0))}
        />
      ),
    },
    {
      id: 'p95',
      header: 'p95, 15 min',
      meta: { numeric: true },
      enableSorting: false,
      accessorFn: () => null,
      cell: ({ row }) => (
        <Live
          endpoint={row.original.endpoint.id}
          of={(traffic) => latencyWord(most(answering(traffic).map(({ quantilesMs }) => quantilesMs.p95)))}
        />
      ),
    },
    {
      id: 'since',
      header: 'Last deployment',
      accessorFn: ({ deployments }) => deployments[0]?.startedAt,
      cell: ({ row }) => {
        const [last] = row.original.deployments
        return last ? <When time={last.startedAt} now={now} /> : <span className="muted">none</span>
      },
    },
    {
      id: 'model',
      header: 'Model',
      accessorFn: ({ endpoint }) => endpoint.definition.model,
      cell: ({ row }) => <Ref to={`model:${row.original.endpoint.definition.model}`} />,
    },
  ]
}

/** What answers, how fast, and where. */
export function Endpoints() {
  const { data, error, refetch } = useQuery(reading('endpoints'))
  const now = useProjectTime()?.now ?? Date.now()
  const navigate = useNavigate()
  return (
    <Screen title="Endpoints" says="What answers, how fast, and whether the prediction services are up to date.">
      <Panel
        title="Endpoints"
        says="Each with the version that answers, and what it answered lately; open one to see more."
      >
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="endpoints" />
        ) : data.endpoints.length === 0 ? (
          <EmptyState command="npx millwright apply">
            There is no endpoint yet: state one in millwright.config.ts, or add a model file.
          </EmptyState>
        ) : (
          <DataTable
            rows={data.endpoints}
            columns={columnsAt(now)}
            caption="Endpoints"
            rowId={({ endpoint }) => endpoint.id}
            height={480}
            onOpen={({ endpoint }) =>
              void navigate({ to: '/endpoints/$endpoint', params: { endpoint: endpoint.id }, search: {} })
            }
          />
        )}
      </Panel>
      {data && <ServicesPanel />}
    </Screen>
  )
}
