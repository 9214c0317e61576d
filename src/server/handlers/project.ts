import { join } from 'node:path'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { isRunOver } from '../../contract/states.ts'
import { driftFrom } from '../../domain/delivery/drift.ts'
import { collectGarbage } from '../../domain/lifecycle/garbage.ts'
import { overviewOf } from '../../domain/lifecycle/overview.ts'
import { searchProject } from '../../domain/lifecycle/search.ts'
import { isNamed } from '../../domain/tracking/tracking-garbage.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'
import { loadDefinition } from '../package-project.ts'
import { collectUnpacked } from '../unpacked-garbage.ts'
import { millwrightVersion } from '../version.ts'

type Names =
  | 'health'
  | 'project'
  | 'definitions'
  | 'definition'
  | 'projectFolder'
  | 'plan'
  | 'apply'
  | 'clock'
  | 'advanceClock'
  | 'overview'
  | 'search'
  | 'collectGarbage'

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
  /** What the files of the project's folder would change, were they applied. */
  const lookIntoFolder = async () => {
    const { projectDir } = projects.applied
    try {
      const definition = await loadDefinition(projectDir)
      const plan = projects.plan(definition)
      const { manifest } = await plane.packages.look(projectDir, definition, 'system')
      const changes = [...plan.changes, ...(await plane.packages.codeChanges(manifest))]
      return { projectDir, hash: plan.hash, changes, problem: null }
    } catch (error) {
      return { projectDir, hash: null, changes: [], problem: messageOf(error) }
    }
  }
  /** Several who look at once are told the same: a look costs a process. */
  let looking: ReturnType<typeof lookIntoFolder> | null = null

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
    definitions: async ({ query: { limit } }) => {
      const records = await data.metadata.find('definition', {
        orderBy: { field: 'appliedAt', direction: 'desc' },
        limit,
      })
      return { definitions: records.map(({ definition: _definition, ...record }) => record) }
    },
    definition: async ({ params }) => {
      const record = await data.metadata.get('definition', params.definition)
      if (!record) throw new MillwrightError('not-found', `no definition ${params.definition} was ever in force here`)
      return record
    },
    projectFolder: () => {
      looking ??= lookIntoFolder().finally(() => {
        looking = null
      })
      return looking
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
        now: clock.now(),
      }),
    }),
    search: async ({ query: { text, limit } }) => ({
      found: await searchProject(data.metadata, projects.current?.definition ?? null, text, limit),
    }),
    collectGarbage: async ({ body, caller }) => {
      const { dryRun } = body
      const deleted = {
        before: Date.now() - body.deletedForMs,
        runs: body.trackedRuns,
        models: body.loggedModels,
        experiments: body.experiments,
      }
      if (!dryRun && plane.storageJobs.isRunning)
        throw new MillwrightError('conflict', 'a backup or a verification reads what this would remove', {
          hint: 'Ask again when it has ended: `GET /api/storage/job` says so.',
        })
      const served = (await plane.plans.current()).entities.map((entity) => entity.hash)
      const report = await collectGarbage(
        { ...data, projects, predictions: plane.predictions, tracking: plane.tracking.garbage, served },
        { dryRun, deleted, actor: caller.actor(body.actor) },
      )
      if (isNamed(deleted)) return report
      // In turn: a package that is being put into force is not in force yet.
      const unpacked = await plane.inTurn(async () => {
        const runs = await data.metadata.find('run')
        const running = runs.filter(({ state }) => !isRunOver(state)).map(({ packageHash }) => packageHash)
        const keep = new Set([projects.current?.packageHash, ...running].filter((hash) => typeof hash === 'string'))
        return collectUnpacked(plane.home.packages, [join(plane.home.path, 'ci')], keep, { dryRun })
      })
      return { ...report, items: [...report.items, ...unpacked] }
    },
  }
}
