import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Event } from '../../contract/events.ts'
import type { AlertRecord, MeasurementRecord } from '../../contract/monitoring.ts'
import { useProjectTime } from '../clock.ts'
import type { ChartMark } from '../components/chart/chart-plot.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import type { Stretch } from '../components/chart/plot.tsx'
import { Choice } from '../components/choice.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { count, figure } from '../format.ts'
import { markedTypes, qualityMarks } from '../measurements/quality-series.ts'
import { reading } from '../queries.ts'
import { dateOf } from '../time.ts'
import { AlertsPanel } from './alerts-panel.tsx'
import { alertMarks, type FigureSeries, figureSeries } from './figure-series.ts'
import { PeriodPanel } from './period-panel.tsx'

const route = getRouteApi('/monitors/$monitor')
const none: MeasurementRecord[] = []
const noAlerts: AlertRecord[] = []
const day = 86_400_000
const defaultDrift = 0.2
const orders = { worst: 'Nearest to the bound', name: 'By name' } as const
const kinds = {
  drift: 'how far inputs and scores have moved from what the model was trained on',
  quality: 'how good the answers were, once their labels came',
  service: 'how much was answered, how fast, and how many answers failed',
}
const short = (value: number): string => figure(value, 3)

const eventsOf = (answers: { data?: { events: Event[] } | undefined }[]): Event[] =>
  answers.flatMap(({ data }) => data?.events ?? [])

const columns: Column<MeasurementRecord>[] = [
  {
    id: 'from',
    header: 'Period',
    accessorFn: ({ from }) => from,
    cell: ({ row }) => <span className="numbers">{dateOf(row.original.from)}</span>,
  },
  {
    id: 'version',
    header: 'Version',
    accessorFn: ({ version }) => version,
    cell: ({ row }) => (row.original.version === '' ? '–' : <Ref to={`model-version:${row.original.version}`} />),
  },
  { id: 'role', header: 'Role', accessorFn: ({ role }) => role },
  {
    id: 'predictions',
    header: 'Predictions',
    meta: { numeric: true },
    accessorFn: ({ predictions }) => predictions,
    cell: ({ row }) => count(row.original.predictions),
  },
  {
    id: 'labelled',
    header: 'Labelled',
    meta: { numeric: true },
    accessorFn: ({ labelled }) => labelled,
    cell: ({ row }) => count(row.original.labelled),
  },
  {
    id: 'broken',
    header: 'Beyond their bound',
    accessorFn: ({ broken }) => Object.keys(broken).length,
    cell: ({ row }) => {
      const broken = Object.keys(row.original.broken)
      return broken.length === 0 ? (
        <span className="muted">none</span>
      ) : (
        <span className="why" title={broken.join(', ')}>
          <Mark name="bad" /> {broken.join(', ')}
        </span>
      )
    },
  },
]

function Small({
  series,
  marks,
  alerts,
  range,
  onRange,
  onChoose,
}: {
  series: FigureSeries
  marks: readonly ChartMark[]
  alerts: readonly AlertRecord[]
  range: Stretch | null
  onRange: (range: Stretch | null) => void
  onChoose: () => void
}) {
  const all = useMemo(() => [...marks, ...alertMarks(alerts, series.figure)], [marks, alerts, series.figure])
  const bound = series.lines.find(({ name }) => name === 'Bound')?.values.findLast((value) => value !== null)
  const newest = series.newest
    ? `${short(series.newest.value)} of ${count(series.newest.rows)} rows last`
    : 'not measured of what serves'
  return (
    <LineChart
      title={series.figure}
      says={`${newest}${bound === null || bound === undefined ? '' : `, bound ${short(bound)}`}${series.broken > 0 ? `; beyond it in ${series.broken} periods` : ''}.`}
      xs={series.times}
      lines={series.lines}
      marks={all}
      height={130}
      format={short}
      linked="monitor"
      range={range}
      onRange={onRange}
      actions={
        <button type="button" onClick={onChoose} aria-label={`Look closer at ${series.figure}`}>
          Closer
        </button>
      }
      empty={<EmptyState>Nothing was measured.</EmptyState>}
    />
  )
}

