import type { FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { mayActAs, type Principal, roles } from '../../contract/principal.ts'
import type { ControlPlane } from '../control-plane.ts'
import { cookieOf } from '../http/access.ts'
import type { Handlers } from '../http/handlers.ts'

export function sessionHandlers(plane: ControlPlane): Handlers<'session' | 'signIn' | 'signOut'> {
  const { principals, screenSessions: sessions, wrongTokens } = plane
  const { metadata } = plane.data

  /** For this address alone, out of the reach of scripts, and never sent along from the pages of others. */
  const cookie = (request: FastifyRequest, value: string, seconds: number): string =>
    `${sessions.cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${request.protocol === 'https' ? '; Secure' : ''}`

  const tell = (type: 'session.opened' | 'session.closed', { name, role }: Principal): Promise<void> =>
    metadata.transaction(async (writer) => {
      await writer.emit({
        type,
        subject: `principal:${name}`,
        actor: `user:${name}`,
        message: `${name} signed ${type === 'session.opened' ? 'in to' : 'out of'} the screens`,
        data: { role },
      })
    })

  return {
    session: async ({ caller: { principal } }) => {
      const asked = principals.isAsked
      const role = principal?.role ?? (asked ? null : 'admin')
      return {
        asked,
        principal: principal && { name: principal.name, role: principal.role },
        may: roles.filter((each) => role !== null && mayActAs(role, each)),
      }
    },
    signIn: async ({ body: { token }, raw: { request, reply } }) => {
      const principal = principals.ofToken(token)
      // Programs that are started with the control plane are nobody who sits before a screen.
      if (!principal || !principals.named(principal.name))
        throw wrongTokens.refusal(
          request,
          new MillwrightError('unauthorized', 'nobody has this token', {
            field: 'token',
            hint: 'On the machine of the control plane, `millwright token create NAME --role ROLE` makes one.',
          }),
        )
      await tell('session.opened', principal)
      reply.header('set-cookie', cookie(request, sessions.begin(principal), sessions.lastsSeconds))
      return { name: principal.name, role: principal.role }
    },
    signOut: async ({ raw: { request, reply } }) => {
      const session = cookieOf(request, sessions.cookie)
      const principal = session === undefined ? null : sessions.of(session)
      if (session !== undefined) sessions.end(session)
      if (principal) await tell('session.closed', principal)
      reply.header('set-cookie', cookie(request, '', 0))
      return { ended: session !== undefined }
    },
  }
}
