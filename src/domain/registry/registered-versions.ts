import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { ModelVersionRecord, Signature } from '../../contract/model.ts'
import {
  promptTag,
  type RegisteredModel,
  type RegistryTag,
  registryLimits,
  type VersionStage,
  versionStages,
} from '../../contract/registry.ts'
import type { Blobs } from '../../ports/blobs.ts'
import { type Metadata, noNote, type RecordReader, type RecordWriter } from '../../ports/metadata.ts'
import type { NotedVersion, RegistryReader } from '../../ports/registry.ts'
import type { TrackedFile, TrackedFileReader } from '../../ports/tracked-files.ts'
import type { ArtifactAddress } from '../tracking/artifact-path.ts'
import { enterVersion, filesRoot, type NewVersion, removeVersions } from './enter-version.ts'
import { mlmodelSignature } from './mlmodel-signature.ts'
import { checkTag, checkTagKey } from './model-names.ts'
import { removeAlias, versionHash } from './model-versions.ts'
import type { OnnxFolders } from './onnx-folder.ts'
import { onnxRoot } from './onnx-folder.ts'
import { modelNamed } from './registered-models.ts'
import { tellTagRemoved, tellTagSet } from './tag-news.ts'
import { type FoundSource, findSource, type SaidSource, type SourceServices } from './version-source.ts'

export interface Registration extends SaidSource {
  name: string
  description: string | null
  runLink: string | null
  tags: readonly RegistryTag[]
}

/** Of a file `MLmodel`; a longer one is not looked into. */
const mostMlmodelBytes = 4 << 20
/** What a prompt has where a model has files. */
const promptSources = ['dummy-source', 'prompt-template']
/** Tag of a logged model by which its versions are found. */
const versionsTag = 'mlflow.modelVersions'

const nothing: Signature = { request: [], inputs: [], outputs: [] }

/** @throws `invalid-request` */
function numberOf(version: string): number {
  if (/^\s*[+-]?\d{1,15}\s*$/.test(version)) return Number(version)
  throw new MillwrightError('invalid-request', `the version ${JSON.stringify(version.slice(0, 100))} is no number`, {
    field: 'version',
  })
}

/** In any case. @throws `invalid-request` */
export function stageOf(said: string): VersionStage {
  const stage = versionStages.find((each) => each.toLowerCase() === said.toLowerCase())
  if (stage) return stage
  throw new MillwrightError(
    'invalid-request',
    `Invalid Model Version stage: ${said.slice(0, 100)}. Value must be one of ${versionStages.join(', ')}.`,
    { field: 'stage' },
  )
}

/** Where clients fetch the files of a version; null of one without any. */
export function locationOf(record: ModelVersionRecord): string | null {
  if (record.filesHash) return `mlflow-artifacts:/${filesRoot(record.filesHash)}`
  if (record.source) return record.source.location
  return record.onnxHash ? `mlflow-artifacts:/${onnxRoot(record)}` : null
}

/** Versions as clients of MLflow register them and speak of them: by the name of the model and a number. */
export class RegisteredVersions {
  constructor(
    private readonly services: {
      metadata: Metadata
      blobs: Blobs
      clock: Clock
      onnxFolders: OnnxFolders
    } & Omit<SourceServices, 'versionAt'>,
  ) {}

  /** @throws `not-found`, `invalid-request` */
  get(name: string, version: string): Promise<NotedVersion> {
    return versionOf(this.services.metadata.registry, name, version)
  }

  /** @throws `not-found` for the model, `invalid-request` for an alias that it has not */
  async byAlias(name: string, alias: string): Promise<NotedVersion> {
    const { metadata } = this.services
    const model = await modelNamed(metadata.registry, name)
    if (alias.toLowerCase() === 'latest') return this.newest(model)
    const known = await metadata.get('alias', `${model.key}/${alias}`)
    const record = known && (await metadata.get('model_version', known.version))
    const found = record && (await metadata.registry.version(model.key, record.number))
    if (found) return found
    throw new MillwrightError('invalid-request', `Registered model alias ${alias.slice(0, 300)} not found.`, {
      field: 'alias',
    })
  }

