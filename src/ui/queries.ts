import { QueryClient, type UseQueryOptions } from '@tanstack/react-query'
import { type Answer, ApiError, type Asking, addresses, call, type ReadRoute } from './api.ts'
import { live } from './live.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The server may be this very machine, which answers without a network.
      networkMode: 'always',
      // A refusal stays one: only a fault of the server itself may be gone the next time.
      retry: (count, error) => count < 1 && error instanceof ApiError && error.code === 'internal',
      staleTime: 1_000,
    },
  },
})

/** A query that reads one route; its key begins with the route's name. */
export const reading = <K extends ReadRoute>(
  name: K,
  ...asked: Asking<K>
): UseQueryOptions<Answer<K>> & { queryKey: readonly unknown[] } => ({
  queryKey: [name, ...asked],
  queryFn: () => call(name, ...asked),
})

/** What a read answers changes with the events of these stages; of all where nothing is said. */
const changesWith: Partial<Record<ReadRoute, readonly string[]>> = {
  project: ['project'],
  alerts: ['project', 'monitoring'],
  ciRuns: ['delivery'],
  clock: ['project'],
  dataset: ['project', 'data'],
  datasetBatch: ['project', 'data'],
  datasetBatches: ['data'],
  datasetVersions: ['data'],
  datasets: ['project', 'data'],
  // Versions never change.
  datasetDiff: [],
  // Data that is pushed makes no event; who looks may ask again.
  featureSpreads: ['project', 'registry', 'serving'],
  featureValues: [],
  featureViews: ['project', 'data', 'features'],
  // A definition that was applied stays as it is; files change without an event, and looking at them costs a process.
  definition: [],
  definitions: ['project', 'delivery'],
  projectFolder: ['project'],
  delivery: ['project', 'delivery', 'serving', 'pipelines'],
  endpoint: ['project', 'serving', 'registry'],
  // Asked on a timer: it changes with what is answered, not with events.
  endpointTraffic: ['serving'],
  endpoints: ['project', 'serving', 'registry'],
  pipelineRuns: ['pipelines', 'registry', 'project'],
  pipelines: ['project'],
  reproductions: ['delivery'],
  run: ['pipelines', 'registry'],
  runRows: ['pipelines', 'registry'],
  experimentFolder: ['training'],
  experiments: ['training'],
  trackedRun: ['training'],
  // What these read makes no event; who looks at a run that goes on asks on a timer.
  trackedFiles: [],
  trackedFilePreview: [],
  // What a run was made from stays as it was; bytes have the name of their content.
  runPipeline: [],
  artifactPreview: [],
  diff: ['pipelines'],
  stepReason: ['pipelines'],
  triggers: ['project', 'lifecycle', 'pipelines', 'data'],
  upgrades: ['delivery'],
  modelVersion: ['registry'],
  modelVersions: ['registry'],
  models: ['project', 'registry'],
  measurements: ['monitoring'],
  monitorPeriod: ['monitoring', 'lifecycle'],
  monitors: ['project', 'monitoring'],
  predictions: [],
  predictors: ['serving'],
  versionLineage: ['registry', 'serving', 'training'],
  // Deliveries make no event: who looks asks on a timer.
  webhook: ['project'],
  webhooks: ['project'],
  // Marks in charts; the timeline has its own feed.
  events: ['serving', 'registry'],
}

/** Hundreds of events a second must not become hundreds of reads. */
const leastMsBetween = 1_000

/** Reads again what events have changed, each at most once a second, and everything after the server was gone. */
export function followEvents(): void {
  const waiting = new Set<string>()
  let last = 0
  let isPlanned = false
  const flush = (): void => {
    isPlanned = false
    last = Date.now()
    const stages = new Set(waiting)
    waiting.clear()
    void queryClient.invalidateQueries({
      predicate: ({ queryKey: [name] }) => {
        // What is no plain reading of a route looks after itself.
        if (!Object.hasOwn(addresses, name as string)) return false
        const relevant = changesWith[name as ReadRoute]
        return relevant === undefined || relevant.some((stage) => stages.has(stage))
      },
    })
  }
  live.onEvents((events) => {
    for (const event of events) waiting.add(event.stage)
    if (isPlanned) return
    isPlanned = true
    setTimeout(flush, Math.max(0, last + leastMsBetween - Date.now()))
  })
  live.onReconnect(() => void queryClient.invalidateQueries())
}
