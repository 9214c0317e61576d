import { evaluationSchema } from '../../contract/model.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { folderOf } from '../../contract/search/experiment-folders.ts'
import { isRunOver, type RunState, type StepState } from '../../contract/states.ts'
import type { Experiment, MetricPoint, RunFacts, TrackedRun, TrackedRunStatus } from '../../contract/tracking.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { scriptPipeline } from '../pipelines/script-run.ts'
import type { OtherRun } from './merged-runs.ts'
import { nameTag, ownTag, parentTag } from './own-tags.ts'
import { parsePipelineRunId, stepRunId } from './pipeline-run-id.ts'
import { experimentOfPipeline, sourceTags, userOf } from './step-runs.ts'

/** A run of a pipeline, or a step of one, as a run that scripts know. */
export interface PipelineRun extends OtherRun {
  readonly facts: RunFacts
  experiment: Experiment
}

const ofRun: Record<RunState, TrackedRunStatus> = {
  queued: 'SCHEDULED',
  running: 'RUNNING',
  interrupted: 'RUNNING',
  succeeded: 'FINISHED',
  failed: 'FAILED',
  stopped: 'KILLED',
}
/** Of a step that was never begun there is no run. */
const ofStep: Partial<Record<StepState, TrackedRunStatus>> = {
  running: 'RUNNING',
  succeeded: 'FINISHED',
  reused: 'FINISHED',
  failed: 'FAILED',
  stopped: 'KILLED',
}

/** Runs whose steps are kept in short once they are over; a kilobyte or two a step. */
const mostKept = 2000

/** Runs of pipelines and their steps, read from their own records as runs that are never written. */
export class PipelineRuns {
  /** Of experiments; neither what one is of nor that it is of none ever changes. */
  private readonly pipelines = new Map<string, string | null>()
  private readonly over = new Map<string, { endedAt: number | null; runs: PipelineRun[] }>()

  constructor(private readonly metadata: Metadata) {}

  /** After everything was removed: ids of experiments come again. */
  forget(): void {
    this.pipelines.clear()
    this.over.clear()
  }

  /** Undefined for an id of something else, and for a step that has a tracked run or was never begun. */
  async get(id: string): Promise<PipelineRun | undefined> {
    const parsed = parsePipelineRunId(id)
    if (!parsed) return undefined
    const { runId, step } = parsed
    const run = await this.metadata.get('run', runId)
    const experiment = run && (await experimentOfPipeline(this.metadata.tracking, run.pipeline))
    if (!run || !experiment) return undefined
    const steps =
      step === null
        ? await this.metadata.find('step', { where: { runId } })
        : await this.metadata.find('step', { where: { id: `${runId}/${step}` } })
    return runsOf(run, steps, experiment).find((each) => each.run.id === id)
  }

  /** All of the pipelines among these experiments. */
  async among(experiments: readonly string[]): Promise<PipelineRun[]> {
    const found: PipelineRun[] = []
    for (const id of new Set(experiments)) {
      const pipeline = await this.pipelineOf(id)
      if (pipeline === null || pipeline === scriptPipeline) continue
      found.push(...(await this.all(pipeline, (await this.metadata.tracking.experiment(id))!)))
    }
    return found
  }

  private async pipelineOf(id: string): Promise<string | null> {
    const known = this.pipelines.get(id)
    if (known !== undefined) return known
    const experiment = await this.metadata.tracking.experiment(id)
    if (!experiment) return null
    const pipeline = experiment.tags[ownTag('pipeline')] ?? null
    this.pipelines.set(id, pipeline)
    return pipeline
  }

  private async all(pipeline: string, experiment: Experiment): Promise<PipelineRun[]> {
    const runs = await this.metadata.find('run', { where: { pipeline } })
    const unknown = runs.filter((run) => !this.isKept(run))
    const steps = new Map<string, StepRecord[]>(unknown.map(({ id }) => [id, []]))
    for (let from = 0; from < unknown.length; from += 200) {
      const runId = unknown.slice(from, from + 200).map(({ id }) => id)
      for (const step of await this.metadata.find('step', { where: { runId } })) steps.get(step.runId)!.push(step)
    }
    return runs.flatMap((run) => {
      if (this.isKept(run)) return this.over.get(run.id)!.runs
      const made = runsOf(run, steps.get(run.id)!, experiment)
      if (isRunOver(run.state)) this.keep(run, made)
      return made
    })
  }

  /** One that goes on after it was over ends at another time. */
  private isKept({ id, state, endedAt }: RunRecord): boolean {
    return isRunOver(state) && this.over.get(id)?.endedAt === endedAt
  }

  private keep({ id, endedAt }: RunRecord, runs: PipelineRun[]): void {
    // Nothing makes room: a search reads all in one order, and would find none of what the last one kept.
    if (this.over.size < mostKept || this.over.has(id)) this.over.set(id, { endedAt, runs })
  }
}

