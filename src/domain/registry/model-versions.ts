import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { AliasRecord, ModelVersionRecord } from '../../contract/model.ts'
import type { Metadata, RecordReader } from '../../ports/metadata.ts'

/** What a version is made of; number, id, state and times are given by the registry. */
export type NewVersion = Omit<ModelVersionRecord, 'id' | 'number' | 'hash' | 'state' | 'time' | 'recordedAt'>

/** Names everything that decides an answer: the bytes, what they are fed, what is read from them. */
function versionHash(
  version: Pick<ModelVersionRecord, 'modelHash' | 'onnxHash' | 'signature' | 'definitionHash' | 'threshold'>,
): string {
  const { modelHash, onnxHash, signature, definitionHash, threshold } = version
  return hashOf({ modelHash, onnxHash, signature, definitionHash, threshold })
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
  async add(version: NewVersion, state: 'registered' | 'refused', message: string): Promise<ModelVersionRecord> {
    const hash = versionHash(version)
    return this.metadata.transaction(async (writer) => {
      const [known] = await writer.find('model_version', {
        where: { model: version.model, runId: version.runId, hash },
        limit: 1,
      })
      if (known) return known
      const [newest] = await writer.find('model_version', {
        where: { model: version.model },
        orderBy: { field: 'number', direction: 'desc' },
        limit: 1,
      })
      const number = (newest?.number ?? 0) + 1
      const record: ModelVersionRecord = {
        ...version,
        id: `${version.model}@${number}`,
        number,
        hash,
        state,
        time: this.clock.now(),
        recordedAt: Date.now(),
      }
      await writer.insert('model_version', record)
      await writer.emit({
        type: state === 'registered' ? 'model.registered' : 'model.refused',
        subject: `model:${version.model}`,
        actor: version.madeBy,
        level: state === 'registered' ? 'good' : 'warning',
        message: `${record.id} ${message}`,
        data: {
          version: record.id,
          hash,
          run: version.runId,
          dataset: version.datasetVersion,
          failed: version.verdicts.filter((verdict) => !verdict.passed),
        },
      })
      return record
    })
  }

  /** By number, id or alias. @throws `not-found` */
  async resolve(model: string, wanted: string, reader: RecordReader = this.metadata): Promise<ModelVersionRecord> {
    const id = wanted.includes('@')
      ? wanted
      : /^\d+$/.test(wanted)
        ? `${model}@${wanted}`
        : (await reader.get('alias', `${model}/${wanted}`))?.version
    const version = id === undefined ? undefined : await reader.get('model_version', id)
    if (!version || version.model !== model) {
      throw new MillwrightError('not-found', `model "${model}" has no version or alias "${wanted}"`, {
        hint: `See \`millwright models ${model}\`.`,
      })
    }
    return version
  }

  /** @throws `not-found`, `conflict` for a version that was refused. */
  async setAlias(model: string, alias: string, wanted: string, actor: string): Promise<AliasRecord> {
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
        data: { alias, from: before?.version ?? null, to: version.id },
      })
      return record
    })
  }
}
