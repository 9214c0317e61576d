import { useInfiniteQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { call } from '../api.ts'
import { useLive } from '../live.ts'
import { type EventFilter, passes } from './event-filter.ts'

const pageSize = 200

/**
 * Events that pass, newest first: what arrived while one looks, and behind it what the server finds page by page.
 *
 * @param filter stable between renders.
 */
export function useEvents(filter: EventFilter) {
  const { feed } = useLive()
  const past = useInfiniteQuery({
    queryKey: ['pages of events', filter],
    queryFn: ({ pageParam }) =>
      call('events', { query: { limit: pageSize, ...filter, ...(pageParam === null ? {} : { before: pageParam }) } }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ events }) => (events.length < pageSize ? undefined : events.at(-1)!.seq),
    // The past does not change; what is newer comes by itself.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  const events = useMemo(() => {
    const read = past.data?.pages.flatMap((page) => page.events) ?? []
    // Every page names the head that it was read at: what came after the first of them is in the feed.
    const head = past.data?.pages[0]?.head.seq ?? Number.POSITIVE_INFINITY
    return [...feed.events.filter((event) => event.seq > head && passes(event, filter)), ...read]
  }, [past.data, feed, filter])
  const { fetchNextPage } = past
  const readOlder = useCallback(() => void fetchNextPage(), [fetchNextPage])
  return { events, readOlder, past }
}
