import { randomBytes } from 'node:crypto'
import { MillwrightError } from '../../base/errors.ts'
import { type LoggedModel, type LoggedModelStatus, trackingLimits } from '../../contract/tracking.ts'
import { type Metadata, noNote, type RecordWriter } from '../../ports/metadata.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import { mustBeActive } from './experiments.ts'
import { checkKey, checkLength } from './names.ts'
import { randomRunName } from './run-name.ts'

type Pair = { key: string; value: string }

export interface NewLoggedModel {
  experimentId: string
  /** Null for one to be made up. */
  name: string | null
  modelType: string
  sourceRunId: string
  params: readonly Pair[]
  tags: readonly Pair[]
}

function checkName(name: string): void {
  if (name !== '' && !/[/:.%"']/.test(name)) {
    checkLength(name, trackingLimits.experimentName, 'name')
    return
  }
  throw new MillwrightError(
    'invalid-request',
    `Invalid model name (${JSON.stringify(name.slice(0, 300))}): it is not empty, and has none of / : . % " '`,
    { field: 'name' },
  )
}

const checkedPair = ({ key, value }: Pair, most: number, field: string): Pair => {
  checkKey(key, field)
  return { key, value: value.slice(0, most) }
}

/** Models whose files scripts leave; what is registered of them is another matter. */
export class LoggedModels {
  constructor(private readonly metadata: Metadata) {}

  /** @throws `not-found`, for a deleted one, too, unless it is asked for */
  async get(id: string, isDeletedToo = false): Promise<LoggedModel> {
    const found = existing(id, await this.metadata.tracking.models.get(id))
    if (found.isDeleted && !isDeletedToo) throw missing(id)
    return found
  }

  /** It is pending until its files are there. @throws `not-found` for an unknown experiment, `invalid-request` */
  async create({ params, tags, ...asked }: NewLoggedModel, actor: string, note = noNote): Promise<LoggedModel> {
    if (asked.name !== null) checkName(asked.name)
    checkLength(asked.modelType, trackingLimits.experimentName, 'model_type')
    const now = Date.now()
    const model: LoggedModel = {
      ...asked,
      // Time first: those of one hour lie side by side.
      id: `m-${now.toString(16).padStart(12, '0')}${randomBytes(10).toString('hex')}`,
      name: asked.name ?? randomRunName(),
      status: 'PENDING',
      isDeleted: false,
      createdAt: now,
      changedAt: now,
    }
    const kept = params.map((pair) => checkedPair(pair, trackingLimits.paramValue, 'params'))
    const unique = [...new Map(kept.map((pair) => [pair.key, pair])).values()]
    if (unique.length < kept.length)
      throw new MillwrightError('invalid-request', 'a param comes twice', { field: 'params' })
    await this.metadata.transaction(async (writer) => {
      const experiment = await writer.tracking.experiment(model.experimentId)
      if (!experiment)
        throw new MillwrightError('not-found', `No Experiment with id=${model.experimentId.slice(0, 300)} exists`, {
          field: 'experiment_id',
        })
      mustBeActive(experiment)
      await writer.tracking.models.insert(model)
      await writer.tracking.models.addParams(model.id, unique)
      await writer.tracking.models.setTags(
        model.id,
        tags.map((pair) => checkedPair(pair, trackingLimits.tagValue, 'tags')),
      )
      await note(writer, model.id)
      await tell(writer, 'logged-model.created', model, actor, `the model ${model.name} is being logged`)
    })
    return model
  }

  /** @throws `not-found` */
  async finish(id: string, status: LoggedModelStatus, actor: string): Promise<LoggedModel> {
    return this.metadata.transaction(async (writer) => {
      const model = await present(writer.tracking, id)
      if (model.status === status) return model
      const changedAt = Date.now()
      await writer.tracking.models.update(id, { status, changedAt })
      const said = status === 'READY' ? 'is there' : `is ${status}`
      await tell(writer, 'logged-model.finished', model, actor, `the model ${model.name} ${said}`)
      return { ...model, status, changedAt }
    })
  }

  /** @throws `not-found` */
  async delete(id: string, actor: string): Promise<void> {
    await this.metadata.transaction(async (writer) => {
      const model = await present(writer.tracking, id)
      if (model.isDeleted) return
      await writer.tracking.models.update(id, { isDeleted: true, changedAt: Date.now() })
      await tell(writer, 'logged-model.deleted', model, actor, `the model ${model.name} was deleted`)
    })
  }

  /** The same params again change nothing. @throws `not-found`, `invalid-request` for one that has another value */
  async addParams(id: string, params: readonly Pair[]): Promise<void> {
    const asked = params.map((pair) => checkedPair(pair, trackingLimits.paramValue, 'params'))
    await this.metadata.transaction(async ({ tracking }) => {
      await present(tracking, id)
      const facts = (await tracking.models.factsOf([id])).get(id)!
      const known = new Map(facts.params.map(({ key, value }) => [key, value]))
      const fresh = new Map<string, string>()
      for (const { key, value } of asked) {
        const before = known.get(key) ?? fresh.get(key)
        if (before !== undefined && before !== value)
          throw new MillwrightError('invalid-request', `the param "${key}" of the model ${id} is ${before} already`, {
            field: 'params',
          })
        if (before === undefined) fresh.set(key, value)
      }
      await tracking.models.addParams(
        id,
        [...fresh].map(([key, value]) => ({ key, value })),
      )
    })
  }

  /** @throws `not-found` */
  async setTags(id: string, tags: readonly Pair[]): Promise<void> {
    const asked = tags.map((pair) => checkedPair(pair, trackingLimits.tagValue, 'tags'))
    await this.metadata.transaction(async ({ tracking }) => {
      await present(tracking, id)
      await tracking.models.setTags(id, asked)
    })
  }

  /** @throws `not-found` for a tag that it has not, too */
  async removeTag(id: string, key: string): Promise<void> {
    await this.metadata.transaction(async ({ tracking }) => {
      await present(tracking, id)
      if (!(await tracking.models.removeTag(id, key)))
        throw new MillwrightError('not-found', `the model ${id} has no tag "${key}"`, { field: 'tag_key' })
    })
  }
}

const missing = (id: string): MillwrightError =>
  new MillwrightError('not-found', `Logged model with ID '${id.slice(0, 300)}' not found.`, { field: 'model_id' })

function existing(id: string, model: LoggedModel | undefined): LoggedModel {
  if (!model) throw missing(id)
  return model
}

const present = async (tracking: TrackingReader, id: string): Promise<LoggedModel> =>
  existing(id, await tracking.models.get(id))

const tell = (
  writer: Pick<RecordWriter, 'emit'>,
  type: 'logged-model.created' | 'logged-model.finished' | 'logged-model.deleted',
  { id, experimentId, sourceRunId }: LoggedModel,
  actor: string,
  message: string,
): Promise<void> =>
  writer.emit({ type, subject: `logged-model:${id}`, actor, message, data: { experimentId, sourceRunId } })
