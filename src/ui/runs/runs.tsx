import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useDeferredValue, useMemo } from 'react'
import { useProjectTime } from '../clock.ts'
import { Choice } from '../components/choice.tsx'
import { DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { count } from '../format.ts'
import type { RunsSearch } from '../router.tsx'
import { runStates } from './over.ts'
import { metricsOf, runColumns } from './run-columns.tsx'
import { runFilter } from './run-filter.ts'
import { useRunRows } from './run-rows.ts'

const Comparison = lazy(() => import('./comparison.tsx'))
const route = getRouteApi('/runs')
const everything = 'all'
/** Metrics that have a column until somebody chooses. */
const fewMetrics = 4
/** More beside each other than anybody reads. */
const mostCompared = 8

const listed = (ids: string | undefined): string[] => (ids ? ids.split(',') : [])

/** Everything that pipelines ran: which went wrong, which was best, what they have in common. */
export function Runs() {
  const search = route.useSearch()
  return search.compare === undefined ? (
    <RunTable search={search} />
  ) : (
    <Suspense fallback={<Loading what="the comparison" />}>
      <Comparison runs={listed(search.compare).slice(0, mostCompared)} />
    </Suspense>
  )
}

function RunTable({ search }: { search: RunsSearch }) {
  const navigate = route.useNavigate()
  const { rows, total, error, retry } = useRunRows()
  const now = useProjectTime()?.now
  // Ages are told to the minute here: a table of many is not made anew each second.
  const minute = now === undefined ? undefined : Math.floor(now / 60_000) * 60_000 + 59_999
  const change = useCallback(
    (next: RunsSearch) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  )
  const wanted = useDeferredValue(search.q ?? '')
  const shown = useMemo(() => {
    const fits = runFilter(wanted)
    return rows.filter(
      (row) =>
        (search.state === undefined || row.state === search.state) &&
        (search.pipeline === undefined || row.pipeline === search.pipeline) &&
        fits(row),
    )
  }, [rows, wanted, search.state, search.pipeline])
  const pipelines = useMemo(() => [...new Set(rows.map(({ pipeline }) => pipeline))].sort(), [rows])
  const known = useMemo(() => metricsOf(rows), [rows])
  const metrics = useMemo(
    () =>
      search.metrics === undefined
        ? known.slice(0, fewMetrics)
        : listed(search.metrics).filter((name) => known.includes(name)),
    [search.metrics, known],
  )
  const chosen = useMemo(() => new Set(listed(search.pick)), [search.pick])
  const columns = useMemo(
    () =>
      runColumns({
        metrics,
        now: minute ?? 0,
        pick: {
          chosen,
          toggle: (id) => {
            const next = new Set(chosen)
            if (!next.delete(id)) next.add(id)
            change({ pick: [...next].join(',') || undefined })
          },
        },
      }),
    [metrics, minute, chosen, change],
  )
  return (
    <Screen
      title="Runs"
      says={
        <>
          Everything that pipelines ran, newest first: what started it, how long it took and what came of it. What
          scripts log with MLflow is in{' '}
          <Link to="/experiments" search={{}}>
            Experiments
          </Link>
          .
        </>
      }
      className="runs"
      actions={
        <>
          {chosen.size > 0 && (
            <button type="button" onClick={() => change({ pick: undefined })}>
              Choose none
            </button>
          )}
          {chosen.size > 1 ? (
            <Link
              to="/runs"
              search={{ compare: [...chosen].slice(0, mostCompared).join(',') }}
              className="button primary"
            >
              Compare {Math.min(chosen.size, mostCompared)} runs
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
        title="All runs"
        says="A row for each run, with the model that it made; words, and terms such as auc>0.7 or seconds<60, narrow them."
      >
        {error && rows.length === 0 ? (
          <ErrorState error={error} retry={retry} />
        ) : total === null || minute === undefined ? (
          <Loading what="runs" />
        ) : total === 0 ? (
          <EmptyState command="npx millwright run -- python train.py">
            Nothing has run yet: start a pipeline, or track a program as it is.
          </EmptyState>
        ) : (
          <>
            <TableTools
              filter={search.q ?? ''}
              onFilter={(q) => change({ q: q || undefined })}
              rows={shown}
              total={rows.length}
              columns={columns}
              name="runs"
            >
              <Choice
                label="State"
                value={search.state ?? everything}
                values={[everything, ...runStates]}
                words={(state) => (state === everything ? 'Any state' : state)}
                choose={(state) => change({ state: state === everything ? undefined : state })}
              />
              {pipelines.length > 1 && (
                <Choice
                  label="Pipeline"
                  value={search.pipeline ?? everything}
                  values={[everything, ...pipelines]}
                  words={(name) => (name === everything ? 'Any pipeline' : name)}
                  choose={(name) => change({ pipeline: name === everything ? undefined : name })}
                />
              )}
              {known.length > 0 && (
                <details className="menu">
                  <summary>Metrics</summary>
                  <div className="metric-choice">
                    {known.map((name) => (
                      <label key={name}>
                        <input
                          type="checkbox"
                          checked={metrics.includes(name)}
                          onChange={({ target }) => {
                            const next = target.checked ? [...metrics, name] : metrics.filter((one) => one !== name)
                            change({ metrics: next.join(',') || 'none' })
                          }}
                        />{' '}
                        {name}
                      </label>
                    ))}
                  </div>
                </details>
              )}
              <SavedViews />
              {rows.length < total && (
                <span className="muted" role="status">
                  Reading {count(rows.length)} of {count(total)}
                </span>
              )}
            </TableTools>
            {shown.length === 0 ? (
              <EmptyState>No run fits: take away a word of the filter.</EmptyState>
            ) : (
              <DataTable
                rows={shown}
                columns={columns}
                caption="Runs"
                rowId={({ id }) => id}
                height={640}
                sort={search.sort}
                onSort={(sort) => change({ sort })}
                onOpen={({ id }) => void navigate({ to: '/runs/$run', params: { run: id } })}
              />
            )}
          </>
        )}
      </Panel>
    </Screen>
  )
}
