import { useQuery } from '@tanstack/react-query'
import { call } from '../api.ts'
import type { RunColumnKind } from './run-columns.ts'

type Kind = Exclude<RunColumnKind, 'attribute'>
const none: readonly string[] = []
const isOwn = (name: string): boolean => !name.startsWith('mlflow.')

/** Ids, separated by commas. */
export type NamesOf = { experiments: string } | { runs: string }

/** Names that runs have, the most common first; tags of the client itself are left out. */
export function useNames(
  of: NamesOf,
  kind: Kind,
  { text = '', enabled = true }: { text?: string; enabled?: boolean } = {},
): { names: readonly string[]; isWhole: boolean; isRead: boolean } {
  const { data } = useQuery({
    queryKey: ['names of runs', of, kind, text],
    queryFn: async () => {
      const { names, isWhole } = await call('trackedNames', { query: { ...of, kind, text, limit: 2000 } })
      return { names: kind === 'tag' ? names.filter(isOwn) : names, isWhole }
    },
    enabled,
    staleTime: 30_000,
    placeholderData: (before) => before,
  })
  return { names: data?.names ?? none, isWhole: data?.isWhole ?? true, isRead: data !== undefined }
}
