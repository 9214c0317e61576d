import type { FastifyInstance, FastifyRequest } from 'fastify'
import { resetTracking } from '../domain/lifecycle/tracking-reset.ts'
import type { ControlPlane } from './control-plane.ts'
import { type Access, type Caller, callerOf } from './http/access.ts'

/** Opens `POST /api/test-reset` for suites that want a fresh server for each test. Without the option at this start there is no such route. */
export function serveTestReset(app: FastifyInstance, { data, tracking }: ControlPlane, access: Access): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  app.post(
    '/api/test-reset',
    {
      onRequest: async (request) => {
        callers.set(request, await callerOf(request, 'testReset', { method: 'POST', role: 'admin' }, access))
      },
    },
    async (request) => {
      await resetTracking(data, callers.get(request)!.actor())
      tracking.pipelineRuns.forget()
      return {}
    },
  )
}