  private async newest(model: RegisteredModel, stage?: VersionStage): Promise<NotedVersion> {
    const latest = await this.services.metadata.registry.latest([model.key])
    const found = latest.findLast(({ note }) => stage === undefined || note.stage === stage)
    if (found) return found
    throw new MillwrightError(
      'not-found',
      `the model ${model.name} has no version${stage === undefined ? '' : ` in the stage ${stage}`}`,
      { field: 'name' },
    )
  }

  /** `name/1`, `name/latest`, `name/Production` or `name@alias`. */
  private async at(address: string): Promise<NotedVersion> {
    const [, name, wanted] = /^([^/]+)\/([^/]+)$/s.exec(address) ?? []
    if (name !== undefined && wanted !== undefined) {
      if (/^\d+$/.test(wanted)) return this.get(name, wanted)
      const model = await modelNamed(this.services.metadata.registry, name)
      return this.newest(model, wanted.toLowerCase() === 'latest' ? undefined : stageOf(wanted))
    }
    const sign = address.lastIndexOf('@')
    if (sign > 0 && !address.includes('/')) return this.byAlias(address.slice(0, sign), address.slice(sign + 1))
    throw new MillwrightError('invalid-request', 'Invalid model version source: it names no model and version', {
      field: 'source',
      hint: 'Write models:/<name>/<version>, models:/<name>@<alias> or models:/<model id>.',
    })
  }

  /**
   * Registers what a run or a logged model has. Its files are kept with the version: what becomes of the run or of the logged model changes nothing of
   * it. What lies in another store stays there.
   *
   * @throws `not-found` for the model, `invalid-request` for a source that is none
   */
  async register(
    { name, description, runLink, tags, ...said }: Registration,
    actor: string,
    note = noNote,
  ): Promise<NotedVersion> {
    for (const tag of tags) checkTag(tag)
    const { metadata, clock } = this.services
    const model = await modelNamed(metadata.registry, name)
    const isPrompt = tags.findLast(({ key }) => key === promptTag)?.value.toLowerCase() === 'true'
    const found = isPrompt ? promptSource(said) : await this.find(said)
    const { files, signature } = found.version ? await this.copyOf(found.version) : await this.contentOf(found)
    const filesHash = files.length > 0 ? manifestHash(files) : null
    return metadata.transaction(async (writer) => {
      const { key } = await modelNamed(writer.registry, name)
      if (key !== model.key) throw changedMeanwhile(name)
      const production = await writer.get('alias', `${key}/production`)
      const from = found.version?.source
      const version: NewVersion = {
        ...blank,
        model: key,
        signature,
        runId: found.runId,
        previous: production?.version ?? null,
        source: {
          uri: found.uri,
          location: from?.location ?? found.location,
          modelId: found.modelId,
          runLink,
        },
        filesHash,
        madeBy: actor,
      }
      if (filesHash !== null) {
        // In one commit with their being there: no collection of garbage comes in between.
        if (found.at && manifestHash(await filesBelow(writer.files, found.at)) !== filesHash)
          throw changedMeanwhile(found.uri)
        for (const file of files) await writer.files.put(filesRoot(filesHash), file)
      }
      const record = await enterVersion(writer, clock, {
        version,
        hash: versionHash(version),
        state: 'registered',
        message: `is registered by a client, from ${found.uri}`,
        description,
        tags,
      })
      for (const tag of tags) await writer.registry.setVersionTag(record.id, tag)
      if (found.modelId !== null) await linkVersion(writer, found.modelId, name, record.number)
      await note(writer, record.id)
      return (await writer.registry.version(key, record.number))!
    })
  }

  private find(said: SaidSource): Promise<FoundSource> {
    return findSource(said, { ...this.services, versionAt: (address) => this.at(address) })
  }

  private async contentOf({ at }: FoundSource): Promise<{ files: TrackedFile[]; signature: Signature }> {
    if (!at) return { files: [], signature: nothing }
    const { metadata, blobs } = this.services
    const files = await filesBelow(metadata.files, at)
    const mlmodel = files.find(({ path }) => path === 'MLmodel')
    if (!mlmodel || mlmodel.size > mostMlmodelBytes) return { files, signature: nothing }
    return { files, signature: mlmodelSignature(new TextDecoder().decode(await blobs.get(mlmodel.hash))) }
  }

