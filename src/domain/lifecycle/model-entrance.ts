import { MillwrightError } from '../../base/errors.ts'
import { endpointSchema } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { EndpointRecord } from '../../contract/serving.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { ModelRunner } from '../../ports/model-runner.ts'
import { type ModelFile, registerModelFile } from '../registry/model-file.ts'
import type { ModelVersions } from '../registry/model-versions.ts'
import type { Deployments } from '../serving/deployments.ts'
import type { Projects } from './project.ts'

export interface EntranceServices {
  metadata: Metadata
  blobs: Blobs
  runner: ModelRunner
  registry: ModelVersions
  deployments: Deployments
  projects: Projects
}

/**
 * The small entrance: a model file alone becomes a version, gets an endpoint of its own name unless there is one, and answers there. The same file again
 * changes nothing.
 *
 * @returns the version, whether it was not there before, and the endpoint where it answers (null when it was not to be deployed, or was refused).
 * @throws `conflict` when the project defines a model or an endpoint of this name; `model-unreadable`, `model-runner-missing`.
 */
export async function addModelFile(
  request: Pick<ModelFile, 'model' | 'bytes' | 'actor' | 'judged'> & { deploy: boolean },
  services: EntranceServices,
): Promise<{ version: ModelVersionRecord; isNew: boolean; endpoint: string | null }> {
  const { deploy, ...file } = request
  const { model, actor } = file
  const { metadata, deployments, projects } = services
  const definition = projects.current?.definition
  const known = await metadata.get('endpoint', model)
  const isDefined = [...(definition?.models ?? []), ...(definition?.endpoints ?? [])].some(({ name }) => name === model)
  if (isDefined || (known && known.definition.model !== model)) {
    throw new MillwrightError('conflict', `"${model}" is a model or an endpoint of the project`, {
      field: 'model',
      hint: 'Give the file a name of its own with --name.',
    })
  }
  const before = await metadata.count('model_version', { model })
  const version = await registerModelFile({ ...file, previous: known?.serving ?? null }, services)
  const isNew = version.number > before
  if (!deploy || version.state === 'refused') return { version, isNew, endpoint: null }
  if (!known) await addEndpoint(model, model, actor, services)
  if (known?.serving !== version.id) await deployments.start(model, version.id, actor, 'a model file was added')
  return { version, isNew, endpoint: model }
}

/** An endpoint without a project: whatever is deployed there takes all of its traffic at once. */
async function addEndpoint(
  name: string,
  model: string,
  actor: string,
  { metadata, deployments }: Pick<EntranceServices, 'metadata' | 'deployments'>,
): Promise<EndpointRecord> {
  const endpoint = endpointSchema.parse({ name, model, rollout: { steps: [1], holdMs: 0, minAnswers: 0 } })
  await metadata.transaction((writer) => deployments.define(writer, endpoint, actor))
  return (await metadata.get('endpoint', name))!
}

/**
 * The endpoint of that name. A model that no project defines gets one at its first deployment.
 *
 * @param model of an endpoint that is not there yet.
 * @throws `not-found`; `conflict` when the project defines the model, which says itself where it answers.
 */
export async function endpointFor(
  name: string,
  model: string,
  actor: string,
  services: Pick<EntranceServices, 'metadata' | 'deployments' | 'projects'>,
): Promise<EndpointRecord> {
  const known = await services.metadata.get('endpoint', name)
  if (known) return known
  if ((await services.metadata.count('model_version', { model })) === 0)
    throw new MillwrightError('not-found', `there is no endpoint "${name}", and no model "${model}" for a new one`, {
      field: 'endpoint',
    })
  if (services.projects.current?.definition.models.some((each) => each.name === model))
    throw new MillwrightError('conflict', `"${model}" is a model of the project, which says where it answers`, {
      field: 'endpoint',
      hint: 'Add an endpoint to the definition and apply it.',
    })
  return addEndpoint(name, model, actor, services)
}