/** One monitor: its figures over time, each with its bound and what happened, and any period to look into. */
export function Monitor() {
  const { monitor } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const monitors = useQuery(reading('monitors'))
  const measured = useQuery(reading('measurements', { query: { monitor, limit: 10_000 } }))
  const alerts = useQuery(reading('alerts', { query: { monitor, limit: 500 } }))
  const events = useQueries({
    queries: markedTypes
      .filter((type) => type.startsWith('deployment'))
      .map((type) => reading('events', { query: { type, limit: 200 } })),
    combine: eventsOf,
  })
  const now = useProjectTime()?.now ?? Date.now()
  const definition = monitors.data?.monitors.find((each) => each.definition.name === monitor)?.definition
  const measurements = measured.data?.measurements ?? none
  const level = definition?.kind === 'drift' ? (definition.threshold ?? defaultDrift) : null
  const series = useMemo(() => {
    const all = figureSeries(measurements, level)
    return search.order === 'name'
      ? all.sort((a, b) => a.figure.localeCompare(b.figure))
      : all.sort((a, b) => b.broken - a.broken || b.worst - a.worst)
  }, [measurements, level, search.order])
  const marks = useMemo(
    () => qualityMarks(events.filter(({ subject }) => subject === `endpoint:${definition?.endpoint}`)),
    [events, definition],
  )
  const periods = useMemo(() => [...measurements].reverse(), [measurements])
  // A period without figures has nothing to look into.
  const period = search.period ?? (periods.find(({ figures }) => Object.keys(figures).length > 0) ?? periods[0])?.from
  const { from, to } = search
  const range = useMemo((): Stretch | null => (from === undefined || to === undefined ? null : [from, to]), [from, to])
  const keep = useCallback(
    (change: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  )
  const onRange = useCallback(
    (stretch: Stretch | null) =>
      keep(stretch ? { from: Math.round(stretch[0]), to: Math.round(stretch[1]) } : { from: undefined, to: undefined }),
    [keep],
  )
  const newestTime = periods[0]?.to ?? now
  const ranges: Record<string, Stretch | null> = {
    'All of it': null,
    'Last 90 days': [newestTime - 90 * day, newestTime],
    'Last 30 days': [newestTime - 30 * day, newestTime],
  }
  const rangeName = Object.keys(ranges).find((name) => ranges[name]?.[0] === from && ranges[name]?.[1] === to)
  const error = measured.error ?? monitors.error
  const waits = !measured.data || !monitors.data
  return (
    <Screen
      title={monitor}
      // Longer words above what waits would move it.
      says={
        definition && !waits ? (
          <>
            Every {definition.every}: {kinds[definition.kind]}, at <Ref to={`endpoint:${definition.endpoint}`} />
            {definition.periods > 1 && `; an alert after ${definition.periods} periods in a row beyond the bound`}.
          </>
        ) : (
          'One monitor: its figures over time.'
        )
      }
      crumbs={[{ title: 'Monitors', path: '/monitors' }]}
      actions={
        series.length > 0 &&
        !waits && (
          <>
            {rangeName === undefined && (
              <button type="button" onClick={() => onRange(null)}>
                Show all
              </button>
            )}
            <Choice
              label="Time"
              value={rangeName ?? 'As chosen'}
              values={rangeName === undefined ? ['As chosen', ...Object.keys(ranges)] : Object.keys(ranges)}
              choose={(name) => onRange(ranges[name] ?? null)}
            />
            <Choice
              label="Order"
              value={search.order ?? 'worst'}
              values={Object.keys(orders)}
              words={(order) => orders[order as keyof typeof orders]}
              choose={(order) => keep({ order })}
            />
          </>
        )
      }
      className="monitor"
    >
      {error && waits ? (
        <Panel title="Figures">
          <ErrorState error={error} retry={() => void Promise.all([measured.refetch(), monitors.refetch()])} />
        </Panel>
      ) : waits ? (
        <Panel title="Figures" className="waits">
          <Loading what="measurements" />
        </Panel>
      ) : !definition && measurements.length === 0 ? (
        <Panel title="Figures">
          <EmptyState>{`There is no monitor "${monitor}": see which there are under Monitors.`}</EmptyState>
        </Panel>
      ) : series.length === 0 ? (
        <Panel title="Figures">
          <EmptyState>
            Nothing is measured yet: its first period is not over, or nothing was asked of the endpoint.
          </EmptyState>
        </Panel>
      ) : (
        <>
          <div className="multiples">
            {series.map((each) => (
              <Small
                key={each.figure}
                series={each}
                marks={marks}
                alerts={alerts.data?.alerts ?? noAlerts}
                range={range}
                onRange={onRange}
                onChoose={() => {
                  keep({ figure: each.figure })
                  document.getElementById('period')?.scrollIntoView({ block: 'start' })
                }}
              />
            ))}
          </div>
          <div id="period">
            {period !== undefined && (
              <PeriodPanel
                monitor={monitor}
                from={period}
                figure={search.figure}
                kind={definition?.kind ?? periods[0]!.kind}
                choose={(name) => keep({ figure: name })}
              />
            )}
          </div>
          <Panel title="Periods" says="Each period that was measured, newest first; open one to look into it above.">
            <TableTools rows={periods} total={periods.length} columns={columns} name={`periods-of-${monitor}`}>
              <SavedViews />
            </TableTools>
            <DataTable
              rows={periods}
              columns={columns}
              caption="Periods"
              rowId={({ id }) => id}
              height={320}
              sort={search.sort}
              onSort={(sort) => keep({ sort })}
              current={periods.find((each) => each.from === period)?.id}
              onOpen={(each) => keep({ period: each.from })}
            />
          </Panel>
          <AlertsPanel
            alerts={alerts.data?.alerts}
            error={alerts.error}
            retry={() => void alerts.refetch()}
            now={now}
            onOpen={(alert) => keep({ figure: alert.figure })}
          />
        </>
      )}
    </Screen>
  )
}
