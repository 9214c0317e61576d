import { MillwrightError } from '../../base/errors.ts'
import {
  type Experiment,
  type MetricPoint,
  type RunFacts,
  type RunInput,
  type RunModels,
  type TrackedRun,
  type TrackedRunStatus,
  trackingLimits,
} from '../../contract/tracking.ts'
import { type Metadata, noNote, type RecordWriter } from '../../ports/metadata.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import { mustBeActive } from './experiments.ts'
import { checkKey, checkLength } from './names.ts'
import { checkForeignTag, nameTag, ownTag, parentTag } from './own-tags.ts'
import { parsePipelineRunId } from './pipeline-run-id.ts'
import { modelsTag, recordWith } from './recorded-models.ts'
import { newRunId } from './run-id.ts'
import { randomRunName } from './run-name.ts'
import { refuseMarked } from './tracking-garbage.ts'

type Pair = { key: string; value: string }

export interface NewRun {
  experimentId: string
  /** Empty for one to be made up. */
  name: string
  user: string
  startedAt: number
  tags: readonly Pair[]
  /** The run of the step whose program makes it: it is nested there, and that program's to write. */
  stepRun?: string | undefined
}

/** A run as it is when it is new. */
export interface MadeRun {
  run: TrackedRun
  experiment: Experiment
  facts: RunFacts
}

/** What can be done to many runs at once. */
export type RunChange = { kind: 'delete' } | { kind: 'restore' } | { kind: 'tag'; key: string; value: string }

export interface Batch {
  metrics: readonly MetricPoint[]
  params: readonly Pair[]
  tags: readonly Pair[]
}

/** Runs of scripts, and what scripts log into them. The same write again changes nothing. */
export class TrackedRuns {
  constructor(private readonly metadata: Metadata) {}

  /** @throws `not-found` */
  async get(id: string): Promise<TrackedRun> {
    return existing(id, await this.metadata.tracking.run(id))
  }

