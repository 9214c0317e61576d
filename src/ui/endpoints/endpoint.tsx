import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { PredictionRecord } from '../../contract/serving.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { percent } from '../format.ts'
import { reading } from '../queries.ts'
import { PredictionsPanel } from './predictions-panel.tsx'
import { RolloutPanel } from './rollout-panel.tsx'
import { ServicesPanel } from './services-panel.tsx'
import { type EndpointState, Standing } from './standing.tsx'
import { LatencyPanel, TrafficCharts } from './traffic-panels.tsx'
import { TryPanel } from './try-panel.tsx'
import { useTraffic } from './use-traffic.ts'

const route = getRouteApi('/endpoints/$endpoint')
const none: never[] = []
type Deployment = EndpointState['deployments'][number]

const historyAt = (now: number): Column<Deployment>[] => [
  {
    id: 'version',
    header: 'Version',
    accessorFn: ({ version }) => version,
    cell: ({ row }) => <Ref to={`model-version:${row.original.version}`} />,
  },
  { id: 'state', header: 'State', accessorFn: ({ state }) => state },
  {
    id: 'share',
    header: 'Share reached',
    meta: { numeric: true },
    accessorFn: ({ share }) => share,
    cell: ({ row }) => percent(row.original.share),
  },
  {
    id: 'started',
    header: 'Started',
    accessorFn: ({ startedAt }) => startedAt,
    cell: ({ row }) => <When time={row.original.startedAt} now={now} />,
  },
  {
    id: 'by',
    header: 'By',
    accessorFn: ({ startedBy }) => startedBy,
    cell: ({ row: { original } }) => (
      <Ref to={original.startedBy}>{original.startedBy.startsWith('run:') ? 'its run' : original.startedBy}</Ref>
    ),
  },
  { id: 'reason', header: 'Why', accessorFn: ({ reason }) => reason },
]

/** One endpoint: what it answers now, how a rollout goes, what it answered before, and a form to ask it. */
export function Endpoint() {
  const { endpoint } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery(reading('endpoint', { params: { endpoint } }))
  const traffic = useTraffic(endpoint)
  const newest = useQuery(reading('predictions', { query: { endpoint, order: 'newest', limit: 50 } }))
  const events = useQuery(reading('events', { query: { subject: `endpoint:${endpoint}`, limit: 100 } }))
  const now = useProjectTime()?.now ?? Date.now()
  const serving = data?.endpoint.serving ?? data?.deployments.find(({ state }) => state === 'rolling')?.version ?? null
  const [model = '', number = ''] = serving?.split('@') ?? []
  return (
    <Screen
      title={endpoint}
      says={
        data ? (
          <span className="answers-by">
            Answers by <Standing endpoint={data} />
            {data.endpoint.frozen !== null && (
              <>
                ; <Ref to={`model-version:${data.endpoint.frozen}`} /> answers in the shadow, to compare
              </>
            )}
            .
          </span>
        ) : (
          'What it answers, how fast, and by which version.'
        )
      }
      crumbs={[{ title: 'Endpoints', path: '/endpoints' }]}
      className="endpoint"
    >
      {error && !data ? (
        <Panel title="Endpoint">
          <ErrorState error={error} retry={() => void refetch()} />
        </Panel>
      ) : !data || events.isPending || newest.isPending || traffic.isPending ? (
        <Panel title="Endpoint" className="waits">
          <Loading what="the endpoint" />
        </Panel>
      ) : (
        <>
          {traffic.data ? (
            <TrafficCharts traffic={traffic.data} />
          ) : (
            <Panel title="Traffic">
              <ErrorState error={traffic.error!} retry={() => void traffic.refetch()} />
            </Panel>
          )}
          <RolloutPanel state={data} traffic={traffic.data} events={events.data?.events ?? none} now={now} />
          <div className="columns">
            <TryPanel
              endpoint={endpoint}
              version={serving === null ? null : { model, number }}
              newest={newest.data?.predictions[0] as unknown as PredictionRecord | undefined}
            />
            {traffic.data && <LatencyPanel traffic={traffic.data} />}
          </div>
          <PredictionsPanel
            key={endpoint}
            endpoint={endpoint}
            wanted={search.key}
            onSearch={(key) => void navigate({ search: { key }, replace: true, resetScroll: false })}
            now={now}
          />
          <Panel title="Versions that served" says="Every rollout to this endpoint, newest first, and how it ended.">
            <DataTable
              rows={data.deployments}
              columns={historyAt(now)}
              caption="Deployments"
              rowId={({ id }) => id}
              height={260}
            />
          </Panel>
          <ServicesPanel />
        </>
      )}
    </Screen>
  )
}
