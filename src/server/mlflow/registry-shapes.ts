import type { AliasRecord, ModelVersionRecord } from '../../contract/model.ts'
import { ownTagPrefix, type RegisteredModel, type RegistryTag } from '../../contract/registry.ts'
import { locationOf } from '../../domain/registry/registered-versions.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { NotedVersion } from '../../ports/registry.ts'
import { some } from './shapes.ts'

/** Of a version that was made here, what it showed. */
function ownTags({ source, state, task, evaluation, verdicts }: ModelVersionRecord): RegistryTag[] {
  if (source) return []
  const tag = (key: string, value: string): RegistryTag => ({ key: `${ownTagPrefix}${key}`, value })
  return [
    tag('state', state),
    ...(task === null ? [] : [tag('task', task)]),
    ...Object.entries(evaluation?.candidate ?? {}).map(([name, { value }]) => tag(`metric.${name}`, String(value))),
    ...verdicts.map(({ gate, passed, message }) => tag(`gate.${gate}`, passed ? 'passed' : `refused: ${message}`)),
  ]
}

const whyRefused = ({ verdicts }: ModelVersionRecord): string =>
  verdicts
    .filter(({ passed }) => !passed)
    .map(({ gate, message }) => `${gate}: ${message}`)
    .join('; ') || 'a gate refused it'

/** Versions as the protocol's messages, in their order. What is not set is left out. */
export async function versionMessages(metadata: Metadata, found: readonly NotedVersion[]): Promise<object[]> {
  const ids = found.map(({ note }) => note.id)
  const tags = await metadata.registry.versionTags(ids)
  const aliases = await aliasesOf(metadata, 'version', ids)
  return found.map(({ name, record, note }) => ({
    name,
    version: String(note.number),
    creation_timestamp: record.recordedAt,
    last_updated_timestamp: note.changedAt,
    user_id: record.madeBy.replace(/^user:/, ''),
    current_stage: note.stage,
    ...(note.description === null ? {} : { description: note.description }),
    source: record.source?.uri ?? locationOf(record) ?? `models:/${name}/${note.number}`,
    ...(record.runId === null ? {} : { run_id: record.runId }),
    ...(record.state === 'refused'
      ? { status: 'FAILED_REGISTRATION', status_message: whyRefused(record) }
      : { status: 'READY' }),
    ...some('tags', [...ownTags(record), ...tags.get(note.id)!]),
    ...(record.source?.runLink ? { run_link: record.source.runLink } : {}),
    ...some(
      'aliases',
      aliases
        .get(note.id)
        ?.map(({ alias }) => alias)
        .sort() ?? [],
    ),
  }))
}

/** Models as the protocol's messages, in their order, each with the newest version of every stage. */
export async function modelMessages(metadata: Metadata, models: readonly RegisteredModel[]): Promise<object[]> {
  const keys = models.map(({ key }) => key)
  const latest = await metadata.registry.latest(keys)
  const messages = await versionMessages(metadata, latest)
  const tags = await metadata.registry.modelTags(keys)
  const aliases = await aliasesOf(metadata, 'model', keys)
  return models.map(({ key, name, description, createdAt, changedAt }) => ({
    name,
    creation_timestamp: createdAt,
    last_updated_timestamp: changedAt,
    ...(description === null ? {} : { description }),
    ...some(
      'latest_versions',
      messages.filter((_, place) => latest[place]!.note.model === key),
    ),
    ...some('tags', tags.get(key)!),
    ...some(
      'aliases',
      (aliases.get(key) ?? []).map(({ alias, version }) => ({
        alias,
        version: version.slice(version.lastIndexOf('@') + 1),
      })),
    ),
  }))
}

/** Aliases by what they are of. */
async function aliasesOf(
  metadata: Metadata,
  field: 'model' | 'version',
  ids: readonly string[],
): Promise<Map<string, AliasRecord[]>> {
  const found = new Map<string, AliasRecord[]>()
  for (let from = 0; from < ids.length; from += 1000)
    for (const alias of await metadata.find('alias', { where: { [field]: ids.slice(from, from + 1000) } }))
      found.set(alias[field], [...(found.get(alias[field]) ?? []), alias])
  return found
}