  /** What a client would fetch of a version. */
  private async copyOf(version: ModelVersionRecord): Promise<{ files: TrackedFile[]; signature: Signature }> {
    const { metadata, onnxFolders } = this.services
    const { signature, filesHash, onnxHash } = version
    if (filesHash)
      return { signature, files: await filesBelow(metadata.files, { root: filesRoot(filesHash), path: '' }) }
    return { signature, files: onnxHash ? await onnxFolders.files(version) : [] }
  }

  /** @throws `not-found` */
  async describe(name: string, version: string, description: string | null): Promise<NotedVersion> {
    return this.change(name, version, async ({ registry }, { note }) =>
      registry.updateNote(note.id, { description, changedAt: Date.now() }),
    )
  }

  /**
   * @param archiveOthers moves those that are in the stage out of it.
   * @throws `not-found`, `invalid-request`
   */
  async moveTo(
    name: string,
    version: string,
    said: string,
    archiveOthers: boolean,
    actor: string,
  ): Promise<NotedVersion> {
    const stage = stageOf(said)
    if (archiveOthers && stage !== 'Staging' && stage !== 'Production')
      throw new MillwrightError(
        'invalid-request',
        `versions cannot be archived for one that goes to ${stage}: only for Staging and Production`,
        { field: 'archive_existing_versions' },
      )
    return this.change(name, version, async (writer, { record, note }) => {
      const changedAt = Date.now()
      const { key, number } = { key: note.model, number: note.number }
      const others = archiveOthers ? await writer.registry.inStage(key, stage) : []
      const archived = others.filter((each) => each !== number)
      for (const each of archived) await writer.registry.updateNote(`${key}@${each}`, { stage: 'Archived', changedAt })
      await writer.registry.updateNote(note.id, { stage, changedAt })
      await writer.registry.updateModel(key, { changedAt })
      if (note.stage === stage && archived.length === 0) return
      await writer.emit({
        type: 'model.stage-moved',
        subject: `model:${key}`,
        actor,
        message: `${record.id} went from the stage ${note.stage} to ${stage}${archived.length > 0 ? `; archived ${archived.map((each) => `@${each}`).join(', ')}` : ''}`,
        data: { version: record.id, from: note.stage, to: stage, archived },
      })
    })
  }

  /** Its number does not come again; aliases of it go. @throws `not-found`, `conflict` for one that an endpoint serves or may go back to */
  async delete(name: string, version: string, actor: string): Promise<void> {
    await this.services.metadata.transaction(async (writer) => {
      const { record, note } = await versionOf(writer.registry, name, version)
      await refuseDeployed(writer, record)
      for (const alias of await writer.find('alias', { where: { version: record.id } }))
        await removeAlias(writer, alias, actor, 'its version was deleted')
      await removeVersions(writer, [record])
      await writer.registry.updateModel(note.model, { changedAt: Date.now() })
      await writer.emit({
        type: 'model.version-deleted',
        subject: `model:${note.model}`,
        actor,
        level: 'warning',
        message: `${record.id} was deleted`,
        data: { version: record.id, hash: record.hash },
      })
    })
  }

  /** @throws `not-found`, `invalid-request` */
  async setTag(name: string, version: string, tag: RegistryTag, actor: string): Promise<void> {
    checkTag(tag)
    await this.change(name, version, async (writer, { record: { id }, note: { model } }) => {
      const before = (await writer.registry.versionTags([id])).get(id)!
      await writer.registry.setVersionTag(id, tag)
      await tellTagSet(writer, { model, version: id }, before, tag, actor)
    })
  }

  /** Nothing happens where there is none. @throws `not-found` for the version */
  async removeTag(name: string, version: string, key: string, actor: string): Promise<void> {
    checkTagKey(key)
    await this.change(name, version, async (writer, { record: { id }, note: { model } }) => {
      const before = (await writer.registry.versionTags([id])).get(id)!
      await writer.registry.removeVersionTag(id, key)
      await tellTagRemoved(writer, { model, version: id }, before, key, actor)
    })
  }

