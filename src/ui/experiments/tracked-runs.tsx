import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useMemo } from 'react'
import { folderOf, nameInFolder } from '../../contract/search/experiment-folders.ts'
import { Panel } from '../components/panel.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { counted } from '../format.ts'
import { reading } from '../queries.ts'
import { foldersTo } from './folder-path.tsx'
import { RunTable } from './run-table.tsx'
import { trackedRunsSearch } from './search.ts'

const Comparison = lazy(() => import('./comparison.tsx'))
const route = getRouteApi('/experiments/$experiments')
const all = { title: 'Experiments', path: '/experiments' }
const folderSign = 'folder:'
/** As many as the server gives the courses of at once. */
export const mostCompared = 200

/** Runs of experiments as one table: which was best, with what, and what they have in common. */
export function TrackedRuns() {
  const { experiments: ids } = route.useParams()
  const asked = route.useSearch()
  const { compare } = useMemo(() => trackedRunsSearch(asked), [asked])
  const { data, error, refetch } = useQuery(reading('experiments', { query: { ids } }))
  const compared = useMemo(() => compare?.split(',').slice(0, mostCompared) ?? [], [compare])
  const found = data?.experiments
  // All in a folder and below, or one by one: what is above is where one comes from.
  const folder = ids.startsWith(folderSign) ? ids.slice(folderSign.length) : null
  const above = folder ?? (found?.length === 1 ? folderOf(found[0]!.name) : null)
  const crumbs = [
    all,
    ...foldersTo(above).map(({ name, path }) => ({ title: name, path: '/experiments', search: { folder: path } })),
  ]
  const title =
    folder !== null
      ? `All of ${folder}`
      : !found
        ? `Experiment ${ids}`
        : found.length === 1
          ? nameInFolder(found[0]!.name)
          : counted(found.length, 'experiment')
  const frame = {
    title,
    crumbs: compared.length > 0 ? [...crumbs, { title, path: `/experiments/${ids}` }] : crumbs,
    className: 'experiments runs',
  }
  if (!found || found.length === 0)
    return (
      <Screen {...frame} says="The runs that scripts logged.">
        <Panel title="Runs">
          {error ? (
            <ErrorState error={error} retry={() => void refetch()} />
          ) : found ? (
            <EmptyState>There is no such experiment here, or nothing lies in the folder.</EmptyState>
          ) : (
            <Loading what="the experiment" />
          )}
        </Panel>
      </Screen>
    )
  if (compared.length > 0)
    return (
      <Suspense fallback={<Loading what="the comparison" />}>
        <Comparison frame={frame} runs={compared} />
      </Suspense>
    )
  return <RunTable key={ids} frame={frame} experiments={found} ids={ids} />
}
