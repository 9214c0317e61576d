import type { RegistryTag } from '../../contract/registry.ts'
import type { RecordWriter } from '../../ports/metadata.ts'

/** Events say what was said as long as it is short; who wants the rest reads it where it is. */
const longest = 2000

/** Tags as an event says them; nothing where they are too long for that. */
export const saidTags = (tags: readonly RegistryTag[]): { tags?: readonly RegistryTag[] } =>
  JSON.stringify(tags).length <= longest ? { tags } : {}

/** The same of a description. */
export const saidDescription = (description: string | null): { description?: string } =>
  description !== null && description.length <= longest ? { description } : {}

/** A tag was set; nothing is told where it was so before. @param version null for one of the model itself */
export async function tellTagSet(
  writer: RecordWriter,
  { model, version }: { model: string; version: string | null },
  before: readonly RegistryTag[],
  { key, value }: RegistryTag,
  actor: string,
): Promise<void> {
  if (before.some((tag) => tag.key === key && tag.value === value)) return
  await writer.emit({
    type: 'model.tag-set',
    subject: `model:${model}`,
    actor,
    message: `The tag ${key.slice(0, 100)} of ${version ?? model} was set`,
    data: { version, key, ...(value.length <= longest ? { value } : {}) },
  })
}

/** A tag was taken away; nothing is told where there was none. */
export async function tellTagRemoved(
  writer: RecordWriter,
  { model, version }: { model: string; version: string | null },
  before: readonly RegistryTag[],
  key: string,
  actor: string,
): Promise<void> {
  if (!before.some((tag) => tag.key === key)) return
  await writer.emit({
    type: 'model.tag-removed',
    subject: `model:${model}`,
    actor,
    message: `The tag ${key.slice(0, 100)} of ${version ?? model} was removed`,
    data: { version, key },
  })
}