  private change(
    name: string,
    version: string,
    work: (writer: RecordWriter, present: NotedVersion) => Promise<void>,
  ): Promise<NotedVersion> {
    return this.services.metadata.transaction(async (writer) => {
      const present = await versionOf(writer.registry, name, version)
      await work(writer, present)
      return (await writer.registry.version(present.note.model, present.note.number))!
    })
  }
}

async function versionOf(registry: RegistryReader, name: string, version: string): Promise<NotedVersion> {
  const model = await modelNamed(registry, name)
  const found = await registry.version(model.key, numberOf(version))
  if (found) return found
  throw new MillwrightError('not-found', `Model Version (name=${name}, version=${version}) not found`, {
    field: 'version',
  })
}

/** What a model of a client's has not. */
const blank = {
  task: null,
  modelHash: null,
  onnxHash: null,
  definitionHash: null,
  datasetVersion: null,
  trainedUntil: null,
  trainedRows: null,
  evaluation: null,
  verdicts: [],
  importance: [],
  referenceHash: null,
  goldenHash: null,
  cardHash: null,
  brief: null,
  threshold: 0.5,
} satisfies Partial<NewVersion>

function promptSource(said: SaidSource): FoundSource {
  if (promptSources.includes(said.uri)) return { ...said, at: null, location: said.uri, version: null }
  throw new MillwrightError('invalid-request', `Invalid prompt source: '${said.uri.slice(0, 300)}'`, {
    field: 'source',
    hint: `It is one of ${promptSources.join(', ')}.`,
  })
}

const changedMeanwhile = (what: string): MillwrightError =>
  new MillwrightError('conflict', `${what} changed while it was registered`, { field: 'source', hint: 'Try again.' })

/** Names what a version had: paths below it, hashes and sizes. */
const manifestHash = (files: readonly TrackedFile[]): string =>
  hashOf(files.map(({ path, hash, size }) => [path, hash, size]))

/** By paths below the folder, in order. @throws `too-large` */
export async function filesBelow(reader: TrackedFileReader, { root, path }: ArtifactAddress): Promise<TrackedFile[]> {
  const most = registryLimits.filesPerVersion
  const files = await reader.below(root, path, most + 1)
  if (files.length > most)
    throw new MillwrightError('too-large', `a version has at most ${most} files`, {
      field: 'source',
      hint: 'Name the folder of the model alone.',
    })
  const begin = path === '' ? 0 : path.length + 1
  return files.map((file) => ({ ...file, path: file.path.slice(begin) }))
}

/** The logged model says which versions it became, as the client would. */
async function linkVersion({ tracking }: RecordWriter, model: string, name: string, number: number): Promise<void> {
  const facts = (await tracking.models.factsOf([model])).get(model)
  if (!facts) return
  const link = { name, version: number }
  let known: unknown = []
  try {
    known = JSON.parse(facts.tags.find(({ key }) => key === versionsTag)?.value ?? '[]')
  } catch {}
  const value = JSON.stringify([...(Array.isArray(known) ? known : []), link])
  await tracking.models.setTags(model, [{ key: versionsTag, value }])
}

async function refuseDeployed(reader: RecordReader, { id }: ModelVersionRecord): Promise<void> {
  const refuse = (why: string): MillwrightError =>
    new MillwrightError('conflict', `${id} cannot be deleted: ${why}`, {
      field: 'version',
      hint: 'Roll another version out first, and delete it when nothing goes back to it any more.',
    })
  for (const endpoint of await reader.find('endpoint')) {
    if (endpoint.serving === id) throw refuse(`the endpoint ${endpoint.id} serves it`)
    if (endpoint.frozen === id) throw refuse(`it answers in the shadow of the endpoint ${endpoint.id}`)
  }
  for (const deployment of await reader.find('deployment', { where: { state: ['rolling', 'serving'] } })) {
    if (deployment.version === id) throw refuse(`it is being rolled out at ${deployment.endpoint}`)
    if (deployment.previous === id) throw refuse(`a rollback of ${deployment.endpoint} leads to it`)
  }
}
