import type { ModelVersionRecord } from '../contract/model.ts'
import type { RegisteredModel, RegistryTag, VersionNote, VersionStage } from '../contract/registry.ts'
import type { Filter } from '../contract/search/filter-syntax.ts'
import type { OrderItem } from '../contract/search/parse-order.ts'
import type { OrderPlace } from './tracking.ts'

export interface RegistrySearch {
  filter: Filter | undefined
  /** Models then by name; versions then by name, and the greatest number first. */
  order: readonly OrderItem[]
  limit: number
  after: OrderPlace | undefined
}

/** A version with what is said about it, and the name that its model has now. */
export interface NotedVersion {
  name: string
  record: ModelVersionRecord
  note: VersionNote
}

/**
 * Models and what may change of their versions, in the same database as the records, so that a change and its event are one commit. What a
 * version is made of is its record `model_version`.
 */
export interface RegistryReader {
  /** Deleted ones too. */
  model(key: string): Promise<RegisteredModel | undefined>
  /** Of those that are not deleted. */
  modelNamed(name: string): Promise<RegisteredModel | undefined>
  /** Those that are not deleted, by name. */
  models(): Promise<RegisteredModel[]>
  searchModels(search: RegistrySearch): Promise<{ models: RegisteredModel[]; next: OrderPlace | null }>
  /** By keys; of one without any an empty list. */
  modelTags(keys: readonly string[]): Promise<Map<string, RegistryTag[]>>
  version(model: string, number: number): Promise<NotedVersion | undefined>
  /** Of a model, the greatest number first, those below a number. */
  newestVersions(model: string, page: { before?: number | undefined; limit: number }): Promise<NotedVersion[]>
  searchVersions(search: RegistrySearch): Promise<{ versions: NotedVersion[]; next: OrderPlace | null }>
  /** Of each model and each stage the version with the greatest number, by model and number. */
  latest(models: readonly string[]): Promise<NotedVersion[]>
  /** Numbers of the versions of a model in a stage. */
  inStage(model: string, stage: VersionStage): Promise<number[]>
  /** By ids of versions; of one without any an empty list. */
  versionTags(ids: readonly string[]): Promise<Map<string, RegistryTag[]>>
  /** Of those that were hidden and are not removed yet. */
  hiddenVersions(limit: number): Promise<{ id: string; filesHash: string | null }[]>
}

export interface RegistryWriter extends RegistryReader {
  insertModel(model: RegisteredModel): Promise<void>
  /** @throws `already-exists` when another one that is not deleted has the name. */
  updateModel(key: string, change: Partial<Omit<RegisteredModel, 'key' | 'createdAt'>>): Promise<void>
  setModelTag(key: string, tag: RegistryTag): Promise<void>
  /** Nothing happens where there is none. */
  removeModelTag(key: string, name: string): Promise<void>
  insertNote(note: VersionNote): Promise<void>
  updateNote(id: string, change: Partial<Pick<VersionNote, 'description' | 'stage' | 'changedAt'>>): Promise<void>
  /** Of every version of a model. */
  touchNotes(model: string, changedAt: number): Promise<void>
  /** No read here finds one of the versions that a model has; later ones are found. @returns how many there are */
  hideVersions(model: string): Promise<number>
  /** Where no hidden version is left to be removed. */
  forgetHidden(): Promise<void>
  /** With its tags. */
  removeNote(id: string): Promise<void>
  setVersionTag(id: string, tag: RegistryTag): Promise<void>
  /** Nothing happens where there is none. */
  removeVersionTag(id: string, name: string): Promise<void>
  /** Models, notes and their tags; records of versions are others'. */
  clear(): Promise<void>
}
