import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { ExperimentRow } from '../../contract/tracking-view.ts'
import { type Answer, type ApiError, call } from '../api.ts'

export type Folder = Answer<'experimentFolder'>['folders'][number]
export type Entry = ({ kind: 'folder' } & Folder) | ({ kind: 'experiment' } & ExperimentRow)

export interface Entries {
  entries: Entry[] | undefined
  error: ApiError | null
  isWhole: boolean
  isReading: boolean
  more: () => void
  retry: () => void
}

const experimentEntry = (row: ExperimentRow): Entry => ({ kind: 'experiment', ...row })

/** What lies directly in a folder, by name, so many pages of it as were asked for. */
export function useFolder(folder: string, isEnabled: boolean): Entries {
  const query = useInfiniteQuery({
    queryKey: ['experimentFolder', folder],
    queryFn: ({ pageParam }) =>
      call('experimentFolder', { query: { folder, ...(pageParam === '' ? {} : { after: pageParam }) } }),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    enabled: isEnabled,
  })
  const entries = useMemo(
    () =>
      query.data && [
        ...query.data.pages.flatMap(({ folders }) => folders.map((each): Entry => ({ kind: 'folder', ...each }))),
        ...query.data.pages.flatMap(({ experiments }) => experiments.map(experimentEntry)),
      ],
    [query.data],
  )
  return entriesOf(query, entries)
}

/** All in a folder and below, the newest first, so many pages of it as were asked for. @param text a part of their names */
export function useExperiments(
  asked: { folder: string; lifecycle: 'active' | 'deleted' | 'all'; text: string },
  isEnabled: boolean,
): Entries {
  const query = useInfiniteQuery({
    queryKey: ['experiments', asked],
    queryFn: ({ pageParam }) =>
      call('experiments', { query: { ...asked, ...(pageParam === '' ? {} : { before: pageParam }) } }),
    initialPageParam: '',
    getNextPageParam: ({ isWhole, experiments }) => (isWhole ? null : experiments.at(-1)?.id),
    enabled: isEnabled,
  })
  const entries = useMemo(
    () => query.data?.pages.flatMap(({ experiments }) => experiments.map(experimentEntry)),
    [query.data],
  )
  return entriesOf(query, entries)
}

function entriesOf(
  query: Pick<
    ReturnType<typeof useInfiniteQuery>,
    'error' | 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage' | 'refetch'
  >,
  entries: Entry[] | undefined,
): Entries {
  return {
    entries,
    error: query.error as ApiError | null,
    isWhole: !query.hasNextPage,
    isReading: query.isFetchingNextPage,
    more: () => void query.fetchNextPage(),
    retry: () => void query.refetch(),
  }
}