  /** @throws `not-found` for an unknown experiment, `invalid-request` for a deleted one */
  async create(asked: NewRun, actor: string, note = noNote): Promise<MadeRun> {
    const tags = asked.tags.map((tag) => checkedTag(tag, 'tags'))
    const tagged = tags.find(({ key }) => key === nameTag)?.value
    if (asked.name && tagged && asked.name !== tagged)
      throw new MillwrightError(
        'invalid-request',
        `The run is called '${asked.name}' by run_name and '${tagged}' by its tag ${nameTag}: say one of them.`,
        { field: 'run_name' },
      )
    const run: TrackedRun = {
      id: newRunId(),
      experimentId: asked.experimentId,
      name: asked.name || tagged || randomRunName(),
      user: asked.user,
      status: 'RUNNING',
      startedAt: asked.startedAt,
      endedAt: null,
      isDeleted: false,
      deletedAt: null,
    }
    const said = [...tags, ...(tagged === undefined ? [{ key: nameTag, value: run.name }] : []), ...stepTags(asked)]
    const all = [...new Map(said.map((tag) => [tag.key, tag])).values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    const experiment = await this.metadata.transaction(async (writer) => {
      const place = await experimentOf(writer.tracking, run.experimentId)
      mustBeActive(place)
      await writer.tracking.insertRun(run)
      await writer.tracking.setTags(run.id, all)
      await note(writer, run.id)
      await tellOfRun(writer, 'tracked-run.started', run, actor, `the run ${run.name} was started`)
      return place
    })
    return { run, experiment, facts: { metrics: [], params: [], tags: all } }
  }

  /** @throws `not-found`, `invalid-request` for a deleted run */
  async update(
    id: string,
    change: { name?: string | undefined; status?: TrackedRunStatus | undefined; endedAt?: number | undefined },
    actor: string,
  ): Promise<TrackedRun> {
    return this.metadata.transaction(async (writer) => {
      const run = await this.activeRun(writer.tracking, id)
      const { name, status, endedAt } = change
      const changed = {
        ...(name ? { name } : {}),
        ...(status === undefined ? {} : { status }),
        ...(endedAt === undefined ? {} : { endedAt }),
      }
      await writer.tracking.updateRun(id, changed)
      if (name) await writer.tracking.setTags(id, [{ key: nameTag, value: name }])
      const isEnd = status !== undefined && status !== run.status && status !== 'RUNNING' && status !== 'SCHEDULED'
      const after = { ...run, ...changed }
      if (isEnd) await tellOfRun(writer, 'tracked-run.ended', after, actor, `the run ${after.name} ended: ${status}`)
      return after
    })
  }

  /** A deleted one stays deleted. @throws `not-found` */
  async delete(id: string, actor: string): Promise<void> {
    await this.mark(id, true, actor)
  }

  /** @throws `not-found`, `conflict` for one that is being removed for good */
  async restore(id: string, actor: string): Promise<void> {
    await this.mark(id, false, actor)
  }

  private async mark(id: string, isDeleted: boolean, actor: string): Promise<void> {
    await this.change([id], { kind: isDeleted ? 'delete' : 'restore' }, { actor, reason: '' })
  }

  /**
   * The same to all of these runs, or to none.
   *
   * @returns how many were not so before. @throws `not-found`; `conflict` for the restoring of one that is being removed for good; `invalid-request` for a tag of a deleted run, and one beyond a limit.
   */
  async change(
    ids: readonly string[],
    change: RunChange,
    { actor, reason }: { actor: string; reason: string },
  ): Promise<number> {
    const tag = change.kind === 'tag' ? checkedTag(change, 'change') : undefined
    return this.metadata.transaction(async (writer) => {
      let changed = 0
      for (const id of new Set(ids)) {
        if (tag) {
          await this.activeRun(writer.tracking, id)
          const { tags } = (await writer.tracking.factsOf([id])).get(id)!
          if (tags.some(({ key, value }) => key === tag.key && value === tag.value)) continue
          await writer.tracking.setTags(id, [tag])
        } else {
          const isDeleted = change.kind === 'delete'
          if (!isDeleted) await refuseMarked(writer.tracking, 'run', id)
          const run = existing(id, await writer.tracking.run(id))
          if (run.isDeleted === isDeleted) continue
          if (!isDeleted) await refuseMarked(writer.tracking, 'experiment', run.experimentId)
          await writer.tracking.updateRun(id, { isDeleted, deletedAt: isDeleted ? Date.now() : null })
          const type = isDeleted ? 'tracked-run.deleted' : 'tracked-run.restored'
          const why = reason === '' ? '' : `: ${reason}`
          await tellOfRun(
            writer,
            type,
            run,
            actor,
            `the run ${run.name} was ${isDeleted ? 'deleted' : 'restored'}${why}`,
          )
        }
        changed += 1
      }
      return changed
    })
  }

  /**
   * All of it, or nothing.
   *
   * @throws `not-found`; `invalid-request` for a deleted run, for what is beyond a limit, and for a param that has another value already.
   */
  async log(id: string, { metrics, params, tags }: Batch): Promise<void> {
    for (const [what, count, most] of [
      ['metrics', metrics.length, trackingLimits.metricsPerBatch],
      ['params', params.length, trackingLimits.paramsPerBatch],
      ['tags', tags.length, trackingLimits.tagsPerBatch],
      ['metrics, params and tags', metrics.length + params.length + tags.length, trackingLimits.entitiesPerBatch],
    ] as const) {
      if (count > most)
        throw new MillwrightError(
          'invalid-request',
          `a request may bring ${most} ${what}, and this one brings ${count}`,
          {
            field: what.split(',')[0]!,
            hint: 'Send them in several.',
          },
        )
    }
    for (const [place, point] of metrics.entries()) checkPoint(point, metrics.length > 1 ? `metrics[${place}].` : '')
    const checkedParams = params.map(checkedParam)
    const checkedTags = tags.map((tag, place) => checkedTag(tag, `tags[${place}]`))
    const twice = checkedParams.find(({ key }, place) => checkedParams.findIndex((other) => other.key === key) < place)
    if (twice)
      throw new MillwrightError('invalid-request', `Duplicate parameter keys have been submitted: ${twice.key}`, {
        field: 'params',
      })
    const models = [...new Set(metrics.flatMap(({ model }) => (model ? [model.id] : [])))]
    await this.metadata.transaction(async ({ tracking }) => {
      await this.activeRun(tracking, id)
      for (const model of models)
        if (!(await tracking.models.get(model)))
          throw new MillwrightError('not-found', `Logged model with ID '${model.slice(0, 300)}' not found.`, {
            field: 'model_id',
          })
      const known = await tracking.paramsOf(
        id,
        checkedParams.map(({ key }) => key),
      )
      for (const { key, value } of checkedParams) {
        const before = known.get(key)
        if (before !== undefined && before !== value) throw changedParam(id, key, before, value)
      }
      await tracking.addParams(
        id,
        checkedParams.filter(({ key }) => !known.has(key)),
      )
      await tracking.addPoints(id, metrics)
      await tracking.setTags(id, checkedTags)
    })
  }

  /** @throws `not-found` for a tag that it has not, too */
  async removeTag(id: string, key: string): Promise<void> {
    checkForeignTag(key)
    await this.metadata.transaction(async ({ tracking }) => {
      await this.activeRun(tracking, id)
      if (!(await tracking.removeTag(id, key)))
        throw new MillwrightError('not-found', `the run ${id} has no tag "${key}"`, { field: 'key' })
    })
  }

  /**
   * A model as clients before logged models recorded it: in a tag, the list of all that the run has.
   *
   * @param text the model, as JSON. @throws `not-found`, `invalid-request` for what is no such model, and for more than the tag holds
   */
  async recordModel(id: string, text: string): Promise<void> {
    await this.metadata.transaction(async ({ tracking }) => {
      await this.activeRun(tracking, id)
      const before = (await tracking.factsOf([id])).get(id)!.tags.find(({ key }) => key === modelsTag)
      const value = recordWith(before?.value, text)
      checkLength(value, trackingLimits.tagValue, 'model_json')
      await tracking.setTags(id, [{ key: modelsTag, value }])
    })
  }

  /** @throws `not-found`, `invalid-request` for a deleted run */
  async addOutputs(id: string, outputs: RunModels['outputs']): Promise<void> {
    await this.metadata.transaction(async ({ tracking }) => {
      await this.activeRun(tracking, id)
      await tracking.addModels(id, { inputs: [], outputs })
    })
  }

  /** @throws `not-found`, `invalid-request` */
  async addInputs(id: string, inputs: readonly RunInput[], models: readonly string[] = []): Promise<void> {
    const { inputsPerRequest, datasetName, datasetDigest, datasetSchema, datasetSource, datasetProfile } =
      trackingLimits
    if (inputs.length > inputsPerRequest)
      throw new MillwrightError('invalid-request', `a request may bring ${inputsPerRequest} datasets`, {
        field: 'datasets',
      })
    for (const [place, { dataset, tags }] of inputs.entries()) {
      const field = `datasets[${place}]`
      for (const [name, value, most] of [
        ['name', dataset.name, datasetName],
        ['digest', dataset.digest, datasetDigest],
        ['source_type', dataset.sourceType, datasetSource],
        ['source', dataset.source, datasetSource],
        ['schema', dataset.schema ?? '', datasetSchema],
        ['profile', dataset.profile ?? '', datasetProfile],
      ] as const)
        checkLength(value, most, `${field}.dataset.${name}`)
      for (const { key, value } of tags) {
        checkLength(key, trackingLimits.inputTagKey, `${field}.tags.key`)
        checkLength(value, trackingLimits.inputTagValue, `${field}.tags.value`)
      }
    }
    await this.metadata.transaction(async ({ tracking }) => {
      await this.activeRun(tracking, id)
      await tracking.addInputs(id, inputs)
      await tracking.addModels(id, { inputs: [...models], outputs: [] })
    })
  }

  private async activeRun(tracking: TrackingReader, id: string): Promise<TrackedRun> {
    const run = existing(id, await tracking.run(id))
    if (!run.isDeleted) return run
    throw new MillwrightError(
      'invalid-request',
      `The run ${id} must be in the 'active' state. Current state is deleted.`,
      { field: 'run_id', hint: 'Restore it first.' },
    )
  }
}

function existing(id: string, run: TrackedRun | undefined): TrackedRun {
  if (!run && parsePipelineRunId(id))
    throw new MillwrightError('invalid-request', `The run ${id.slice(0, 300)} is of a pipeline, and only read here`, {
      field: 'run_id',
      hint: 'What it has comes from its steps; a program among them logs into a run of its own.',
    })
  if (!run) throw new MillwrightError('not-found', `Run with id=${id.slice(0, 300)} not found`, { field: 'run_id' })
  return run
}

async function experimentOf(tracking: TrackingReader, id: string): Promise<Experiment> {
  const found = await tracking.experiment(id)
  if (!found)
    throw new MillwrightError('not-found', `No Experiment with id=${id.slice(0, 300)} exists`, {
      field: 'experiment_id',
    })
  return found
}

function checkPoint({ metric, at }: MetricPoint, path: string): void {
  checkKey(metric, `${path}name`)
  if (at < 0)
    throw new MillwrightError('invalid-request', `Invalid value ${at} for ${path}timestamp: it is before 1970`, {
      field: `${path}timestamp`,
    })
}

function checkedParam({ key, value }: Pair, place: number): Pair {
  checkKey(key, `params[${place}].key`)
  return { key, value: value.slice(0, trackingLimits.paramValue) }
}

function checkedTag({ key, value }: Pair, field: string): Pair {
  checkKey(key, `${field}.key`)
  checkForeignTag(key)
  return { key, value: value.slice(0, trackingLimits.tagValue) }
}

/** What says that a program of a step made the run. */
function stepTags({ stepRun, tags }: NewRun): Pair[] {
  if (stepRun === undefined) return []
  const isNested = tags.some(({ key }) => key === parentTag)
  return [{ key: ownTag('step_run'), value: stepRun }, ...(isNested ? [] : [{ key: parentTag, value: stepRun }])]
}

const changedParam = (id: string, key: string, before: string, after: string): MillwrightError =>
  new MillwrightError(
    'invalid-request',
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' for run ID='${id}'. Attempted logging new value '${after}'.`,
    { field: 'params', hint: 'Start a nested run for each value.' },
  )

export const tellOfRun = (
  writer: Pick<RecordWriter, 'emit'>,
  type: 'tracked-run.started' | 'tracked-run.ended' | 'tracked-run.deleted' | 'tracked-run.restored',
  { id, experimentId, status }: TrackedRun,
  actor: string,
  message: string,
): Promise<void> =>
  writer.emit({
    type,
    subject: `tracked-run:${id}`,
    actor,
    message,
    level: type === 'tracked-run.ended' && status === 'FAILED' ? 'warning' : 'info',
    data: { experimentId, status },
  })
