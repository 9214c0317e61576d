import type { Clock } from '../../base/clock.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { RegisteredModel, RegistryTag } from '../../contract/registry.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import type { RegistryReader } from '../../ports/registry.ts'
import { saidDescription, saidTags } from './tag-news.ts'

/** What a version is made of; number, id, state and times are given by the registry. */
export type NewVersion = Omit<ModelVersionRecord, 'id' | 'number' | 'hash' | 'state' | 'time' | 'recordedAt'>

export interface Entry {
  version: NewVersion
  hash: string
  state: 'registered' | 'refused'
  /** What the event says after the id. */
  message: string
  /** What whoever registers it says about it. */
  description?: string | null
  /** With which it is registered: news of it say them. */
  tags?: readonly RegistryTag[]
}

/** The first of `name`, `name~2`, `name~3`… that is not taken. */
export async function firstFree(name: string, isTaken: (name: string) => Promise<boolean>): Promise<string> {
  let free = name
  for (let number = 2; await isTaken(free); number += 1) free = `${name}~${number}`
  return free
}

/** The model that a pipeline or a file names, which is its key: made when it is not there, back when it was deleted. */
async function modelOfKey(writer: RecordWriter, key: string, now: number): Promise<RegisteredModel> {
  const known = await writer.registry.model(key)
  if (known && !known.isDeleted) return known
  const name = await firstFree(key, (each) => isNamed(writer.registry, each))
  if (known) {
    await writer.registry.updateModel(key, { name, isDeleted: false, changedAt: now })
    return { ...known, name, isDeleted: false, changedAt: now }
  }
  const model = { key, name, description: null, lastNumber: 0, isDeleted: false, createdAt: now, changedAt: now }
  await writer.registry.insertModel(model)
  return model
}

const isNamed = async (registry: RegistryReader, name: string): Promise<boolean> =>
  (await registry.modelNamed(name)) !== undefined

/** Puts in a version as it was recorded, here or elsewhere: its number is that of none that comes later. */
export async function keepVersion(
  writer: RecordWriter,
  record: ModelVersionRecord,
  description: string | null = null,
): Promise<void> {
  const { id, model, number, recordedAt } = record
  const { lastNumber } = await modelOfKey(writer, model, recordedAt)
  await writer.insert('model_version', record)
  await writer.registry.insertNote({ id, model, number, description, stage: 'None', changedAt: recordedAt })
  await writer.registry.updateModel(model, { lastNumber: Math.max(lastNumber, number), changedAt: recordedAt })
}

/** Puts a version in, with the next number of its model, in the transaction of the writer. Numbers never come again. */
export async function enterVersion(
  writer: RecordWriter,
  clock: Clock,
  { version, hash, state, message, description = null, tags = [] }: Entry,
): Promise<ModelVersionRecord> {
  const now = Date.now()
  const { key, lastNumber } = await modelOfKey(writer, version.model, now)
  const number = lastNumber + 1
  const record: ModelVersionRecord = {
    ...version,
    id: `${key}@${number}`,
    number,
    hash,
    state,
    time: clock.now(),
    recordedAt: now,
  }
  await keepVersion(writer, record, description)
  await writer.emit({
    type: state === 'registered' ? 'model.registered' : 'model.refused',
    subject: `model:${key}`,
    actor: version.madeBy,
    level: state === 'registered' ? 'good' : 'warning',
    message: `${record.id} ${message}`,
    data: {
      version: record.id,
      hash,
      run: version.runId,
      dataset: version.datasetVersion,
      failed: version.verdicts.filter((verdict) => !verdict.passed),
      ...(version.source ? { source: version.source.uri, ...saidTags(tags), ...saidDescription(description) } : {}),
    },
  })
  return record
}

/** Where the files of a version are kept from its registration on, as artifacts are. */
export const filesRoot = (filesHash: string): string => `models/${filesHash}/artifacts`

/** Takes versions out, with their files and what was said about them. Aliases and events are the caller's. */
export async function removeVersions(
  writer: RecordWriter,
  versions: readonly Pick<ModelVersionRecord, 'id' | 'filesHash'>[],
): Promise<void> {
  for (const { id } of versions) {
    await writer.remove('model_version', id)
    await writer.registry.removeNote(id)
  }
  for (const filesHash of new Set(versions.map((version) => version.filesHash))) {
    if (!filesHash) continue
    // Others may have the same.
    const [other] = await writer.find('model_version', { where: { filesHash }, limit: 1 })
    if (!other) await writer.files.remove(filesRoot(filesHash), '')
  }
}
