import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type Answer, type ApiError, call } from '../api.ts'
import { live } from '../live.ts'

/** Runs that are read again as soon as one begins or ends; of more, now and then. */
const few = 5_000
const pauseMs = (found: number): number => (found < few ? 1_000 : 10_000)

interface Asked {
  experiments: string
  filter: string
  order: string
  lifecycle: 'active' | 'deleted' | 'all'
}

/** Ids of the runs that a filter finds, in order; read again when runs begin and end. */
export function useFoundRuns(asked: Asked): {
  data: Answer<'trackedRuns'> | undefined
  error: ApiError | null
  isOld: boolean
  retry: () => void
} {
  const queries = useQueryClient()
  const name = 'found runs'
  const { data, error, refetch, isPlaceholderData } = useQuery<Answer<'trackedRuns'>, ApiError>({
    queryKey: [name, asked],
    queryFn: () => call('trackedRuns', { query: asked }),
    placeholderData: (before) => before,
    structuralSharing: false,
  })
  const found = data?.runs.length ?? 0
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    const end = live.onEvents((events) => {
      if (timer !== null || !events.some(({ subject }) => /^(tracked-run|experiment):/.test(subject))) return
      timer = setTimeout(() => {
        timer = null
        void queries.invalidateQueries({ queryKey: [name] })
      }, pauseMs(found))
    })
    return () => {
      end()
      if (timer !== null) clearTimeout(timer)
    }
  }, [queries, found])
  return { data, error, isOld: isPlaceholderData, retry: () => void refetch() }
}
