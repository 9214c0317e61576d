import { QueryClient, type UseQueryOptions } from '@tanstack/react-query'
import { type Answer, ApiError, type ReadRoute, read } from './api.ts'
import { live } from './live.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The server may be this very machine, which answers without a network.
      networkMode: 'always',
      retry: (count, error) => count < 2 && error instanceof ApiError && error.code !== 'unavailable',
      staleTime: 1_000,
    },
  },
})

/** A query that reads one route; its key begins with the route's name. */
export function reading<K extends ReadRoute>(
  name: K,
  query: Parameters<typeof read<K>>[1] = {},
): UseQueryOptions<Answer<K>> & { queryKey: readonly unknown[] } {
  return { queryKey: [name, query], queryFn: () => read(name, query) }
}

/** What a read answers changes with the events of these stages; of all where nothing is said. */
const changesWith: Partial<Record<ReadRoute, readonly string[]>> = {
  project: ['project'],
  ciRuns: ['delivery'],
  clock: ['project'],
  delivery: ['project', 'delivery', 'serving', 'pipelines'],
  endpoints: ['project', 'serving', 'registry'],
  reproductions: ['delivery'],
  monitors: ['project', 'monitoring'],
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
