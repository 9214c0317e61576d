/** The registry: what may change of a model and of its versions. What a version is made of never does (`ModelVersionRecord`). */

/** Where a version stands by the older way of MLflow's clients; aliases are the newer one. */
export const versionStages = ['None', 'Staging', 'Production', 'Archived'] as const
export type VersionStage = (typeof versionStages)[number]

/** A name under which versions are registered. */
export interface RegisteredModel {
  /** Stays when the name changes: versions are `<key>@<number>`. */
  key: string
  name: string
  /** Null where nobody said any. */
  description: string | null
  /** Of every version that there ever was, the greatest. */
  lastNumber: number
  isDeleted: boolean
  /** Wall-clock UTC milliseconds. */
  createdAt: number
  changedAt: number
}

/** What people say about a version. */
export interface VersionNote {
  /** `<key>@<number>` */
  id: string
  /** The key of its model. */
  model: string
  number: number
  description: string | null
  stage: VersionStage
  /** Wall-clock UTC milliseconds. */
  changedAt: number
}

export interface RegistryTag {
  key: string
  value: string
}

/** Tags that begin so are read from the version itself: nobody sets them. */
export const ownTagPrefix = 'millwright.'
/** Says of a model that it is a prompt; searches that do not ask for prompts leave them out. */
export const promptTag = 'mlflow.prompt.is_prompt'

/** The limits of MLflow's own server, so that a script is told the same by both. */
export const registryLimits = {
  /** What its databases hold. */
  modelName: 256,
  alias: 255,
  tagValue: 100_000,
  source: 2048,
  modelsPerPage: 1000,
  versionsPerPage: 200_000,
  /** A version that has more is one by mistake. */
  filesPerVersion: 10_000,
} as const
