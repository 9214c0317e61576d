import { MillwrightError } from '../../base/errors.ts'
import { mostPackages, ownColumn } from '../../domain/delivery/delivery-column.ts'
import { driftFrom } from '../../domain/delivery/drift.ts'
import { evidenceOf } from '../../domain/delivery/evidence.ts'
import { planViewRollback } from '../../domain/delivery/feature-view-rollback.ts'
import type { DeployAnswer } from '../../domain/delivery/package-deployments.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import { sendBlob } from '../blob-download.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'
import { otherColumns } from '../other-environments.ts'

type Names =
  | 'delivery'
  | 'receivePackage'
  | 'packages'
  | 'package'
  | 'packageFile'
  | 'packageEvidence'
  | 'approvePackage'
  | 'deployPackage'
  | 'rollbackPackage'
  | 'rollbackFeatureView'
  | 'ciRuns'
  | 'checkRepository'

export function deliveryHandlers(plane: ControlPlane): Handlers<Names> {
  const { packages, packageDeployments, environment, projects } = plane
  const { metadata, blobs } = plane.data

  return {
    delivery: async ({ query, caller }) => {
      const inForce = projects.current
      const { resolved } = environment
      const own = await ownColumn(metadata, environment.name, resolved?.address ?? null, inForce)
      const known = await metadata.find('package', {
        where: { origin: 'package' },
        orderBy: { field: 'receivedAt', direction: 'desc' },
        limit: mostPackages,
      })
      const isIn = (id: string): boolean => inForce?.origin === 'package' && inForce.packageHash === id
      return {
        environment: resolved,
        environments: [
          own,
          ...(query.others && inForce ? await otherColumns(inForce.definition, environment.name) : []),
        ],
        packages: await Promise.all(
          known.map(async (record) => ({
            package: record,
            inForce: isIn(record.id),
            // Whoever looks asks for nothing yet; the other environments are asked only when they are shown.
            missing:
              isIn(record.id) || !query.others
                ? []
                : await packageDeployments.missing(await packages.read(record.id), caller.principal ? 'user:' : ''),
          })),
        ),
        drift: await driftFrom(metadata, packages, inForce),
        history: await metadata.find('delivery', { orderBy: { field: 'at', direction: 'desc' }, limit: mostPackages }),
      }
    },
    receivePackage: async ({ query, caller, raw: { request } }) => {
      const { record, isNew } = await packages.receive(request.body as Buffer, caller.actor(query.actor))
      return { package: record, isNew }
    },
    packages: async ({ query }) => ({
      packages: await metadata.find('package', {
        ...(query.snapshots ? {} : { where: { origin: 'package' } }),
        orderBy: { field: 'receivedAt', direction: 'desc' },
        limit: query.limit,
      }),
      inForce: projects.current?.packageHash ?? null,
    }),
    package: async ({ params }) => {
      const record = await packages.record(params.package)
      return {
        package: record,
        manifest: (await packages.read(record.id)).manifest,
        approvals: await metadata.find('approval', { where: { package: record.id } }),
        history: await metadata.find('delivery', { where: { package: record.id }, orderBy: { field: 'at' } }),
      }
    },
    packageFile: async ({ params, raw: { reply } }) => {
      const { blob, id, name } = await packages.record(params.package)
      // The name of a project is a name and no path, but it is somebody else's.
      return sendBlob(reply, blobs, blob, `${name.replace(/[^\w.-]/g, '_')}-${id.slice(0, 12)}.zip`)
    },
    packageEvidence: async ({ params }) => evidenceOf(metadata, environment.name, params.package),
    approvePackage: async ({ params, body, caller }) =>
      packageDeployments.approve(params.package, caller.principal, body.note),
    deployPackage: async ({ params, body, caller }) =>
      plane.inTurn(() =>
        packageDeployments.deploy({
          package: params.package,
          actor: caller.actor(body.actor),
          reason: body.reason,
          dryRun: body.dryRun,
        }),
      ),
    ciRuns: async ({ query: { limit } }) => ({
      runs: await metadata.find('ci_run', { orderBy: { field: 'startedAt', direction: 'desc' }, limit }),
    }),
    checkRepository: async ({ body: { wait } }) => {
      if (!plane.repository)
        throw new MillwrightError('conflict', 'this control plane watches no repository', {
          hint: 'Start it with `millwright server --repository ADDRESS`.',
        })
      const looking = plane.repository.check()
      if (wait) return { runs: await looking }
      // What goes wrong is told by the look of its own that follows.
      looking.catch(() => {})
      return { runs: [] }
    },
    rollbackFeatureView: async ({ params: { view }, body: { dryRun, reason, ...body }, caller, asked }) =>
      plane.inTurn(async () => {
        const plan = async () => {
          const { applied } = projects
          const { definition, to, depends } = await planViewRollback(metadata, applied, view)
          return { applied, definition, answer: { to, changes: projects.plan(definition).changes, depends } }
        }
        if (dryRun) return (await plan()).answer
        return plane.requests.onceAnswered(asked, async (keep) => {
          const { applied, definition, answer } = await plan()
          const { projectDir, packageHash, origin } = applied
          if (packageHash === null) return answer
          const { to } = answer
          const actor = caller.actor(body.actor)
          const also = async (writer: RecordWriter): Promise<void> => {
            await writer.emit({
              type: 'feature-view.rolled-back',
              subject: `feature-view:${view}`,
              actor,
              level: 'warning',
              message: `Feature view ${view} is as it was in definition ${to.slice(0, 12)}: ${reason}`,
              data: { view, to },
            })
            await keep(writer, answer)
          }
          await plane.apply(definition, { projectDir, packageHash, origin, codeChanges: [], actor, also })
          return answer
        })
      }),
    rollbackPackage: async ({ body, caller, asked }) =>
      plane.inTurn(() => {
        const request = {
          actor: caller.actor(body.actor),
          reason: body.reason,
          dryRun: body.dryRun,
          ...(body.package === undefined ? {} : { package: body.package }),
        }
        if (body.dryRun) return packageDeployments.rollBack(request)
        return plane.requests.onceAnswered<DeployAnswer>(asked, async (keep) => {
          const answer = await packageDeployments.rollBack({ ...request, also: keep })
          // It was in force already: a repeat must not put it there again after something else came.
          if (!answer.deployed) await metadata.transaction((writer) => keep(writer, answer))
          return answer
        })
      }),
  }
}
