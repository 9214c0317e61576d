import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { TrackedRunDetail } from '../../contract/tracking-view.ts'
import { useProjectTime } from '../clock.ts'
import { JsonTree } from '../components/code.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Facts, Screen, Tabs } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count, counted, duration, figure } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import type { DrawnRun } from './course-lines.ts'
import { MetricCharts } from './metric-charts.tsx'
import { RunActions } from './run-actions.tsx'
import { RunFiles } from './run-files.tsx'
import { type TrackedRunSearch, trackedRunSearch } from './search.ts'
import { StatusWord } from './status.tsx'

const route = getRouteApi('/experiments/run/$run')
const refreshMs = 2_000
const tabs = ['overview', 'charts', 'system', 'files'] as const
type Tab = (typeof tabs)[number]

const isSystem = (name: string): boolean => name.startsWith('system/')

/** One run of a script: what went in, what it measured, and what it left. */
export function TrackedRun() {
  const { run: id } = route.useParams()
  const given = route.useSearch()
  const search = useMemo(() => trackedRunSearch(given), [given])
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery({
    ...reading('trackedRun', { params: { run: id } }),
    // Points, params and tags make no events.
    refetchInterval: ({ state }) => (state.data?.run.status === 'RUNNING' ? refreshMs : false),
  })
  const change = useCallback(
    (next: TrackedRunSearch) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false }),
    [navigate],
  )
  const crumbs = [{ title: 'Experiments', path: '/experiments' }]
  const name = data?.run.name
  const drawn = useMemo(
    (): DrawnRun[] => (name === undefined ? [] : [{ id, name, color: '--line-1', dash: [] }]),
    [id, name],
  )
  const now = useProjectTime()?.now
  if (!data || now === undefined)
    return (
      <Screen
        title={id.slice(0, 12)}
        says="One run of a script: what went in, what it measured, and what it left."
        crumbs={crumbs}
      >
        <Panel title="Run">
          {error && !data ? <ErrorState error={error} retry={() => void refetch()} /> : <Loading what="the run" />}
        </Panel>
      </Screen>
    )
  const { run, experiment, metrics } = data
  const own = metrics.filter(({ name: each }) => !isSystem(each)).map(({ name: each }) => each)
  const system = metrics.filter(({ name: each }) => isSystem(each)).map(({ name: each }) => each)
  const tab = tabs.find((each) => each === search.tab) ?? 'overview'
  const isGoingOn = run.status === 'RUNNING'
  const took = run.startedAt === 0 ? null : (run.endedAt ?? now) - run.startedAt
  return (
    <Screen
      title={run.name}
      says={
        <>
          <StatusWord status={run.status} />
          {took !== null && ` ${isGoingOn ? 'for' : 'after'} ${duration(Math.max(0, took))}`}
          {run.user !== '' && `, by ${run.user}`}
          {run.startedAt > 0 && (
            <>
              , began <When time={run.startedAt} now={now} />
            </>
          )}
          {run.isDeleted && '; deleted'}
        </>
      }
      crumbs={[...crumbs, { title: experiment.name, path: `/experiments/${experiment.id}` }]}
      className="experiments tracked-run"
      actions={<RunActions runs={[id]} areDeleted={run.isDeleted} onDone={() => void refetch()} />}
    >
      <Tabs<Tab>
        label="Parts of the run"
        current={tab}
        onPick={(picked) => change({ tab: picked === 'overview' ? undefined : picked, from: undefined, to: undefined })}
        tabs={[
          { id: 'overview', title: 'Overview' },
          { id: 'charts', title: 'Charts', count: own.length },
          ...(system.length > 0 ? [{ id: 'system' as const, title: 'System', count: system.length }] : []),
          { id: 'files', title: 'Files' },
        ]}
      />
      {tab === 'overview' && <Overview detail={data} now={now} />}
      {(tab === 'charts' || tab === 'system') && (
        <MetricCharts
          key={tab}
          metrics={tab === 'charts' ? own : system}
          runs={drawn}
          search={search}
          change={change}
          isGoingOn={isGoingOn}
        />
      )}
      {tab === 'files' && (
        <RunFiles run={id} models={data.modelsOut} search={search} change={change} isGoingOn={isGoingOn} />
      )}
    </Screen>
  )
}

type Metric = TrackedRunDetail['metrics'][number]
type Pair = TrackedRunDetail['params'][number]

const pairColumns = (head: string): Column<Pair>[] => [
  { id: 'key', header: head, accessorFn: ({ key }) => key },
  {
    id: 'value',
    header: 'Value',
    accessorFn: ({ value }) => value,
    cell: ({ row: { original } }) => (
      <span className="clip" title={original.value}>
        {original.value}
      </span>
    ),
  },
]
const paramColumns = pairColumns('Param')
const tagColumns = pairColumns('Tag')

