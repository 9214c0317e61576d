import { MillwrightError } from '../base/errors.ts'
import type { ErrorBody } from '../contract/errors.ts'
import type { CallOf, ResultOf, Route } from '../contract/route.ts'
import { type RouteName, type Routes, routes } from '../contract/routes.ts'

/** Of a route that says so: the same key again changes nothing more. Without it the client makes one for each call. */
interface Keyed {
  idempotencyKey?: string
}
/** Arguments of a call: none where the route takes none. */
type Args<K extends RouteName> =
  Record<never, never> extends CallOf<Routes[K]>
    ? [call?: CallOf<Routes[K]> & Keyed]
    : [call: CallOf<Routes[K]> & Keyed]
type Result<K extends RouteName> = unknown extends ResultOf<Routes[K]> ? Response : ResultOf<Routes[K]>

/** One method for each route of the control plane, by its name. A route that streams gives the `Response` itself. */
export type Client = { readonly [K in RouteName]: (...args: Args<K>) => Promise<Result<K>> }

export interface ClientOptions {
  token?: string
  fetch?: typeof fetch
}

/** For routes that take bytes: `body` is then the bytes themselves. */
interface AnyCall extends Keyed {
  params?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
  signal?: AbortSignal
}

/** In a browser, too, where the page may have come without TLS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function pathOf(route: Route, call: AnyCall): string {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(call.params?.[name])))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

async function errorOf(response: Response): Promise<MillwrightError> {
  const text = await response.text()
  try {
    const { error } = JSON.parse(text) as ErrorBody
    const { field, hint } = error
    return new MillwrightError(error.code, error.message, { ...(field ? { field } : {}), ...(hint ? { hint } : {}) })
  } catch {
    return new MillwrightError('unavailable', `the server answered ${response.status}: ${text.slice(0, 200)}`)
  }
}

/**
 * A typed client of a control plane.
 *
 * @param address such as `http://127.0.0.1:4300`
 * @throws MillwrightError (from its methods) with the server's code, field and hint; `unavailable` when nobody answers.
 */
export function createClient(address: string, options: ClientOptions = {}): Client {
  const send = options.fetch ?? fetch
  const call = async (route: Route, given: AnyCall = {}): Promise<unknown> => {
    const headers: Record<string, string> = {}
    if (options.token) headers.authorization = `Bearer ${options.token}`
    if (route.keyed) headers['idempotency-key'] = given.idempotencyKey ?? randomKey()
    let body: string | Uint8Array | undefined
    if (route.takes === 'bytes') {
      headers['content-type'] = 'application/octet-stream'
      body = given.body as Uint8Array
    } else if (given.body !== undefined || (route.method !== 'GET' && route.method !== 'DELETE')) {
      headers['content-type'] = 'application/json'
      body = JSON.stringify(given.body ?? {})
    }
    const once = (): Promise<Response> =>
      send(new URL(pathOf(route, given), address), {
        method: route.method,
        headers,
        ...(body === undefined ? {} : { body: body as string }),
        ...(given.signal ? { signal: given.signal } : {}),
      })
    let response: Response
    try {
      const mayRepeat = route.method === 'GET' || route.repeatable === true || route.keyed === true
      // A connection that was kept open may be closed by the server in the moment it is used again.
      response = await once().catch((error) => {
        if (!mayRepeat || given.signal?.aborted) throw error
        return once()
      })
    } catch (cause) {
      throw new MillwrightError('unavailable', `no control plane answers at ${address}`, {
        cause,
        hint: 'Start one with `millwright up`.',
      })
    }
    if (!response.ok) throw await errorOf(response)
    return route.response ? response.json() : response
  }
  const client: Record<string, (given?: AnyCall) => Promise<unknown>> = {}
  for (const [name, route] of Object.entries(routes)) client[name] = (given) => call(route as Route, given)
  return client as unknown as Client
}
