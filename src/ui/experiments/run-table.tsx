import { getRouteApi, Link } from '@tanstack/react-router'
import { type ReactNode, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { KnownFields } from '../../contract/search/complete-filter.ts'
import { readFilter } from '../../contract/search/parse-filter.ts'
import type { ExperimentRow } from '../../contract/tracking-view.ts'
import { useProjectTime } from '../clock.ts'
import { Choice } from '../components/choice.tsx'
import { download } from '../components/download.ts'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { useNarrow } from '../components/use-narrow.ts'
import { When } from '../components/when.tsx'
import { type WideColumn, WideTable } from '../components/wide-table.tsx'
import { useTyped } from '../events/use-typed.ts'
import { count, duration, figure } from '../format.ts'
import { ColumnPicker } from './column-picker.tsx'
import { FilterField } from './filter-field.tsx'
import { useNames } from './names.ts'
import { RunActions } from './run-actions.tsx'
import { type KnownRun, RunCells } from './run-cells.ts'
import { attributeColumns, columnId, orderOf, type RunColumn, runColumn } from './run-columns.ts'
import { runsCsv } from './runs-csv.ts'
import { type TrackedRunsSearch, trackedRunsSearch } from './search.ts'
import { StatusWord } from './status.tsx'
import { mostCompared } from './tracked-runs.tsx'
import { useFoundRuns } from './use-found-runs.ts'
import { trackedRunWords } from './words.ts'

const route = getRouteApi('/experiments/$experiments')
const fixedOf = (width: number): readonly WideColumn[] => [
  { id: 'pick', title: '', width: 36 },
  { id: 'name', title: 'Run', width, isSortable: true },
]
const fixed = fixedOf(200)
/** On a phone most of the width is for what scrolls. */
const fixedNarrow = fixedOf(112)
const lifecycles = ['active', 'deleted', 'all'] as const
const lifecycleWords = { active: 'Active', deleted: 'Deleted', all: 'Active and deleted' } as const
/** Columns until somebody chooses. */
const fewMetrics = 6
const fewParams = 4
const refreshMs = 3_000
/** Ids of chosen runs that an address has room for. */
const mostPicked = 200
const everyFound = 'all'

const showSeen = new Set(['metric', 'param', 'tag'])
const dash = <span className="muted">–</span>

export interface Frame {
  title: ReactNode
  crumbs: readonly { title: string; path: string }[]
  className: string
}

/** The table, its filter and columns, and what can be done with chosen runs. All of it is in the address. */
export function RunTable({
  frame,
  experiments,
  ids,
}: {
  frame: Frame
  experiments: readonly ExperimentRow[]
  ids: string
}) {
  const asked = route.useSearch()
  const search = useMemo(() => trackedRunsSearch(asked), [asked])
  const navigate = route.useNavigate()
  const change = useCallback(
    (next: TrackedRunsSearch) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false }),
    [navigate],
  )
  const keepFilter = useCallback((q: string | undefined) => change({ q, pick: undefined }), [change])
  const [text, type] = useTyped(search.q, keepFilter)
  // One that is wrong finds nothing; what the last right one found stays to be seen.
  const [filter, setFilter] = useState('')
  const given = search.q ?? ''
  useEffect(() => {
    if (readFilter(given, 'runs').problem === undefined) setFilter(given)
  }, [given])
  const lifecycle = search.lifecycle ?? 'active'
  const { data, error, isOld, retry } = useFoundRuns({
    experiments: ids,
    filter,
    order: orderOf(search.sort),
    lifecycle,
  })

  const of = useMemo(() => ({ experiments: ids }), [ids])
  const [isAsking, setIsAsking] = useState(false)
  const isAll = search.columns === 'all'
  const metrics = useNames(of, 'metric')
  const params = useNames(of, 'param')
  const tags = useNames(of, 'tag', { enabled: isAsking || isAll })
  const columnIds = useMemo(() => {
    if (Array.isArray(search.columns)) return search.columns
    const own = metrics.names.filter((name) => isAll || !name.startsWith('system/'))
    return [
      ...attributeColumns.filter((id) => id !== 'experiment' || experiments.length > 1),
      ...own.slice(0, isAll ? undefined : fewMetrics).map((name) => columnId('metric', name)),
      ...params.names.slice(0, isAll ? undefined : fewParams).map((name) => columnId('param', name)),
      ...(isAll ? tags.names.map((name) => columnId('tag', name)) : []),
    ]
  }, [search.columns, isAll, metrics.names, params.names, tags.names, experiments.length])
  const columns = useMemo(() => columnIds.map(runColumn).filter((column) => column !== null), [columnIds])

  const isNarrow = useNarrow()
  const [cells] = useState(() => new RunCells())
  const runs = data?.runs
  useEffect(() => {
    if (runs) cells.show(runs, columns)
  }, [cells, runs, columns])
  useSyncExternalStore(cells.watch, cells.snapshot)
  useEffect(() => {
    const timer = setInterval(cells.refresh, refreshMs)
    return () => clearInterval(timer)
  }, [cells])

  const known = useMemo(
    (): KnownFields => ({
      keys: (entity) =>
        entity === 'metric' ? metrics.names : entity === 'param' ? params.names : entity === 'tag' ? tags.names : [],
      values: ({ entity, key }) =>
        entity === 'attribute' && key === 'status'
          ? trackedRunWords
          : showSeen.has(entity)
            ? cells.valuesOf(columnId(entity as 'param', key), 30)
            : [],
    }),
    [metrics.names, params.names, tags.names, cells],
  )

  const isEvery = search.pick === everyFound
  const picked = useMemo(() => new Set(isEvery ? [] : search.pick?.split(',')), [search.pick, isEvery])
  const chosen = useMemo(() => (isEvery ? (runs ?? []) : [...picked]), [isEvery, runs, picked])
  const toggle = useCallback(
    (id: string): void =>
      void navigate({
        search: (before) => {
          const { pick } = trackedRunsSearch(before)
          const next = new Set(pick === everyFound ? [] : pick?.split(','))
          if (!next.delete(id)) next.add(id)
          return { ...before, pick: [...next].slice(-mostPicked).join(',') || undefined }
        },
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  )
  const now = useProjectTime()?.now
  const minute = now === undefined ? undefined : Math.floor(now / 60_000) * 60_000 + 59_999
  const names = useMemo(() => new Map(experiments.map(({ id, name }) => [id, name])), [experiments])
  const cell = useCallback(
    ({ id, run, cells: values }: KnownRun, column: WideColumn): ReactNode => {
      if (column.id === 'pick')
        return (
          <label className="pick">
            <input
              type="checkbox"
              aria-label={`Choose ${run?.name ?? id}`}
              checked={isEvery || picked.has(id)}
              onChange={() => toggle(id)}
            />
          </label>
        )
      if (run === null) return null
      const { kind } = column as RunColumn
      if (column.id === 'name')
        return (
          <Link
            to="/experiments/run/$run"
            params={{ run: id }}
            search={{}}
            className="cell-text"
            title={`${run.name} ${id}`}
          >
            {run.name}
          </Link>
        )
      if (kind === 'attribute') return attributeCell(run, column.id, minute ?? 0, names)
      const value = values.get(column.id)
      if (value === undefined) return null
      if (value === null) return dash
      if (typeof value === 'number') return <span title={String(value)}>{figure(value)}</span>
      return (
        <span className="cell-text" title={value}>
          {value}
        </span>
      )
    },
    [isEvery, picked, toggle, minute, names],
  )
  const [saving, setSaving] = useState<number | null>(null)
  const saveCsv = async (): Promise<void> => {
    setSaving(0)
    try {
      download('runs.csv', 'text/csv', runsCsv(await cells.readAll(columns, setSaving), columns, names))
    } finally {
      setSaving(null)
    }
  }
  const open = (index: number): void => void navigate({ to: '/experiments/run/$run', params: { run: runs![index]! } })
  const trouble = error ?? cells.error

  return (
    <Screen
      {...frame}
      says="The runs that scripts logged, newest first: what went in, what was measured and how long it took."
      actions={
        <>
          {chosen.length > 0 && (
            <button type="button" onClick={() => change({ pick: undefined })}>
              Choose none
            </button>
          )}
          {chosen.length > 0 && (
            <RunActions
              runs={chosen}
              areDeleted={lifecycle === 'deleted'}
              onDone={() => {
                change({ pick: undefined })
                cells.reread()
                retry()
              }}
            />
          )}
          {chosen.length > 1 ? (
            <Link
              to="/experiments/$experiments"
              params={{ experiments: ids }}
              search={{ compare: chosen.slice(0, mostCompared).join(',') }}
              className="button primary"
            >
              Compare {Math.min(chosen.length, mostCompared)} runs
            </Link>
          ) : (
            <button type="button" disabled title="Choose two runs or more by the boxes before them">
              Compare
            </button>
          )}
        </>
      }
    >
      <Panel
        title="Runs"
        says="A row for each run; a metric shows its latest value. Filters are those of mlflow.search_runs, and OR, NOT and parentheses."
      >
        <FilterField text={text} onText={type} known={known} onFocus={() => setIsAsking(true)} />
        <div className="table-tools">
          <Choice
            label="Lifecycle"
            value={lifecycle}
            values={lifecycles}
            words={(value) => lifecycleWords[value as keyof typeof lifecycleWords]}
            choose={(value) =>
              change({ lifecycle: value === 'active' ? undefined : (value as typeof lifecycle), pick: undefined })
            }
          />
          <ColumnPicker
            of={of}
            chosen={columnIds}
            onChange={(next) => change({ columns: next === undefined || next === 'all' ? next : [...next] })}
          />
          <SavedViews />
          <button
            type="button"
            disabled={!runs?.length}
            aria-pressed={isEvery}
            onClick={() => change({ pick: isEvery ? undefined : everyFound })}
          >
            Choose all
          </button>
          <span className="count" role="status" aria-busy={isOld}>
            {saving !== null
              ? `Reading ${count(saving)} of ${count(runs?.length ?? 0)}`
              : data &&
                `${chosen.length > 0 ? `${count(chosen.length)} chosen of ` : ''}${data.isWhole ? '' : 'the first '}${count(data.runs.length)}`}
          </span>
          <button
            type="button"
            disabled={!runs?.length || saving !== null}
            title="These runs and columns as a CSV file"
            onClick={() => void saveCsv()}
          >
            CSV
          </button>
        </div>
        {trouble && (!runs || cells.error) ? (
          <ErrorState
            error={trouble}
            retry={() => {
              cells.reread()
              retry()
            }}
          />
        ) : !runs || !metrics.isRead || !params.isRead || minute === undefined ? (
          <Loading what="runs" />
        ) : runs.length === 0 ? (
          given === '' ? (
            <EmptyState command={`export MLFLOW_TRACKING_URI=${location.origin}`}>
              {lifecycle === 'deleted'
                ? 'No run is deleted.'
                : 'No run is here yet: let a script log into this experiment.'}
            </EmptyState>
          ) : (
            <EmptyState>No run fits: take away a part of the filter.</EmptyState>
          )
        ) : (
          <WideTable
            count={runs.length}
            fixed={isNarrow ? fixedNarrow : fixed}
            columns={columns}
            rowOf={(index) => cells.at(index)}
            cell={cell}
            caption="Runs"
            height={Math.min(640, 34 + 16 + runs.length * 32)}
            sort={search.sort}
            onSort={(sort) => change({ sort })}
            onOpen={open}
            onChoose={(index) => toggle(runs[index]!)}
            isChosen={(index) => isEvery || picked.has(runs[index]!)}
            onSight={cells.look}
          />
        )}
      </Panel>
    </Screen>
  )
}

function attributeCell(
  run: NonNullable<KnownRun['run']>,
  id: string,
  now: number,
  names: ReadonlyMap<string, string>,
): ReactNode {
  switch (id) {
    case 'status':
      return run.isDeleted ? <span className="muted">deleted</span> : <StatusWord status={run.status} />
    case 'started':
      return run.startedAt === 0 ? dash : <When time={run.startedAt} now={now} />
    case 'took':
      return run.endedAt === null || run.startedAt === 0 ? dash : duration(run.endedAt - run.startedAt)
    case 'user':
      return <span className="cell-text">{run.user}</span>
    default:
      return <span className="cell-text">{names.get(run.experimentId) ?? run.experimentId}</span>
  }
}
