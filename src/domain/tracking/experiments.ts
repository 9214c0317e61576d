import { MillwrightError } from '../../base/errors.ts'
import { type Experiment, trackingLimits } from '../../contract/tracking.ts'
import { type Metadata, noNote, type RecordWriter } from '../../ports/metadata.ts'
import { checkArtifactLocation } from './artifact-location.ts'
import { LocalArtifacts } from './local-artifacts.ts'
import { checkKey, checkLength } from './names.ts'
import { checkForeignTag, ownTag } from './own-tags.ts'
import { refuseMarked } from './tracking-garbage.ts'

export interface NewExperiment {
  name: string
  /** Null where nothing is said: the control plane's own store, or a folder of its own where clients write by themselves. */
  artifactLocation: string | null
  tags: readonly { key: string; value: string }[]
}

function checkName(name: string): void {
  if (name === '') throw new MillwrightError('invalid-request', 'an experiment needs a name', { field: 'name' })
  checkLength(name, trackingLimits.experimentName, 'name')
}

function checkTag({ key, value }: { key: string; value: string }): void {
  checkKey(key, 'key')
  checkForeignTag(key)
  checkLength(value, trackingLimits.experimentTagValue, 'value')
}

/** Experiments, whose runs are tracked. Deleting one deletes its runs with it; both can be restored. */
export class Experiments {
  constructor(
    private readonly metadata: Metadata,
    /** Null where clients may not use folders of this machine. */
    readonly local: LocalArtifacts | null = null,
  ) {}

  /** @throws `not-found` */
  async get(id: string): Promise<Experiment> {
    return existing(id, await this.metadata.tracking.experiment(id))
  }

  /** The active one, else the one deleted last. @throws `not-found` */
  async named(name: string): Promise<Experiment> {
    const found = await this.metadata.tracking.experimentNamed(name)
    if (!found) throw new MillwrightError('not-found', `Could not find experiment with name '${name}'`)
    return found
  }

  /** @throws `already-exists` when an active one has the name; names of deleted ones are free. */
  async create(
    { name, artifactLocation: said, tags }: NewExperiment,
    actor: string,
    note = noNote,
  ): Promise<Experiment> {
    checkName(name)
    for (const tag of tags) checkTag(tag)
    const artifactLocation = said === null ? null : await this.locationSaid(said)
    const now = Date.now()
    return this.metadata.transaction(async (writer) => {
      const made = await writer.tracking.insertExperiment({
        name,
        artifactLocation,
        isDeleted: false,
        createdAt: now,
        changedAt: now,
        tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
      })
      const own = artifactLocation ?? this.local?.locationOf(made.id) ?? null
      if (own !== artifactLocation) await writer.tracking.updateExperiment(made.id, { artifactLocation: own })
      await note(writer, made.id)
      await tellOfExperiment(writer, 'experiment.created', made.id, actor, `the experiment ${name} was created`)
      return { ...made, artifactLocation: own }
    })
  }

  private async locationSaid(said: string): Promise<string> {
    if (this.local && LocalArtifacts.isLocal(said)) return this.local.check(said, 'artifact_location')
    checkArtifactLocation(said)
    return said
  }

  /** @throws `not-found`, `conflict` for a deleted one, `already-exists` */
  async rename(id: string, name: string, actor: string): Promise<void> {
    checkName(name)
    await this.metadata.transaction(async (writer) => {
      const present = existing(id, await writer.tracking.experiment(id))
      if (present.isDeleted)
        throw new MillwrightError('conflict', `the experiment ${id} is deleted: restore it before it gets another name`)
      if (present.name === name) return
      await writer.tracking.updateExperiment(id, { name, changedAt: Date.now() })
      await tellOfExperiment(
        writer,
        'experiment.renamed',
        id,
        actor,
        `the experiment ${present.name} is called ${name} now`,
      )
    })
  }

  /** Its runs go with it. @throws `not-found` for one that is not active */
  async delete(id: string, actor: string): Promise<void> {
    await this.mark(id, true, actor)
  }

  /** Its runs come back with it. @throws `not-found` for one that is not deleted, `already-exists` when its name was taken meanwhile, `conflict` for one that is being removed for good */
  async restore(id: string, actor: string): Promise<void> {
    await this.mark(id, false, actor)
  }

  private async mark(id: string, isDeleted: boolean, actor: string): Promise<void> {
    await this.metadata.transaction(async ({ tracking, ...writer }) => {
      if (!isDeleted) await refuseMarked(tracking, 'experiment', id)
      const present = await tracking.experiment(id)
      if (!present || present.isDeleted === isDeleted)
        throw new MillwrightError('not-found', `there is no ${isDeleted ? 'active' : 'deleted'} experiment ${id}`, {
          field: 'experiment_id',
        })
      const pipeline = present.tags[ownTag('pipeline')]
      if (isDeleted && pipeline !== undefined)
        throw new MillwrightError(
          'conflict',
          `the experiment ${present.name} shows the runs of the pipeline ${pipeline}`,
          {
            field: 'experiment_id',
            hint: 'It is there as long as they are; it can be given another name.',
          },
        )
      const now = Date.now()
      await tracking.updateExperiment(id, { isDeleted, changedAt: now })
      await tracking.markRuns(id, { isDeleted, deletedAt: isDeleted ? now : null })
      await tellOfExperiment(
        writer,
        isDeleted ? 'experiment.deleted' : 'experiment.restored',
        id,
        actor,
        `the experiment ${present.name} was ${isDeleted ? 'deleted' : 'restored'}, with its runs`,
      )
    })
  }

  /** @throws `not-found`, `invalid-request` for a deleted one */
  async setTag(id: string, key: string, value: string): Promise<void> {
    checkTag({ key, value })
    await this.metadata.transaction(async ({ tracking }) => {
      mustBeActive(existing(id, await tracking.experiment(id)))
      await tracking.setExperimentTag(id, key, value)
    })
  }

  /** @throws `not-found` for a tag that it has not, too */
  async removeTag(id: string, key: string): Promise<void> {
    checkForeignTag(key)
    await this.metadata.transaction(async ({ tracking }) => {
      mustBeActive(existing(id, await tracking.experiment(id)))
      if (!(await tracking.removeExperimentTag(id, key)))
        throw new MillwrightError('not-found', `the experiment ${id} has no tag "${key}"`, { field: 'key' })
    })
  }
}

function existing(id: string, experiment: Experiment | undefined): Experiment {
  if (experiment) return experiment
  if (!/^\d+$/.test(id))
    throw new MillwrightError('invalid-request', `Invalid experiment ID '${id}': it is a whole number`, {
      field: 'experiment_id',
    })
  throw new MillwrightError('not-found', `No Experiment with id=${id} exists`, { field: 'experiment_id' })
}

/** @throws `invalid-request` */
export function mustBeActive(experiment: Experiment): void {
  if (!experiment.isDeleted) return
  throw new MillwrightError(
    'invalid-request',
    `The experiment ${experiment.id} must be in the 'active' state. Current state is deleted.`,
    { field: 'experiment_id', hint: 'Restore it first.' },
  )
}

export const tellOfExperiment = (
  writer: Pick<RecordWriter, 'emit'>,
  type: 'experiment.created' | 'experiment.renamed' | 'experiment.deleted' | 'experiment.restored',
  id: string,
  actor: string,
  message: string,
): Promise<void> => writer.emit({ type, subject: `experiment:${id}`, actor, message })
