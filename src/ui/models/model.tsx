import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { type Answer, call } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import { Choice } from '../components/choice.tsx'
import { DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { metricWord } from '../measurements/metric-words.ts'
import { reading } from '../queries.ts'
import { AliasesPanel } from './aliases-panel.tsx'
import { versionColumns } from './version-columns.tsx'
import { metricsOfVersions, versionSeries } from './version-series.ts'

const route = getRouteApi('/models/$model')
const page = 100
const none: Answer<'modelVersions'>['versions'] = []
const noAliases: Answer<'modelVersions'>['aliases'] = []

/** Versions, a hundred at a time, newest first. */
function useVersions(model: string) {
  return useInfiniteQuery({
    queryKey: ['modelVersions', { params: { model } }, 'pages'],
    queryFn: ({ pageParam }) =>
      call('modelVersions', { params: { model }, query: { limit: page, ...(pageParam ? { before: pageParam } : {}) } }),
    initialPageParam: 0,
    getNextPageParam: ({ versions }) => (versions.length < page ? undefined : versions.at(-1)!.number),
  })
}

/** All versions of one model: which passed, which were refused and why, and how good each is beside what it was held against. */
export function Model() {
  const { model } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const open = useNavigate()
  const versions = useVersions(model)
  const models = useQuery(reading('models'))
  const now = useProjectTime()?.now ?? Date.now()
  const minute = Math.floor(now / 60_000) * 60_000
  const all = useMemo(() => versions.data?.pages.flatMap((each) => each.versions) ?? none, [versions.data])
  const total = versions.data?.pages[0]?.total ?? 0
  const aliases = versions.data?.pages[0]?.aliases ?? noAliases
  const metrics = useMemo(() => metricsOfVersions(all), [all])
  const metric = search.metric ?? (metrics.includes('auc') ? 'auc' : metrics[0])
  const columns = useMemo(() => {
    const named = new Map<string, string[]>()
    for (const { alias, version } of aliases) named.set(version, [...(named.get(version) ?? []), alias])
    return versionColumns(metric, named, minute)
  }, [metric, aliases, minute])
  const rows = useMemo(() => {
    const wanted = (search.filter ?? '').toLowerCase()
    return all.filter(
      (version) =>
        (search.state === undefined || version.state === search.state) &&
        (wanted === '' ||
          [
            version.id,
            version.datasetVersion,
            version.madeBy,
            ...version.verdicts.map(({ message, passed }) => (passed ? '' : message)),
          ]
            .join(' ')
            .toLowerCase()
            .includes(wanted)),
    )
  }, [all, search.filter, search.state])
  const series = useMemo(() => versionSeries(all, metric ?? ''), [all, metric])
  const keep = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  const brief = models.data?.models.find((each) => each.model === model)?.brief
  const chosen = (
    <Choice
      label="Metric"
      value={metric ?? ''}
      values={metrics}
      words={metricWord}
      choose={(to) => keep({ metric: to })}
    />
  )
  return (
    <Screen
      title={model}
      says={brief ? `${brief.objective}. Owner: ${brief.owner}.` : 'Its versions, and how good each is.'}
      crumbs={[{ title: 'Models', path: '/models' }]}
      className="model"
    >
      <Panel
        title="Versions"
        says="Newest first: which passed its gates, why one was refused, and its metric beside what it was held against."
        actions={chosen}
      >
        {versions.error && !versions.data ? (
          <ErrorState error={versions.error} retry={() => void versions.refetch()} />
        ) : !versions.data ? (
          <Loading what="versions" />
        ) : all.length === 0 ? (
          <EmptyState command={`npx millwright run train-${model}`}>
            It has no version yet: run the pipeline that trains it.
          </EmptyState>
        ) : (
          <>
            <TableTools
              filter={search.filter ?? ''}
              onFilter={(filter) => keep({ filter: filter || undefined })}
              rows={rows}
              total={total}
              columns={columns}
              name={`versions-of-${model}`}
            >
              <Choice
                label="State"
                value={search.state ?? 'all'}
                values={['all', 'registered', 'refused']}
                words={(state) => (state === 'all' ? 'All states' : state)}
                choose={(to) => keep({ state: to === 'all' ? undefined : to })}
              />
              <SavedViews />
            </TableTools>
            <DataTable
              rows={rows}
              columns={columns}
              caption={`Versions of ${model}`}
              rowId={({ id }) => id}
              height={420}
              sort={search.sort}
              onSort={(sort) => keep({ sort })}
              onOpen={({ number }) =>
                void open({ to: '/models/$model/$number', params: { model, number: String(number) }, search: {} })
              }
            />
            {versions.hasNextPage && (
              <p>
                <button type="button" disabled={versions.isFetching} onClick={() => void versions.fetchNextPage()}>
                  Read {page} more
                </button>
              </p>
            )}
          </>
        )}
      </Panel>
      {versions.data && (
        <>
          <LineChart
            title="From version to version"
            says={`${metric ? metricWord(metric) : 'The metric'} of each version on its own test set, 95 % intervals, beside what it was held against.`}
            xs={series.numbers}
            xTitle="Version"
            lines={series.lines}
            marks={series.marks}
            height={200}
            empty={<EmptyState>No version was judged on a test set.</EmptyState>}
          />
          <AliasesPanel model={model} aliases={aliases} now={now} />
        </>
      )}
    </Screen>
  )
}
