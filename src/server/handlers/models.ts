import { MillwrightError } from '../../base/errors.ts'
import type { DeploymentRecord, EndpointRecord } from '../../contract/serving.ts'
import { versionGraph } from '../../domain/governance/version-graph.ts'
import { addModelFile, endpointFor } from '../../domain/lifecycle/model-entrance.ts'
import { deployDependents } from '../../domain/serving/deploy-dependents.ts'
import { rollbackDependents } from '../../domain/serving/rollback-dependents.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'
import { askEndpoint } from '../try-endpoint.ts'

type Names =
  | 'models'
  | 'modelVersions'
  | 'modelVersion'
  | 'versionLineage'
  | 'addModelFile'
  | 'setAlias'
  | 'removeAlias'
  | 'endpoints'
  | 'endpoint'
  | 'endpointTraffic'
  | 'tryEndpoint'
  | 'deploy'
  | 'rollback'

/** New versions are compared with what the alias production names; it follows what serves. @throws `conflict` where packages alone move it */
export function checkAliasMove({ packageDeployments }: ControlPlane, alias: string): void {
  if (alias === 'production') packageDeployments.refuseByHand('moving the alias production')
}

export function modelHandlers(plane: ControlPlane): Handlers<Names> {
  const { projects, registry, deployments, packageDeployments } = plane
  const { metadata, blobs } = plane.data

  const endpointState = async (
    endpoint: EndpointRecord,
  ): Promise<{ endpoint: EndpointRecord; deployments: DeploymentRecord[] }> => ({
    endpoint,
    deployments: await metadata.find('deployment', {
      where: { endpoint: endpoint.id },
      orderBy: { field: 'startedAt', direction: 'desc' },
      limit: 20,
    }),
  })
  const endpointNamed = async (name: string): Promise<EndpointRecord> => {
    const endpoint = await metadata.get('endpoint', name)
    if (!endpoint) throw new MillwrightError('not-found', `there is no endpoint "${name}"`)
    return endpoint
  }

  const deploymentNamed = async (id: string): Promise<DeploymentRecord> => {
    const deployment = await metadata.get('deployment', id)
    if (!deployment) throw new MillwrightError('not-found', `there is no deployment "${id}"`)
    return deployment
  }

  return {
    models: async () => {
      const aliases = await metadata.find('alias')
      const definition = projects.current?.definition
      const names = new Map((definition?.models ?? []).map(({ name }) => [name, name]))
      for (const { key, name } of await metadata.registry.models()) names.set(key, name)
      // By number within each.
      const latest = await metadata.registry.latest([...names.keys()])
      const newest = new Map(latest.map(({ record }) => [record.model, record]))
      return {
        models: await Promise.all(
          [...names]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(async ([model, name]) => {
              const defined = definition?.models.find((each) => each.name === model)
              return {
                model,
                name,
                brief: defined?.brief ?? (defined && definition?.brief) ?? null,
                isDefined: defined !== undefined,
                versions: await metadata.count('model_version', { model }),
                newest: newest.get(model) ?? null,
                aliases: aliases.filter((alias) => alias.model === model),
              }
            }),
        ),
      }
    },
    modelVersions: async ({ params: { model }, query: { before, limit } }) => ({
      versions: (await metadata.registry.newestVersions(model, { before, limit })).map(({ record }) => record),
      total: await metadata.count('model_version', { model }),
      aliases: await metadata.find('alias', { where: { model } }),
    }),
    modelVersion: async ({ params }) => {
      const version = await registry.resolve(params.model, params.version)
      return { version, card: version.cardHash ? new TextDecoder().decode(await blobs.get(version.cardHash)) : null }
    },
    versionLineage: async ({ params }) => versionGraph(metadata, await registry.resolve(params.model, params.version)),
    addModelFile: async ({ params: { model }, query, caller, raw: { request } }) => {
      packageDeployments.refuseByHand('adding a model file')
      const added = await addModelFile(
        { model, bytes: request.body as Buffer, actor: caller.actor(query.actor), deploy: query.deploy },
        { metadata, blobs, runner: plane.modelRunner, registry, deployments, projects },
      )
      if (added.endpoint !== null) await plane.plans.untilServed()
      return added
    },
    setAlias: async ({ params, body, caller }) => {
      checkAliasMove(plane, params.alias)
      return registry.setAlias(params.model, params.alias, body.version, caller.actor(body.actor), body.reason)
    },
    removeAlias: async ({ params: { model, alias }, body, caller }) => {
      checkAliasMove(plane, alias)
      return { removed: await registry.removeAlias(model, alias, caller.actor(body.actor), body.reason) }
    },
    endpoints: async () => ({ endpoints: await Promise.all((await metadata.find('endpoint')).map(endpointState)) }),
    endpoint: async ({ params }) => endpointState(await endpointNamed(params.endpoint)),
    endpointTraffic: async ({ params }) => {
      const endpoint = await endpointNamed(params.endpoint)
      return { ...plane.traffic.of(endpoint.id), rollout: await plane.rollouts.standing(endpoint) }
    },
    tryEndpoint: async ({ params, body }) => {
      const { id } = await endpointNamed(params.endpoint)
      return askEndpoint(plane, id, body.request, body.version ?? null)
    },
    deploy: async ({ params, body, caller, asked }) => {
      const by = caller.actor(body.actor)
      const known = await metadata.get('endpoint', params.endpoint)
      const model = known?.definition.model ?? body.model ?? params.endpoint
      // A version that is not there must not leave an endpoint behind.
      const version = await registry.resolve(model, body.version)
      if (!body.dryRun) await endpointFor(params.endpoint, model, by, { metadata, deployments, projects })
      const plan = async () => {
        await packageDeployments.refuseForeignVersion(version)
        const planned = await deployments.planned(metadata, params.endpoint, version.id, by, body.reason)
        return { planned, depends: await deployDependents(metadata, planned, projects.current) }
      }
      if (body.dryRun) {
        const { planned, depends } = await plan()
        return { ...planned.deployment, depends, preflight: await plane.preflight.judge(planned.endpoint, version) }
      }
      let depends: string[] = []
      const { deployment = '' } = await plane.requests.once(asked, async (keep) => {
        depends = (await plan()).depends
        const { id } = await deployments.start(params.endpoint, version.id, by, body.reason, keep)
        return { deployment: id }
      })
      const begun = await deploymentNamed(deployment)
      // Who deploys and then asks is answered by it.
      if (begun.state === 'serving') await plane.plans.untilServed()
      return { ...begun, depends, preflight: [] }
    },
    rollback: async ({ params: { endpoint }, body: { version, dryRun, reason, actor }, caller, asked }) => {
      const started = performance.now()
      const to =
        version === undefined
          ? {}
          : { to: (await registry.resolve((await endpointNamed(endpoint)).definition.model, version)).id }
      const plan = async () => {
        const way = await deployments.wayBack(metadata, endpoint, to.to)
        return { way, depends: await rollbackDependents(metadata, way, projects.current) }
      }
      if (dryRun) {
        const { way, depends } = await plan()
        return { deployment: way.last, serving: way.to, depends, tookMs: 0 }
      }
      let depends: string[] = []
      const { deployment = '', serving = '' } = await plane.requests.once(asked, async (keep) => {
        depends = (await plan()).depends
        const back = await deployments.rollBack(endpoint, caller.actor(actor), reason, { ...to, also: keep })
        return { deployment: back.deployment.id, serving: back.serving }
      })
      await plane.plans.untilServed()
      const tookMs = Math.round(performance.now() - started)
      return { deployment: await deploymentNamed(deployment), serving, depends, tookMs }
    },
  }
}
