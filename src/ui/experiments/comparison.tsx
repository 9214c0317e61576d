import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { ApiError } from '../api.ts'
import { Swatch } from '../components/chart/swatch.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Screen, Tabs } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { count, counted, figure } from '../format.ts'
import { ColumnPicker } from './column-picker.tsx'
import type { DrawnRun } from './course-lines.ts'
import { MetricCharts } from './metric-charts.tsx'
import { useNames } from './names.ts'
import { isWithin, type ParallelAxis, parallelAxis } from './parallel-axes.ts'
import { ParallelCoordinates } from './parallel-coordinates.tsx'
import type { Cell, KnownRun } from './run-cells.ts'
import { readRuns } from './run-cells.ts'
import { columnId, type RunColumn, runColumn } from './run-columns.ts'
import { type RunStyle, runStyle } from './run-style.ts'
import type { Frame } from './run-table.tsx'
import { Scatter } from './scatter.tsx'
import { type TrackedRunsSearch, trackedRunsSearch } from './search.ts'
import { StatusWord } from './status.tsx'

const route = getRouteApi('/experiments/$experiments')
/** Columns of one kind that are read of each run. */
const mostColumns = 200
/** Axes until somebody chooses. */
const fewParams = 5
const fewMetrics = 3
const refreshMs = 3_000
const tabs = ['overview', 'charts'] as const
type Tab = (typeof tabs)[number]

/** Chosen runs beside each other: what differs between them, and what came of it. */
export default function Comparison({ frame, runs: ids }: { frame: Frame; runs: readonly string[] }) {
  const { experiments } = route.useParams()
  const asked = route.useSearch()
  const search = useMemo(() => trackedRunsSearch(asked), [asked])
  const navigate = route.useNavigate()
  const change = useCallback(
    (next: TrackedRunsSearch) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false }),
    [navigate],
  )
  const of = useMemo(() => ({ runs: ids.join(',') }), [ids])
  const metrics = useNames(of, 'metric')
  const params = useNames(of, 'param')
  const columns = useMemo(
    () =>
      [
        ...params.names.slice(0, mostColumns).map((name) => columnId('param', name)),
        ...metrics.names.slice(0, mostColumns).map((name) => columnId('metric', name)),
        ...(Array.isArray(search.columns) ? search.columns.filter((id) => id.startsWith('tags.')) : []),
      ]
        .map(runColumn)
        .filter((column) => column !== null),
    [params.names, metrics.names, search.columns],
  )
  const isReady = metrics.isRead && params.isRead
  const { data, error, refetch } = useQuery<KnownRun[], ApiError>({
    queryKey: ['compared runs', ids, columns.map(({ id }) => id)],
    queryFn: () => readRuns(ids, columns),
    enabled: isReady,
    refetchInterval: ({ state }) => (state.data?.some(({ run }) => run?.status === 'RUNNING') ? refreshMs : false),
    placeholderData: (before) => before,
  })
  const runs = useMemo(() => data ?? [], [data])
  const places = useMemo(() => new Map(runs.map(({ id }, place) => [id, place])), [runs])
  const styleOf = useCallback((id: string): RunStyle => runStyle(places.get(id) ?? 0), [places])
  const differing = useMemo(
    () =>
      columns.filter(({ kind, id }) => kind === 'param' && new Set(runs.map(({ cells }) => cells.get(id))).size > 1),
    [columns, runs],
  )
  const axes = useMemo(
    () => columns.map((column) => parallelAxis(column, runs)).filter((axis) => axis !== null),
    [columns, runs],
  )
  const own = useMemo(() => metrics.names.filter((name) => !name.startsWith('system/')), [metrics.names])
  const chosenIds = useMemo(
    () =>
      Array.isArray(search.columns)
        ? search.columns
        : [
            ...differing.slice(0, fewParams).map(({ id }) => id),
            ...own.slice(0, fewMetrics).map((name) => columnId('metric', name)),
          ],
    [search.columns, differing, own],
  )
  const byId = useMemo(() => new Map(axes.map((axis) => [axis.id, axis])), [axes])
  const chosen = useMemo(
    () =>
      search.columns === 'all'
        ? axes
        : chosenIds.flatMap((id): ParallelAxis[] => (byId.has(id) ? [byId.get(id)!] : [])),
    [search.columns, chosenIds, axes, byId],
  )
  const within = search.within ?? noRanges
  const kept = useMemo(() => runs.filter((run) => isWithin(run, axes, within)), [runs, axes, within])
  const drawn = useMemo(
    (): DrawnRun[] => kept.map(({ id, run }) => ({ id, name: run?.name ?? id, ...styleOf(id) })),
    [kept, styleOf],
  )
  const open = (id: string): void => void navigate({ to: '/experiments/run/$run', params: { run: id } })
  const says = `${counted(ids.length, 'run')} beside each other: the params that differ, and what was measured.`
  if (!data || !isReady)
    return (
      <Screen {...frame} title="Comparison" says={says}>
        <Panel title="Runs">
          {error ? <ErrorState error={error} retry={() => void refetch()} /> : <Loading what="the runs" />}
        </Panel>
      </Screen>
    )
  const tab = tabs.find((each) => each === search.tab) ?? 'overview'
  const x = byId.get(search.x ?? '') ?? chosen[0] ?? axes[0]
  const y = byId.get(search.y ?? '') ?? chosen.at(-1) ?? axes.at(-1)
  return (
    <Screen
      {...frame}
      title="Comparison"
      says={says}
      actions={
        <>
          <ColumnPicker
            of={of}
            chosen={chosen.map(({ id }) => id)}
            onChange={(next) => change({ columns: next === undefined || next === 'all' ? next : [...next] })}
          />
          <SavedViews />
          <Link
            className="button"
            to="/experiments/$experiments"
            params={{ experiments }}
            search={{ pick: ids.join(',') }}
          >
            Choose others
          </Link>
        </>
      }
    >
      <Tabs<Tab>
        label="Parts of the comparison"
        current={tab}
        onPick={(picked) => change({ tab: picked === 'overview' ? undefined : picked })}
        tabs={[
          { id: 'overview', title: 'Overview' },
          { id: 'charts', title: 'Charts', count: own.length },
        ]}
      />
      {tab === 'overview' ? (
        <>
          <ParallelCoordinates
            runs={runs}
            axes={chosen}
            styleOf={styleOf}
            within={within}
            onWithin={(next) =>
              change({
                within:
                  Object.keys(next).length === 0
                    ? undefined
                    : Object.fromEntries(Object.entries(next).map(([id, [low, high]]) => [id, [low, high]])),
              })
            }
            onOpen={open}
          />
          <Differences runs={kept} params={differing} all={columns} styleOf={styleOf} />
          <Scatter runs={kept} axes={axes} x={x} y={y} styleOf={styleOf} onAxes={change} onOpen={open} />
        </>
      ) : (
        <>
          {kept.length < runs.length && (
            <p className="muted">
              {count(kept.length)} of {counted(runs.length, 'run')}: those within the ranges of the overview.
            </p>
          )}
          <RunLegend runs={drawn} />
          <MetricCharts
            metrics={own}
            runs={drawn}
            search={search}
            change={change}
            isGoingOn={runs.some(({ run }) => run?.status === 'RUNNING')}
          />
        </>
      )}
    </Screen>
  )
}