function Overview({ detail, now }: { detail: TrackedRunDetail; now: number }) {
  const { run, experiment, params, tags, datasets, modelsIn, modelsOut } = detail
  // Those of the machine have a part of their own.
  const metrics = useMemo(() => detail.metrics.filter(({ name }) => !isSystem(name)), [detail.metrics])
  const minute = Math.floor(now / 60_000) * 60_000 + 59_999
  const metricColumns = useMemo(
    (): Column<Metric>[] => [
      {
        id: 'name',
        header: 'Metric',
        accessorFn: ({ name }) => name,
        cell: ({ row: { original } }) => (
          <Link to="/experiments/run/$run" params={{ run: run.id }} search={{ tab: 'charts', metric: original.name }}>
            {original.name}
          </Link>
        ),
      },
      {
        id: 'value',
        header: 'Last value',
        accessorFn: ({ value }) => (typeof value === 'number' ? value : undefined),
        sortUndefined: 'last',
        meta: { numeric: true },
        cell: ({ row: { original } }) => (
          <span title={String(original.value)}>
            {typeof original.value === 'number' ? figure(original.value, 6) : original.value}
          </span>
        ),
      },
      {
        id: 'step',
        header: 'Step',
        accessorFn: ({ step }) => step,
        meta: { numeric: true },
        cell: ({ row }) => count(row.original.step),
      },
      {
        id: 'at',
        header: 'Logged',
        accessorFn: ({ at }) => at,
        cell: ({ row: { original } }) => <When time={original.at} now={minute} />,
      },
    ],
    [run.id, minute],
  )
  const told = useMemo(() => tags.filter(({ key }) => !key.startsWith('mlflow.')), [tags])
  const byClient = useMemo(() => new Map(tags.map(({ key, value }) => [key, value])), [tags])
  const said = (name: string, key: string): (readonly [string, string])[] => {
    const value = byClient.get(key)
    return value === undefined ? [] : [[name, value]]
  }
  const parent = byClient.get('mlflow.parentRunId')
  return (
    <>
      <div className="columns">
        <Panel title="Metrics" says="The latest value of each metric; its name leads to its course.">
          {metrics.length === 0 ? (
            <p className="muted">It has logged no metric.</p>
          ) : (
            <DataTable
              rows={metrics}
              columns={metricColumns}
              caption="Metrics"
              rowId={({ name }) => name}
              height={420}
            />
          )}
        </Panel>
        <Panel title="Params" says="What the script says it was started with.">
          {params.length === 0 ? (
            <p className="muted">It has logged no param.</p>
          ) : (
            <DataTable rows={params} columns={paramColumns} caption="Params" rowId={({ key }) => key} height={420} />
          )}
        </Panel>
        <Panel title="How it came about" says="Who ran what, and when.">
          <Facts
            facts={[
              ['Run', <code key="id">{run.id}</code>],
              [
                'Experiment',
                <Link key="e" to="/experiments/$experiments" params={{ experiments: experiment.id }} search={{}}>
                  {experiment.name}
                </Link>,
              ],
              ...(parent === undefined
                ? []
                : [
                    [
                      'Part of',
                      <Link key="p" to="/experiments/run/$run" params={{ run: parent }} search={{}}>
                        {parent}
                      </Link>,
                    ] as const,
                  ]),
              ['User', run.user || '–'],
              ['Began', run.startedAt === 0 ? '–' : `${absoluteTime(run.startedAt)} UTC`],
              ['Ended', run.endedAt === null ? '–' : `${absoluteTime(run.endedAt)} UTC`],
              ...said('Script', 'mlflow.source.name'),
              ...said('Commit', 'mlflow.source.git.commit'),
              ...said('Note', 'mlflow.note.content'),
            ]}
          />
        </Panel>
        <Panel
          title="Tags"
          says="What the script, or somebody since, wrote on it; tags of the client itself are left out."
        >
          {told.length === 0 ? (
            <p className="muted">It has no tags.</p>
          ) : (
            <DataTable rows={told} columns={tagColumns} caption="Tags" rowId={({ key }) => key} height={300} />
          )}
        </Panel>
      </div>
      {(datasets.length > 0 || modelsIn.length > 0) && (
        <Panel title="What went in" says="Datasets and models that the script says it read.">
          <ul className="logged">
            {datasets.map((dataset) => (
              <li key={`${dataset.name} ${dataset.digest}`}>
                <p>
                  <strong>{dataset.name}</strong> <code>{dataset.digest}</code>{' '}
                  <span className="muted">
                    {[dataset.sourceType, ...dataset.tags.map(({ value }) => value)].join(', ')}
                  </span>
                </p>
                <Description text={dataset.schema} name="Schema" />
                <Description text={dataset.profile} name="Profile" />
              </li>
            ))}
            {modelsIn.map((model) => (
              <li key={model.id}>
                Model <strong>{model.name ?? 'that is not here'}</strong> <code>{model.id}</code>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {modelsOut.length > 0 && (
        <Panel title="Models" says={`${counted(modelsOut.length, 'model')} that the script logged, with their files.`}>
          <ul className="logged">
            {modelsOut.map((model) => (
              <li key={model.id}>
                <Link to="/experiments/run/$run" params={{ run: run.id }} search={{ tab: 'files', model: model.id }}>
                  {model.name ?? model.id}
                </Link>{' '}
                <code>{model.id}</code>{' '}
                <span className="muted">
                  {[model.status?.toLowerCase() ?? 'not here', `at step ${count(model.step)}`].join(', ')}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  )
}

/** What a client says of a dataset: JSON mostly. */
function Description({ text, name }: { text: string | null; name: string }) {
  const value = useMemo(() => {
    try {
      return text === null ? null : (JSON.parse(text) as unknown)
    } catch {
      return text
    }
  }, [text])
  if (value === null) return null
  return typeof value === 'object' ? <JsonTree value={value} name={name} /> : <p className="muted">{String(value)}</p>
}
