import { MillwrightError } from '../../base/errors.ts'
import { driftFrom } from '../../domain/delivery/drift.ts'
import { collectGarbage } from '../../domain/lifecycle/garbage.ts'
import { overviewOf } from '../../domain/lifecycle/overview.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'
import { millwrightVersion } from '../version.ts'

type Names = 'health' | 'project' | 'plan' | 'apply' | 'clock' | 'advanceClock' | 'overview' | 'collectGarbage'

export function projectHandlers(plane: ControlPlane): Handlers<Names> {
  const { projects, clock, data } = plane
  const time = () => ({ mode: clock.mode, now: clock.now() })
  const meantForHere = (environment: string | undefined): void => {
    const here = plane.environment.name
    if (environment === undefined || environment === here) return
    throw new MillwrightError(
      'conflict',
      `this control plane is ${here ? `"${here}"` : 'of no environment'}, not "${environment}"`,
      {
        field: 'environment',
        hint: 'Mend the address of the environment, or start its control plane with `millwright server --environment NAME`.',
      },
    )
  }
  return {
    health: async () => ({
      status: 'ok',
      version: millwrightVersion,
      startedAt: plane.startedAt,
      environment: plane.environment.name,
    }),
    project: async () => {
      const applied = projects.current
      return { applied, brief: applied?.definition.brief ?? null, name: applied?.definition.name ?? null }
    },
    plan: async ({ body: { definition, projectDir, actor, environment }, caller }) => {
      meantForHere(environment)
      const plan = projects.plan(definition)
      plane.environment.of(definition)
      const { manifest } = await plane.packages.look(projectDir, definition, caller.actor(actor))
      const changes = [...plan.changes, ...(await plane.packages.codeChanges(manifest))]
      return { ...plan, changes, drift: await driftFrom(data.metadata, plane.packages, projects.current) }
    },
    apply: async ({ body: { definition, projectDir, environment, ...body }, caller }) =>
      plane.inTurn(async () => {
        const actor = caller.actor(body.actor)
        meantForHere(environment)
        projects.plan(definition)
        plane.environment.of(definition)
        plane.packageDeployments.refuseByHand('applying', projects.current?.definition ?? definition)
        const { hash, manifest } = await plane.packages.snapshot(projectDir, definition, actor)
        const codeChanges = await plane.packages.codeChanges(manifest)
        const request = { projectDir, packageHash: hash, origin: 'folder' as const, codeChanges, actor }
        return { ...(await plane.apply(definition, request)), drift: [] }
      }),
    clock: async () => time(),
    advanceClock: async ({ body }) => {
      await clock.advance(body.to, data.metadata)
      await plane.loop.turn()
      return time()
    },
    overview: async () => ({
      name: projects.current?.definition.name ?? null,
      now: clock.now(),
      mode: clock.mode,
      stages: await overviewOf({
        metadata: data.metadata,
        projects,
        predictors: () => plane.sessions.connected().length,
      }),
    }),
    collectGarbage: async ({ body, caller }) => {
      const served = (await plane.plans.current()).entities.map((entity) => entity.hash)
      return collectGarbage(
        { ...data, projects, predictions: plane.predictions, served },
        { dryRun: body.dryRun, actor: caller.actor(body.actor) },
      )
    },
  }
}