const noRanges = {}

/** Which line is which run: the charts name the first of theirs alone. */
function RunLegend({ runs }: { runs: readonly DrawnRun[] }) {
  return (
    <ul className="legend run-legend" aria-label="Runs">
      {runs.map(({ id, name, color, dash }) => (
        <li key={id}>
          <Swatch color={color} dash={dash} />
          <Link to="/experiments/run/$run" params={{ run: id }} search={{}}>
            {name}
          </Link>
        </li>
      ))}
    </ul>
  )
}

const said = (cell: Cell | undefined): string => (typeof cell === 'number' ? figure(cell) : (cell ?? '–'))

/** The params that differ, a row for each run. */
function Differences({
  runs,
  params,
  all,
  styleOf,
}: {
  runs: readonly KnownRun[]
  params: readonly RunColumn[]
  all: readonly RunColumn[]
  styleOf: (id: string) => RunStyle
}) {
  const same = useMemo(() => all.filter((column) => column.kind === 'param' && !params.includes(column)), [all, params])
  const columns = useMemo(
    (): Column<KnownRun>[] => [
      {
        id: 'run',
        header: 'Run',
        accessorFn: ({ id, run }) => run?.name ?? id,
        cell: ({ row: { original } }) => (
          <>
            <Swatch {...styleOf(original.id)} />
            <Link to="/experiments/run/$run" params={{ run: original.id }} search={{}}>
              {original.run?.name ?? original.id}
            </Link>
          </>
        ),
      },
      {
        id: 'status',
        header: 'Status',
        accessorFn: ({ run }) => run?.status,
        cell: ({ row: { original } }) => original.run && <StatusWord status={original.run.status} />,
      },
      ...params.map(
        (param): Column<KnownRun> => ({
          id: param.id,
          header: param.title,
          accessorFn: ({ cells }) => cells.get(param.id) ?? undefined,
          sortUndefined: 'last',
          cell: ({ row: { original } }) => <span className="clip">{said(original.cells.get(param.id))}</span>,
        }),
      ),
    ],
    [params, styleOf],
  )
  return (
    <Panel title="Params that differ" says="A row for each run; a param that all have with the same value is left out.">
      <DataTable rows={runs} columns={columns} caption="Params that differ" rowId={({ id }) => id} height={420} />
      {same.length > 0 && runs[0] && (
        <details className="same-params">
          <summary>The same in all: {counted(same.length, 'param')}</summary>
          <p className="muted">
            {same.map(({ id, title }) => `${title} = ${said(runs[0]!.cells.get(id))}`).join(', ')}
          </p>
        </details>
      )}
    </Panel>
  )
}
