import type { ErrorBody } from '../contract/errors.ts'
import type { CallOf, ResultOf } from '../contract/route.ts'
import type { RouteName, Routes } from '../contract/routes.ts'

/**
 * Where the routes that the screens read are. The client of `src/sdk` reads this from the route table itself, which brings every
 * schema and zod along; a page needs only the types, so the addresses are said here again and a test holds them to the table.
 */
export const addresses = {
  ciRuns: '/api/ci-runs',
  clock: '/api/clock',
  delivery: '/api/delivery',
  endpoints: '/api/endpoints',
  events: '/api/events',
  measurements: '/api/measurements',
  monitors: '/api/monitors',
  overview: '/api/overview',
  project: '/api/project',
  reproductions: '/api/reproductions',
} as const satisfies Partial<Record<RouteName, string>>
export type ReadRoute = keyof typeof addresses

type Query<K extends ReadRoute> = CallOf<Routes[K]> extends { query?: infer Q } ? Q : never
export type Answer<K extends ReadRoute> = ResultOf<Routes[K]>

/** What went wrong, in the server's words; `unavailable` when nobody answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message)
  }
}

const unreachable = (): ApiError =>
  new ApiError('unavailable', 'The control plane does not answer.', 'Start it with `millwright up`.')

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as ErrorBody
    return new ApiError(error.code, error.message, error.hint ?? null)
  } catch {
    return new ApiError('unavailable', `The control plane answered ${response.status}.`)
  }
}

/**
 * Reads a route of the control plane that serves this page.
 *
 * @throws ApiError
 */
export async function read<K extends ReadRoute>(
  name: K,
  query: Query<K> | Record<never, never> = {},
): Promise<Answer<K>> {
  const given = new URLSearchParams()
  for (const [key, value] of Object.entries(query as object)) if (value !== undefined) given.set(key, String(value))
  const address = given.size > 0 ? `${addresses[name]}?${given}` : addresses[name]
  const response = await fetch(address).catch(() => {
    throw unreachable()
  })
  if (!response.ok) throw await errorOf(response)
  return (await response.json()) as Answer<K>
}
