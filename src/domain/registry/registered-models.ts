import { MillwrightError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import type { RegisteredModel, RegistryTag } from '../../contract/registry.ts'
import { type Metadata, noNote, type RecordReader } from '../../ports/metadata.ts'
import type { RegistryReader } from '../../ports/registry.ts'
import { firstFree, removeVersions } from './enter-version.ts'
import { checkModelName, checkTag, checkTagKey } from './model-names.ts'
import { saidDescription, saidTags, tellTagRemoved, tellTagSet } from './tag-news.ts'

/** What it costs to remove a version beside its files: a record, a note and their indexes. */
const rowsOfVersion = 20

export interface NewModel {
  name: string
  description: string | null
  tags: readonly RegistryTag[]
}

/** The model that has the name. @throws `not-found`, `invalid-request` for what is no name */
export async function modelNamed(registry: RegistryReader, name: string): Promise<RegisteredModel> {
  checkModelName(name)
  const model = await registry.modelNamed(name)
  if (!model) throw new MillwrightError('not-found', `Registered Model with name=${name} not found`, { field: 'name' })
  return model
}

/** Names under which versions are registered. What the project or an endpoint goes by keeps its name. */
export class RegisteredModels {
  private removing: Promise<void> | null = null
  private isClosed = false

  constructor(
    private readonly metadata: Metadata,
    /** The models that the project in force defines. */
    private readonly defined: () => readonly string[],
  ) {}

  /** @throws `not-found` */
  get(name: string): Promise<RegisteredModel> {
    return modelNamed(this.metadata.registry, name)
  }

  /** Of one that was deleted the numbers go on: what names a version of its keeps meaning that. @throws `already-exists`, `invalid-request` */
  async create({ name, description, tags }: NewModel, actor: string, note = noNote): Promise<RegisteredModel> {
    checkModelName(name)
    for (const tag of tags) checkTag(tag)
    return this.metadata.transaction(async (writer) => {
      const { registry } = writer
      if (await registry.modelNamed(name))
        throw new MillwrightError('already-exists', `Registered Model (name=${name}) already exists.`, {
          field: 'name',
        })
      const now = Date.now()
      // One that has another name now keeps the key that this name was.
      const key = await firstFree(name, async (each) => (await registry.model(each))?.isDeleted === false)
      const before = await registry.model(key)
      if (before) await registry.updateModel(key, { name, description, isDeleted: false, changedAt: now })
      else
        await registry.insertModel({
          key,
          name,
          description,
          lastNumber: 0,
          isDeleted: false,
          createdAt: now,
          changedAt: now,
        })
      for (const tag of tags) await registry.setModelTag(key, tag)
      await note(writer, key)
      await writer.emit({
        type: 'model.created',
        subject: `model:${key}`,
        actor,
        message: `The model ${name} was created`,
        data: { name, ...saidTags(tags), ...saidDescription(description) },
      })
      return (await registry.model(key))!
    })
  }

  /** Its versions keep their ids. @throws `not-found`, `already-exists`, `conflict` for one that the project or an endpoint goes by */
  async rename(name: string, to: string, actor: string): Promise<RegisteredModel> {
    checkModelName(to, 'new_name')
    return this.metadata.transaction(async (writer) => {
      const model = await modelNamed(writer.registry, name)
      if (to === name) return model
      await this.refuseUsed(writer, model)
      const changedAt = Date.now()
      await writer.registry.updateModel(model.key, { name: to, changedAt })
      await writer.registry.touchNotes(model.key, changedAt)
      await writer.emit({
        type: 'model.renamed',
        subject: `model:${model.key}`,
        actor,
        message: `The model ${name} is called ${to} now`,
        data: { from: name, to },
      })
      return { ...model, name: to, changedAt }
    })
  }

  /** @throws `not-found` */
  async describe(name: string, description: string): Promise<RegisteredModel> {
    return this.metadata.transaction(async ({ registry }) => {
      const model = await modelNamed(registry, name)
      const changedAt = Date.now()
      await registry.updateModel(model.key, { description, changedAt })
      return { ...model, description, changedAt }
    })
  }

  /**
   * With its versions: nobody finds them from the first moment on, and they are removed in pieces between which others write.
   *
   * @throws `not-found`, `conflict` for one that the project or an endpoint goes by
   */
  async delete(name: string, actor: string): Promise<void> {
    await this.metadata.transaction(async (writer) => {
      const model = await modelNamed(writer.registry, name)
      await this.refuseUsed(writer, model)
      const { key } = model
      const versions = await writer.registry.hideVersions(key)
      for (const { id } of await writer.find('alias', { where: { model: key } })) await writer.remove('alias', id)
      for (const tag of (await writer.registry.modelTags([key])).get(key)!)
        await writer.registry.removeModelTag(key, tag.key)
      await writer.registry.updateModel(key, { isDeleted: true, description: null, changedAt: Date.now() })
      await writer.emit({
        type: 'model.deleted',
        subject: `model:${key}`,
        actor,
        level: 'warning',
        message: `The model ${name} was deleted, with ${versions} version${versions === 1 ? '' : 's'}`,
        data: { name, versions },
      })
    })
    await this.removeHidden()
  }

  /** Removes versions of models that were deleted, those that a process which died left too. */
  removeHidden(): Promise<void> {
    this.removing ??= this.removeAllHidden().finally(() => {
      this.removing = null
    })
    // One that was hidden while the last piece went is not among those that it looked at.
    const before = this.removing
    return before.then(async () => {
      if (!this.isClosed && (await this.metadata.registry.hiddenVersions(1)).length > 0) await this.removeHidden()
    })
  }

  private async removeAllHidden(): Promise<void> {
    const pace = new Pace()
    for (let isMore = true; isMore && !this.isClosed; )
      await pace.piece(async (size) => {
        const most = Math.max(1, Math.ceil(size / rowsOfVersion))
        const hidden = await this.metadata.registry.hiddenVersions(most)
        isMore = hidden.length > 0
        await this.metadata.transaction(async (writer) => {
          await removeVersions(writer, hidden)
          if (!isMore) await writer.registry.forgetHidden()
        })
        return { used: hidden.length * rowsOfVersion }
      })
  }

  /** Ends after the piece that is under way; the next process goes on. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.removing?.catch(() => {})
  }

  /** @throws `not-found`, `invalid-request` */
  async setTag(name: string, tag: RegistryTag, actor: string): Promise<void> {
    checkTag(tag)
    await this.metadata.transaction(async (writer) => {
      const { key } = await modelNamed(writer.registry, name)
      const before = (await writer.registry.modelTags([key])).get(key)!
      await writer.registry.setModelTag(key, tag)
      await tellTagSet(writer, { model: key, version: null }, before, tag, actor)
    })
  }

  /** Nothing happens where there is none. @throws `not-found` for the model */
  async removeTag(name: string, tag: string, actor: string): Promise<void> {
    checkTagKey(tag)
    await this.metadata.transaction(async (writer) => {
      const { key } = await modelNamed(writer.registry, name)
      const before = (await writer.registry.modelTags([key])).get(key)!
      await writer.registry.removeModelTag(key, tag)
      await tellTagRemoved(writer, { model: key, version: null }, before, tag, actor)
    })
  }

  private async refuseUsed(reader: RecordReader, { key, name }: RegisteredModel): Promise<void> {
    const refuse = (who: string, hint: string): MillwrightError =>
      new MillwrightError('conflict', `the model ${name} cannot be renamed or deleted: ${who}`, { field: 'name', hint })
    if (this.defined().includes(key))
      throw refuse('the project defines it', 'Take it out of millwright.config.ts first, and apply that.')
    const endpoint = (await reader.find('endpoint')).find(({ definition }) => definition.model === key)
    if (endpoint) throw refuse(`the endpoint ${endpoint.id} answers with it`, 'Register under another name instead.')
  }
}
