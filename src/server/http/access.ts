import type { FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { mayActAs, type Principal, type Role } from '../../contract/principal.ts'
import type { Route } from '../../contract/route.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Principals } from '../principals.ts'
import { person } from './actor.ts'

/** Whoever asks, as far as it is known. */
export interface Caller {
  /** Null where nobody has to say who they are, and for those who only read on this machine. */
  readonly principal: Principal | null
  /** Who did it, as events name it: the principal; what the caller states counts only where nobody has to say who they are. */
  actor(stated?: string): string
}

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

const roleFor = (route: Route): Role => route.role ?? (route.method === 'GET' ? 'viewer' : 'developer')

/**
 * Who calls, and whether they may.
 *
 * @throws `unauthorized` without a token that is known, `forbidden` for a role without the right, which is also told as an event.
 */
export async function callerOf(
  request: FastifyRequest,
  name: string,
  route: Route,
  principals: Principals,
  metadata: Metadata,
): Promise<Caller> {
  if (!principals.isAsked) return { principal: null, actor: (stated = 'user') => person(stated) }
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const needed = roleFor(route)
  if (token === undefined) {
    const isRead = route.method === 'GET' && needed === 'viewer' && loopback.has(request.socket.remoteAddress ?? '')
    if (isRead || name === 'health') return { principal: null, actor: () => 'user:unknown' }
    throw new MillwrightError('unauthorized', 'this needs a token', {
      hint: 'Set MILLWRIGHT_TOKEN, or send `Authorization: Bearer …`; `millwright token create` makes one.',
    })
  }
  const principal = principals.ofToken(token)
  if (!principal)
    throw new MillwrightError('unauthorized', 'nobody has this token (any more)', {
      hint: 'Ask for a new one; `millwright token create` makes it.',
    })
  const actor = `user:${principal.name}`
  if (!mayActAs(principal.role, needed)) {
    await metadata.transaction((writer) =>
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
  return { principal, actor: () => actor }
}
