import * as z from 'zod'
import type { RunRecord } from '../../contract/run.ts'
import { fieldText, valueText } from '../../contract/search/format-filter.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import type { StepInputs } from '../../contract/step.ts'
import { type Experiment, trackingLimits } from '../../contract/tracking.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import type { AttemptRuns, BegunAttempt } from '../pipelines/attempt-runs.ts'
import { scriptPipeline } from '../pipelines/script-run.ts'
import { tellOfExperiment } from './experiments.ts'
import { dataTag, nameTag, ownTag, parentTag } from './own-tags.ts'
import { newRunId } from './run-id.ts'
import { tellOfRun } from './tracked-runs.ts'

const actor = 'system'

/** The experiment that shows the runs of a pipeline; undefined before its first. */
export async function experimentOfPipeline(
  tracking: TrackingReader,
  pipeline: string,
): Promise<Experiment | undefined> {
  const field = fieldText({ entity: 'tag', key: ownTag('pipeline') })
  const { experiments } = await tracking.experiments({
    lifecycle: 'all',
    filter: parseFilter(`${field} = ${valueText(pipeline)}`, 'experiments'),
    order: [],
    limit: 1,
    after: undefined,
  })
  return experiments[0]
}

async function make(writer: RecordWriter, name: string, tags: Record<string, string>): Promise<Experiment> {
  const now = Date.now()
  const { tracking } = writer
  const made = await tracking.insertExperiment({
    name,
    artifactLocation: null,
    isDeleted: false,
    createdAt: now,
    changedAt: now,
    tags,
  })
  await tellOfExperiment(writer, 'experiment.created', made.id, actor, `the experiment ${name} was created`)
  return made
}

/** The experiment of a pipeline, made where there is none: called as the pipeline is, unless scripts have one of that name. */
export async function ensurePipelineExperiment(writer: RecordWriter, pipeline: string): Promise<Experiment> {
  const known = await experimentOfPipeline(writer.tracking, pipeline)
  if (known) return known
  let name = pipeline
  for (let tried = 0; await isTaken(writer.tracking, name); tried += 1)
    name = tried === 0 ? `pipeline/${pipeline}` : `pipeline/${pipeline}/${tried + 1}`
  return make(writer, name, { [ownTag('pipeline')]: pipeline })
}

async function isTaken(tracking: TrackingReader, name: string): Promise<boolean> {
  const found = await tracking.experimentNamed(name)
  return found !== undefined && !found.isDeleted
}

async function experimentFor(writer: RecordWriter, { run, experiment }: BegunAttempt): Promise<Experiment> {
  if (!experiment) return ensurePipelineExperiment(writer, run.pipeline)
  const found = await writer.tracking.experimentNamed(experiment)
  return found && !found.isDeleted ? found : make(writer, experiment, {})
}

/** What a step says that fixed the versions of the data for the run. */
const readsSchema = z.looseObject({
  dataset: z.string(),
  version: z.number(),
  reads: z.record(z.string(), z.looseObject({ version: z.number() })).default({}),
})

/** Dataset → version, of all that the steps before read. */
function dataVersions(before: StepInputs): Map<string, number> {
  const versions = new Map<string, number>()
  for (const { output } of Object.values(before)) {
    const found = readsSchema.safeParse(output)
    if (!found.success) continue
    const { dataset, version, reads } = found.data
    versions.set(dataset, version)
    for (const [name, each] of Object.entries(reads)) versions.set(name, each.version)
  }
  return versions
}

/** Where a run of a pipeline comes from, as tags; null for what cannot be said. */
export function sourceTags({ id, pipeline, startedBy, definitionHash, packageHash, source }: RunRecord) {
  const { commit, dirty, changed } = source
  return {
    'mlflow.user': userOf(startedBy),
    'mlflow.source.type': pipeline === scriptPipeline ? 'LOCAL' : 'JOB',
    'mlflow.source.git.commit': commit,
    [ownTag('pipeline')]: pipeline,
    [ownTag('run')]: id,
    [ownTag('definition')]: definitionHash,
    [ownTag('package')]: packageHash,
    [ownTag('commit')]: commit,
    [ownTag('dirty')]: dirty === null ? null : String(dirty),
    [ownTag('changed_files')]: changed?.join('\n') ?? null,
  }
}

function tagsOf({ run, step, command, before }: BegunAttempt, name: string): { key: string; value: string }[] {
  const tags: Record<string, string | null> = {
    ...sourceTags(run),
    [nameTag]: name,
    // A script is a run of its own.
    [parentTag]: run.pipeline === scriptPipeline ? null : run.id,
    'mlflow.source.name': command.join(' '),
    [ownTag('step')]: step.step,
    [ownTag('element')]: step.index === null ? null : String(step.index),
    [ownTag('attempt')]: String(step.attempt),
    [ownTag('command')]: command.join(' '),
  }
  for (const [dataset, version] of dataVersions(before)) tags[dataTag(dataset)] = String(version)
  return Object.entries(tags).flatMap(([key, value]) =>
    value === null ? [] : [{ key, value: value.slice(0, trackingLimits.tagValue) }],
  )
}

/** Whoever an actor of events is, as a run names it. */
export const userOf = (actor: string): string => actor.replace(/^user:/, '')

function nameOf({ run, step, command }: BegunAttempt): string {
  // Of `python train.py --rate 3` the program: what a reader calls it by.
  const what =
    run.pipeline === scriptPipeline ? (command.find((part) => /\.\w+$/.test(part)) ?? command[0]!) : step.step
  const place = step.index === null ? '' : ` ${step.index}`
  return `${what}${place}${step.attempt > 1 ? `, attempt ${step.attempt}` : ''}`
}

/** Runs that programs of steps log into. What is known of a step otherwise, such as its output, stays with the step. */
export const stepRuns: AttemptRuns = {
  async queued(writer, { pipeline }) {
    await ensurePipelineExperiment(writer, pipeline)
  },
  async begin(writer, attempt) {
    const { run, step } = attempt
    const experiment = await experimentFor(writer, attempt)
    const name = nameOf(attempt)
    const made = {
      id: newRunId(),
      experimentId: experiment.id,
      name,
      user: userOf(run.startedBy),
      status: 'RUNNING',
      startedAt: Date.now(),
      endedAt: null,
      isDeleted: false,
      deletedAt: null,
    } as const
    await writer.tracking.insertRun(made)
    await writer.tracking.setTags(made.id, tagsOf(attempt, name))
    await tellOfRun(
      writer,
      'tracked-run.started',
      made,
      actor,
      `the run of ${step.step} of ${run.pipeline} was started`,
    )
    return made.id
  },
  async end(writer, id, how, exitCode) {
    const run = await writer.tracking.run(id)
    // Whoever deleted it meanwhile wants no more of it.
    if (!run) return
    if (exitCode !== null) await writer.tracking.setTags(id, [{ key: ownTag('exit_code'), value: String(exitCode) }])
    if (run.status === how && run.endedAt !== null) return
    const endedAt = Date.now()
    await writer.tracking.updateRun(id, { status: how, endedAt })
    await tellOfRun(writer, 'tracked-run.ended', { ...run, status: how }, actor, `the run ${run.name} ended: ${how}`)
  },
}
