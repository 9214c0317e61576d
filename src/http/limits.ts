import { MillwrightError } from '../base/errors.ts'

/** How much one client may ask of a process before it is refused or cut off. */
export interface HttpLimits {
  /** How long a client may take to send its headers, and to send or to read anything at all of the rest. */
  patienceMs: number
  /** Connections open at a time. Beyond it the idle ones go, those first that never asked anything. */
  mostConnections: number
}

/** Of the address and all headers of a request together. */
export const mostHeaderBytes = 16 << 10
/** A body that comes more slowly than that within the patience is given up: a kilobyte a second. */
export const leastBytesPerSecond = 1024
/** Of one connection at a time; what is pipelined beyond it waits unread. */
export const mostRequestsOfConnection = 32
/** Tokens that nobody has, from one address within so long; then 429. */
export const mostWrongTokens = 20
export const wrongTokensWithinMs = 60_000
/** Arrays and objects within each other. */
export const mostDepth = 200

/** @throws `invalid-request` for what is no number above 0. */
function numberFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name]
  if (text === undefined || text === '') return otherwise
  const number = Number(text)
  if (Number.isFinite(number) && number > 0) return number
  throw new MillwrightError('invalid-request', `${name} is "${text}", which is no number above 0`, { field: name })
}

/** `MILLWRIGHT_ARTIFACT_MB`, or 100 GB: bytes that one artifact may have. */
export const mostArtifactBytesFrom = (env: NodeJS.ProcessEnv): number =>
  Math.floor(numberFrom(env, 'MILLWRIGHT_ARTIFACT_MB', 100_000) * 1e6)

/** `MILLWRIGHT_HTTP_PATIENCE` (seconds) and `MILLWRIGHT_HTTP_CONNECTIONS`, or what is usual. */
export const limitsFrom = (env: NodeJS.ProcessEnv): HttpLimits => ({
  patienceMs: numberFrom(env, 'MILLWRIGHT_HTTP_PATIENCE', 30) * 1000,
  mostConnections: numberFrom(env, 'MILLWRIGHT_HTTP_CONNECTIONS', 4000),
})