function runsOf(run: RunRecord, steps: readonly StepRecord[], experiment: Experiment): PipelineRun[] {
  // A program has a run of its own, unless its step was not run again.
  const shown = steps.filter(
    ({ index, state, trackedRun }) =>
      index === null && ofStep[state] && (trackedRun === undefined || state === 'reused'),
  )
  return [ownRun(run, steps, experiment), ...shown.map((step) => runOfStep(run, step, experiment))]
}

function ownRun(run: RunRecord, steps: readonly StepRecord[], experiment: Experiment): PipelineRun {
  const endedAt = run.endedAt ?? Date.now()
  const own = {
    id: run.id,
    name: `${run.pipeline} ${run.id.slice(-6)}`,
    status: ofRun[run.state],
    startedAt: run.startedAt ?? run.queuedAt,
    endedAt: run.endedAt,
  }
  const metrics = steps.flatMap(({ index, output }) => (index === null ? evaluated(output, endedAt) : []))
  const params = Object.entries(run.params).map(([key, value]) => ({ key, value: textOf(value) }))
  const tags = { ...sourceTags(run), [ownTag('state')]: run.state, 'mlflow.source.name': run.reason }
  return shaped(own, { metrics, params, tags }, run, experiment)
}

function runOfStep(run: RunRecord, step: StepRecord, experiment: Experiment): PipelineRun {
  const own = {
    id: stepRunId(step),
    name: step.step,
    status: ofStep[step.state]!,
    startedAt: step.startedAt ?? run.queuedAt,
    endedAt: step.endedAt,
  }
  const at = step.endedAt ?? Date.now()
  const metrics = [...numbersOf(step.output, at), ...evaluated(step.output, at)]
  const tags = {
    ...sourceTags(run),
    [parentTag]: run.id,
    [ownTag('step')]: step.step,
    [ownTag('state')]: step.state,
    [ownTag('because')]: step.because || null,
    [ownTag('reused_run')]: step.state === 'reused' ? (step.trackedRun ?? null) : null,
  }
  return shaped(own, { metrics, params: [], tags }, run, experiment)
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))
const byName =
  <T>(name: (each: T) => string) =>
  (a: T, b: T) =>
    name(a) < name(b) ? -1 : 1

const pairsOf = (record: Record<string, string>): { key: string; value: string }[] =>
  Object.entries(record)
    .map(([key, value]) => ({ key, value }))
    .sort(byName(({ key }) => key))

/** The numbers that a step returned, by their names. */
function numbersOf(output: Json, at: number): MetricPoint[] {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return []
  return Object.entries(output).flatMap(([metric, value]) =>
    typeof value === 'number' ? [{ metric, value, at, step: 0 }] : [],
  )
}

/** What an evaluation found of its candidate. */
function evaluated(output: Json, at: number): MetricPoint[] {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return []
  if (output.evaluation === undefined) return []
  const { data } = evaluationSchema.safeParse(output.evaluation)
  return Object.entries(data?.candidate ?? {}).map(([metric, { value }]) => ({ metric, value, at, step: 0 }))
}

function shaped(
  own: Pick<TrackedRun, 'id' | 'name' | 'status' | 'startedAt' | 'endedAt'>,
  { metrics, params, tags }: Omit<RunFacts, 'tags'> & { tags: Record<string, string | null> },
  { startedBy }: RunRecord,
  experiment: Experiment,
): PipelineRun {
  const run = { ...own, experimentId: experiment.id, user: userOf(startedBy), isDeleted: false, deletedAt: null }
  const latest = [...new Map(metrics.map((point) => [point.metric, point])).values()]
  const location = experiment.artifactLocation?.replace(/\/+$/, '') ?? `mlflow-artifacts:/${experiment.id}`
  const row = {
    attributes: {
      run_id: run.id,
      run_name: run.name,
      user_id: run.user,
      status: run.status,
      artifact_uri: `${location}/${run.id}/artifacts`,
      start_time: run.startedAt,
      end_time: run.endedAt,
      folder: folderOf(experiment.name),
    },
    metrics: Object.fromEntries(latest.map(({ metric, value }) => [metric, value])),
    params: Object.fromEntries(params.map(({ key, value }) => [key, value])),
    tags: Object.fromEntries(
      Object.entries({ ...tags, [nameTag]: own.name }).filter((tag): tag is [string, string] => tag[1] !== null),
    ),
  }
  return {
    run,
    row,
    experiment,
    // Of those that are shown only: thousands are kept.
    get facts() {
      return {
        metrics: latest.toSorted(byName(({ metric }) => metric)),
        params: pairsOf(row.params),
        tags: pairsOf(row.tags),
      }
    },
  }
}
