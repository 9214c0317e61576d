import type { Answer } from '../api.ts'

/**
 * The project's time from which an endpoint serves its version: the end of the rollout that brought it, or of the rollback that returned to it.
 *
 * @returns null when nothing serves, or when it began before the deployments that are told.
 */
export function servesSince({ endpoint, deployments }: Answer<'endpoints'>['endpoints'][number]): number | null {
  const brought = deployments.find(({ version, state }) => version === endpoint.serving && state === 'serving')
  if (brought) return brought.endedAt
  // A canary that was rolled back took nothing from it: only what had all the traffic did.
  const returns = deployments.filter(
    ({ previous, state, share }) => state === 'rolled-back' && previous === endpoint.serving && share >= 1,
  )
  return returns.reduce<number | null>((latest, { endedAt }) => Math.max(latest ?? 0, endedAt ?? 0), null)
}
