import { MillwrightError } from '../../base/errors.ts'
import { endpointSchema } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { ModelRunner } from '../../ports/model-runner.ts'
import { registerModelFile } from '../registry/model-file.ts'
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
 * @returns the version, whether it was not there before, and the endpoint where it answers (null when it was not to be deployed).
 * @throws `conflict` when the project defines a model or an endpoint of this name; `model-unreadable`, `model-runner-missing`.
 */
export async function addModelFile(
  request: { model: string; bytes: Uint8Array; actor: string; deploy: boolean },
  services: EntranceServices,
): Promise<{ version: ModelVersionRecord; isNew: boolean; endpoint: string | null }> {
  const { model, bytes, actor, deploy } = request
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
  const version = await registerModelFile({ model, bytes, actor, previous: known?.serving ?? null }, services)
  const isNew = version.number > before
  if (!deploy) return { version, isNew, endpoint: null }
  if (!known) {
    const endpoint = endpointSchema.parse({
      name: model,
      model,
      rollout: { steps: [1], holdMs: 0, minAnswers: 0 },
    })
    await metadata.transaction((writer) => deployments.define(writer, endpoint, actor))
  }
  if (known?.serving !== version.id) await deployments.start(model, version.id, actor, 'a model file was added')
  return { version, isNew, endpoint: model }
}
