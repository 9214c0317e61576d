import type { FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { mayActAs, type Principal, type Role } from '../../contract/principal.ts'
import type { Route } from '../../contract/route.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Principals } from '../principals.ts'
import type { ScreenSessions } from '../screen-sessions.ts'
import { isStepToken, type StepCaller, type StepTokens } from '../step-tokens.ts'
import { person } from './actor.ts'
import type { WrongTokens } from './wrong-tokens.ts'

/** Whoever asks, as far as it is known. */
export interface Caller {
  /** Null where nobody has to say who they are, and for those who only read on this machine. */
  readonly principal: Principal | null
  /** The program of a step, which reads, and writes where a route looks whether it is its own; null for anybody else. */
  readonly step: StepCaller | null
  /** Who did it, as events name it: the principal; what the caller states counts only where nobody has to say who they are. */
  actor(stated?: string): string
}

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

/** A proxy on this machine brings those of others. */
const isOfThisMachine = ({ socket, headers }: FastifyRequest): boolean =>
  loopback.has(socket.remoteAddress ?? '') &&
  !('x-forwarded-for' in headers || 'forwarded' in headers || 'x-real-ip' in headers || 'via' in headers)

/** What of a route says who may call it. */
type Guarded = Pick<Route, 'method' | 'role' | 'open'> & {
  /** What it writes is looked at when it is known: programs of steps may ask it. */
  forSteps?: boolean
}

const roleFor = (route: Guarded): Role => route.role ?? (route.method === 'GET' ? 'viewer' : 'developer')

/** What decides who may do what. */
export interface Access {
  readonly principals: Principals
  readonly sessions: ScreenSessions
  readonly metadata: Metadata
  readonly wrongTokens: WrongTokens
  readonly stepTokens: StepTokens
}

/** What a cookie of the request holds. */
export function cookieOf(request: FastifyRequest, name: string): string | undefined {
  const pairs = request.headers.cookie?.split(';') ?? []
  for (const pair of pairs) if (pair.trim().startsWith(`${name}=`)) return pair.trim().slice(name.length + 1)
  return undefined
}

/** Clients that know only names and passwords give the token as the password. */
function tokenOf(authorization: string): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) (\S+)$/i.exec(authorization) ?? []
  if (scheme?.toLowerCase() !== 'basic') return value
  return Buffer.from(value!, 'base64')
    .toString()
    .replace(/^[^:]*:/, '')
}

/** The program of a step that asks; null for anybody else. @throws `unauthorized` when the step is over */
function stepOf({ headers }: FastifyRequest, { stepTokens }: Access): StepCaller | null {
  const token = tokenOf(headers.authorization ?? '')
  if (token === undefined || !isStepToken(token)) return null
  const known = stepTokens.of(token)
  if (known) return known
  throw new MillwrightError('unauthorized', 'the step that this token was for is over', {
    hint: 'Each attempt at a step has a token of its own.',
  })
}

/** Who a token or a session says it is; null where the request says nothing. */
function principalOf(request: FastifyRequest, { principals, sessions, wrongTokens }: Access): Principal | null {
  const token = tokenOf(request.headers.authorization ?? '')
  if (token !== undefined) {
    const known = principals.ofToken(token)
    if (known) return known
    const refused = new MillwrightError('unauthorized', 'nobody has this token (any more)', {
      hint: 'Ask for a new one; `millwright token create` makes it.',
    })
    throw wrongTokens.refusal(request, refused)
  }
  const session = cookieOf(request, sessions.cookie)
  return session === undefined ? null : sessions.of(session)
}

/**
 * Who calls, and whether they may.
 *
 * @throws `unauthorized` without a token or session that is known, `too-many-attempts` after many wrong tokens, `forbidden` for a role without the right, which is also told as an event.
 */
export async function callerOf(request: FastifyRequest, name: string, route: Guarded, access: Access): Promise<Caller> {
  const step = stepOf(request, access)
  const needed = roleFor(route)
  if (step) {
    if (needed !== 'viewer' && !route.forSteps && !route.open)
      throw new MillwrightError('forbidden', `the token of a step is not for ${name}`, {
        hint: 'It reads, and writes the run of its step.',
      })
    return { principal: null, step, actor: () => `step:${step.execution}` }
  }
  if (!access.principals.isAsked) return { principal: null, step, actor: (stated = 'user') => person(stated) }
  const principal = principalOf(request, access)
  if (!principal) {
    const isRead = route.method === 'GET' && needed === 'viewer' && isOfThisMachine(request)
    if (isRead || route.open) return { principal: null, step, actor: () => 'user:unknown' }
    throw new MillwrightError('unauthorized', 'this needs a token', {
      hint: 'Set MILLWRIGHT_TOKEN, or send `Authorization: Bearer …`; `millwright token create` makes one. In a browser, sign in.',
    })
  }
  const actor = `user:${principal.name}`
  if (!route.open && !mayActAs(principal.role, needed)) {
    await access.metadata.transaction((writer) =>
      writer.emit({
        type: 'access.refused',
        subject: `principal:${principal.name}`,
        actor,
        level: 'warning',
        message: `${principal.name} is ${principal.role} and was refused ${name}, which needs ${needed}`,
        data: { route: name, role: principal.role, needed },
      }),
    )
    throw new MillwrightError('forbidden', `${name} needs the role ${needed}; ${principal.name} is ${principal.role}`, {
      hint: 'Ask somebody who has the role.',
    })
  }
  return { principal, step, actor: () => actor }
}
