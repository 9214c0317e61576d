import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { AliasRecord, ModelVersionRecord } from '../../contract/model.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import { enterVersion, type NewVersion } from './enter-version.ts'
import { checkAliasName } from './model-names.ts'

/** A version that was made or brought here; one of a client's has a source besides. */
export type OwnVersion = Omit<NewVersion, 'source' | 'filesHash'>

/** Names everything that decides an answer: the bytes, what they are fed, what is read from them. */
export function versionHash(version: NewVersion): string {
  const { modelHash, onnxHash, signature, definitionHash, threshold, filesHash, source } = version
  const own = { modelHash, onnxHash, signature, definitionHash, threshold }
  // Files that are not kept here are named by where they are.
  return hashOf(source === null ? own : { ...own, ...(filesHash === null ? { source: source.uri } : { filesHash }) })
}

/** The registry: versions never change once they are in; aliases point at them. */
export class ModelVersions {
  constructor(
    private readonly metadata: Metadata,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers a version, or keeps a refused one with its verdicts for people to look at. The same content of the same run again, or of no run,
   * gives the version that is there.
   */
  async add(own: OwnVersion, state: 'registered' | 'refused', message: string): Promise<ModelVersionRecord> {
    const version: NewVersion = { ...own, source: null, filesHash: null }
    const hash = versionHash(version)
    return this.metadata.transaction(async (writer) => {
      const [known] = await writer.find('model_version', {
        where: { model: version.model, runId: version.runId, hash },
        limit: 1,
      })
      return known ?? enterVersion(writer, this.clock, { version, hash, state, message })
    })
  }

  /** By number, id or alias. @throws `not-found` */
  async resolve(
    model: string,
    wanted: string,
    reader: Pick<Metadata, 'get' | 'registry'> = this.metadata,
  ): Promise<ModelVersionRecord> {
    const id = wanted.includes('@')
      ? wanted
      : /^\d+$/.test(wanted)
        ? `${model}@${wanted}`
        : (await reader.get('alias', `${model}/${wanted}`))?.version
    const version = id === undefined ? undefined : await reader.get('model_version', id)
    if (!version || version.model !== model || !(await reader.registry.version(model, version.number))) {
      throw new MillwrightError('not-found', `model "${model}" has no version or alias "${wanted}"`, {
        hint: `\`millwright models\` lists the models, \`millwright models ${model}\` the versions of this one.`,
      })
    }
    return version
  }

  /** @throws `not-found`, `invalid-request` for a name that reads as a version, `conflict` for a version that was refused. */
  async setAlias(model: string, alias: string, wanted: string, actor: string, reason: string): Promise<AliasRecord> {
    checkAliasName(alias)
    return this.metadata.transaction(async (writer) => {
      const version = await this.resolve(model, wanted, writer)
      if (version.state !== 'registered')
        throw new MillwrightError(
          'conflict',
          `${version.id} was ${version.state}: an alias points at registered versions only`,
        )
      const id = `${model}/${alias}`
      const before = await writer.get('alias', id)
      if (before?.version === version.id) return before
      const record: AliasRecord = { id, model, alias, version: version.id, movedAt: this.clock.now(), movedBy: actor }
      await writer.put('alias', record)
      await writer.emit({
        type: 'model.alias-moved',
        subject: `model:${model}`,
        actor,
        message: `Alias ${alias} of ${model} moved from ${before?.version ?? 'nothing'} to ${version.id}`,
        data: { alias, from: before?.version ?? null, to: version.id, reason },
      })
      return record
    })
  }

  /** @returns whether it was there. */
  async removeAlias(model: string, alias: string, actor: string, reason: string): Promise<boolean> {
    return this.metadata.transaction(async (writer) => {
      const present = await writer.get('alias', `${model}/${alias}`)
      if (present) await removeAlias(writer, present, actor, reason)
      return present !== undefined
    })
  }
}

/** Takes an alias away, in the transaction of the writer. */
export async function removeAlias(
  writer: RecordWriter,
  { id, model, alias, version }: AliasRecord,
  actor: string,
  reason: string,
): Promise<void> {
  await writer.remove('alias', id)
  await writer.emit({
    type: 'model.alias-removed',
    subject: `model:${model}`,
    actor,
    message: `Alias ${alias} of ${model} was removed from ${version}`,
    data: { alias, from: version, to: null, reason },
  })
}
