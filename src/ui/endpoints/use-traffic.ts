import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { reading } from '../queries.ts'

export type Traffic = Answer<'endpointTraffic'>

/** What an endpoint answered lately; asked again as its logs arrive, while somebody looks. */
export const useTraffic = (endpoint: string) =>
  useQuery({ ...reading('endpointTraffic', { params: { endpoint } }), refetchInterval: 5_000 })

/** Answers a second over the last minute, of all versions that people were answered by; null before the first bucket is over. */
export function rateOf({ versions, times }: Traffic): number | null {
  const last = Math.min(6, times.length)
  if (last === 0) return null
  const answering = versions.filter(({ role }) => role === 'primary' || role === 'canary')
  return answering.reduce((sum, { perSecond }) => sum + perSecond.slice(-last).reduce((a, b) => a + b, 0) / last, 0)
}
