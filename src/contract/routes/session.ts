import * as z from 'zod'
import { roles } from '../principal.ts'
import { route } from '../route.ts'

const signedIn = z.object({ name: z.string(), role: z.enum(roles) })

/** Who sits before the screens. Programs send their token with every request and need none of this. */
export const sessionRoutes = {
  session: route({
    method: 'GET',
    open: true,
    path: '/api/session',
    group: 'project',
    summary: 'Whether people have to say who they are, and who asks',
    response: z.object({
      /** Whether this control plane asks everybody for a token. */
      asked: z.boolean(),
      /** Null for nobody known. */
      principal: signedIn.nullable(),
      /** Roles whose rights whoever asks has. */
      may: z.array(z.enum(roles)),
    }),
  }),
  signIn: route({
    method: 'POST',
    open: true,
    path: '/api/session',
    group: 'project',
    summary: 'Exchange a token for a session of this browser, kept in a cookie that no script can read',
    body: z.object({ token: z.string().max(200).default('') }),
    response: signedIn,
  }),
  signOut: route({
    method: 'DELETE',
    repeatable: true,
    role: 'viewer',
    path: '/api/session',
    group: 'project',
    summary: 'End the session of this browser',
    response: z.object({ ended: z.boolean() }),
  }),
}
