import { MillwrightError } from '../../base/errors.ts'
import type { DeploymentRecord, EndpointRecord } from '../../contract/serving.ts'
import { addModelFile } from '../../domain/lifecycle/model-entrance.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names =
  | 'models'
  | 'modelVersions'
  | 'modelVersion'
  | 'addModelFile'
  | 'setAlias'
  | 'endpoints'
  | 'endpoint'
  | 'deploy'
  | 'rollback'

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

  return {
    models: async () => {
      const aliases = await metadata.find('alias')
      const definition = projects.current?.definition
      const names = new Set([
        ...(definition?.models ?? []).map((model) => model.name),
        ...(await metadata.find('model_version')).map((version) => version.model),
      ])
      return {
        models: await Promise.all(
          [...names].sort().map(async (model) => ({
            model,
            brief: definition?.models.find((each) => each.name === model)?.brief ?? definition?.brief ?? null,
            versions: await metadata.count('model_version', { model }),
            newest:
              (
                await metadata.find('model_version', {
                  where: { model },
                  orderBy: { field: 'number', direction: 'desc' },
                  limit: 1,
                })
              )[0] ?? null,
            aliases: aliases.filter((alias) => alias.model === model),
          })),
        ),
      }
    },
    modelVersions: async ({ params: { model } }) => ({
      versions: await metadata.find('model_version', {
        where: { model },
        orderBy: { field: 'number', direction: 'desc' },
      }),
      aliases: await metadata.find('alias', { where: { model } }),
    }),
    modelVersion: async ({ params }) => {
      const version = await registry.resolve(params.model, params.version)
      return { version, card: version.cardHash ? new TextDecoder().decode(await blobs.get(version.cardHash)) : null }
    },
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
      // New versions are compared with what this alias names; it follows what serves.
      if (params.alias === 'production') packageDeployments.refuseByHand('moving the alias production')
      return registry.setAlias(params.model, params.alias, body.version, caller.actor(body.actor))
    },
    endpoints: async () => ({ endpoints: await Promise.all((await metadata.find('endpoint')).map(endpointState)) }),
    endpoint: async ({ params }) => endpointState(await endpointNamed(params.endpoint)),
    deploy: async ({ params, body, caller }) => {
      const { definition } = await endpointNamed(params.endpoint)
      const version = await registry.resolve(definition.model, body.version)
      await packageDeployments.refuseForeignVersion(version)
      return deployments.start(params.endpoint, version.id, caller.actor(body.actor), body.reason)
    },
    rollback: async ({ params, body, caller }) => {
      const started = performance.now()
      const { deployment, serving } = await deployments.rollBack(params.endpoint, caller.actor(body.actor), body.reason)
      await plane.plans.untilServed()
      return { deployment, serving, tookMs: Math.round(performance.now() - started) }
    },
  }
}
