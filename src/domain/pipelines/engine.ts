import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { refuseNotebooks } from '../../contract/notebook.ts'
import type { Json, PipelineDefinition } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isRunOver, isStepOver } from '../../contract/states.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { StepRunner } from '../../ports/step-runner.ts'
import { Admission } from './admission.ts'
import type { AttemptRuns } from './attempt-runs.ts'
import type { EngineServices, StepProgress } from './engine-services.ts'
import { Journal } from './journal.ts'
import type { Attendance } from './live-run.ts'
import { type PipelinePlan, planPipeline } from './plan.ts'
import { afterCrash, resumedSteps, stepsKeptFrom } from './recovery.ts'
import { runQueued } from './run-events.ts'
import { RunExecution } from './run-execution.ts'
import { runParams } from './run-params.ts'
import { RunStore } from './run-store.ts'
import { Slots } from './slots.ts'
import type { StageRegistry } from './stage-registry.ts'
import { noEnvironment, type StepEnvironment } from './step-environment.ts'
import { StepKeys, unknownStage } from './step-key.ts'
import { type LogPage, StepLogs } from './step-log.ts'
import { pendingStep } from './step-record.ts'

export interface EngineOptions {
  metadata: Metadata
  blobs: Blobs
  clock: Clock
  runner: StepRunner
  stages: StageRegistry
  projectDir: string
  /** Folder of Millwright's state: logs go to `logs/`, the files of running steps to `work/`. */
  home: string
  /** The module with the project's functions; default `millwright.config.ts` in the project's folder. */
  configPath?: string
  /** Asked at each start of a run. */
  describeSource(): Promise<RunRecord['source']>
  /** The package with the project's code as it is at the start of a run. */
  describePackage?(): Promise<string>
  environment: RunRecord['environment']
  /** What the environment gives to steps; asked anew for each. */
  stepEnvironment?: () => StepEnvironment
  /** Variables for commands besides their own, such as where they track and as which run. */
  commandEnv?: EngineServices['commandEnv']
  /** The tracked runs into which programs of steps log. */
  attemptRuns?: AttemptRuns
}

export interface StartRequest {
  pipeline: PipelineDefinition
  definitionHash: string
  params?: Record<string, Json>
  startedBy: string
  reason: string
  /** Runs these steps (true: all) even if nothing they depend on has changed. */
  force?: boolean | readonly string[]
  attended?: Attendance
  /** Written in the transaction that makes the run. */
  also?: (writer: RecordWriter, run: RunRecord) => Promise<void>
}

/**
 * Runs pipelines. Every change of a run or step is durable, with its event, before anything that follows from it; so a run survives
 * the death of this process, and `recover` takes it up where it was. One engine at a time on a metadata store.
 */
export class PipelineEngine {
  private readonly services: EngineServices
  private readonly store: RunStore
  private readonly admission = new Admission<RunExecution>()
  private readonly live = new Map<string, RunExecution>()
  private readonly watchers = new Set<(progress: StepProgress) => void>()
  private closed = false

  constructor(private readonly options: EngineOptions) {
    const { metadata, blobs, clock, runner, stages, projectDir, home, stepEnvironment = () => noEnvironment } = options
    this.store = new RunStore(metadata, blobs)
    this.services = {
      metadata,
      journal: new Journal(metadata),
      blobs,
      clock,
      runner,
      slots: new Slots(runner.slots),
      stages,
      keys: new StepKeys(projectDir, stages, options.environment.millwright),
      logs: new StepLogs(home, { redact: (text) => stepEnvironment().redact(text) }),
      environment: stepEnvironment,
      projectDir,
      configPath: options.configPath ?? join(projectDir, 'millwright.config.ts'),
      workRoot: join(home, 'work'),
      attemptRuns: options.attemptRuns,
      commandEnv: options.commandEnv ?? (() => ({})),
      notify: (progress) => {
        for (const watcher of this.watchers) watcher(progress)
      },
    }
  }

  /**
   * Starts a run, or lets it wait, by the pipeline's policy.
   *
   * @returns the run as recorded, `running` or `queued`.
   * @throws `invalid-definition`, `invalid-request` (parameters, force), `pipeline-busy`, `rules-unmet` for a notebook where they are refused
   */
  async start(request: StartRequest): Promise<RunRecord> {
    const plan = this.planned(request.pipeline)
    const params = runParams(request.pipeline, request.params ?? {})
    const forced = forcedSteps(plan, request.force ?? false)
    const run = await this.newRun(request, params, forced, null)
    const steps = plan.order.map((step) => pendingStep(run.id, step.name))
    return this.admit(
      new RunExecution(this.services, run, plan, byName(steps), false, request.attended),
      steps,
      request.also,
    )
  }

  /**
   * Goes on with a run that failed or was stopped: what is done is not done again.
   *
   * @param also written in the transaction that queues it again.
   * @throws `not-found`, `conflict` when it runs, waits or has succeeded.
   */
  async resume(runId: string, by?: string, also?: StartRequest['also']): Promise<RunRecord> {
    const run = await this.store.run(runId)
    if (this.live.has(runId) || run.state === 'succeeded') {
      throw new MillwrightError('conflict', `The run ${runId} is ${run.state}; there is nothing to resume.`)
    }
    const plan = this.planned(await this.store.pipelineOf(run))
    const steps = resumedSteps(await this.store.steps(run, plan))
    const queued: RunRecord = { ...run, state: 'queued', endedAt: null, error: null }
    return this.admit(new RunExecution(this.services, queued, plan, byName(steps), true, undefined, by), steps, also)
  }

  /**
   * Starts a new run of the same pipeline with the same parameters: this step and all that need it run again, the others keep what the
   * earlier run made of them.
   * @throws `not-found`, `conflict` while the earlier run is not over
   */
  async rerunFrom(
    runId: string,
    step: string,
    { also, ...request }: Pick<StartRequest, 'startedBy' | 'reason' | 'also'>,
  ): Promise<RunRecord> {
    const earlier = await this.store.run(runId)
    if (!isRunOver(earlier.state)) {
      throw new MillwrightError('conflict', `The run ${runId} is ${earlier.state}.`, {
        hint: 'Wait for it, or stop it.',
      })
    }
    const pipeline = await this.store.pipelineOf(earlier)
    const plan = this.planned(pipeline)
    const again = [...forcedSteps(plan, [step]), ...plan.descendants(step)]
    const { definitionHash, params } = earlier
    const run = await this.newRun({ pipeline, definitionHash, ...request }, params, again, runId)
    const steps = stepsKeptFrom(await this.store.steps(earlier, plan), run.id, new Set(again))
    return this.admit(new RunExecution(this.services, run, plan, byName(steps), false), steps, also)
  }

  /**
   * Stops a run and every process of it.
   * @returns the run when it has ended. @throws `not-found`, `conflict` when it is over.
   */
  async stop(runId: string, by: string): Promise<RunRecord> {
    const execution = this.live.get(runId)
    if (!execution) {
      const run = await this.store.run(runId)
      throw new MillwrightError('conflict', `The run ${runId} is ${run.state}; there is nothing to stop.`)
    }
    execution.stop('stop', by)
    return execution.settled
  }

  /**
   * Takes up the runs that an earlier process left unfinished; to be called once, before anything else.
   * @returns the runs that go on or wait.
   */
  async recover(): Promise<RunRecord[]> {
    const left = await this.services.metadata.find('run', { where: { state: ['running', 'interrupted', 'queued'] } })
    // Those that had begun come first: they hold their pipeline's places.
    left.sort((a, b) => Number(a.state === 'queued') - Number(b.state === 'queued'))
    const going: RunRecord[] = []
    for (const run of left) {
      try {
        going.push(await this.takeUp(run))
      } catch (error) {
        const text = `It could not go on after a restart: ${messageOf(error)}`
        await this.services.metadata.transaction((writer) => afterCrash(writer, run, [], text))
      }
    }
    return going.filter((run) => !isRunOver(run.state))
  }

  /** The run when it is over, or was interrupted because the control plane closes. @throws `not-found` */
  async finished(runId: string): Promise<RunRecord> {
    return this.live.get(runId)?.settled ?? this.store.run(runId)
  }

  /** Waits until a run is over, or the step of it that is named, or the signal aborts. */
  async over(runId: string, { step, signal }: { step?: string | undefined; signal: AbortSignal }): Promise<void> {
    const execution = this.live.get(runId)
    if (!execution || signal.aborted) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stopWatching()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const stopWatching = this.onProgress((progress) => {
        if (progress.runId === runId && progress.step === step && isStepOver(progress.state)) end()
      })
      signal.addEventListener('abort', end)
      void execution.settled.then(end)
      // It may have been over before anybody watched.
      if (step !== undefined && execution.isOver(step)) end()
    })
  }

  /** @returns a function that ends it. */
  onProgress(watcher: (progress: StepProgress) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** @param offset a page's `next`, or 0. @throws `invalid-request` for an id that is none. */
  readLog(executionId: string, offset = 0): Promise<LogPage> {
    return this.services.logs.read(executionId, offset)
  }

  /** Calls back whenever the log has more to read. @returns a function that ends it. */
  followLog(executionId: string, onMore: () => void): () => void {
    return this.services.logs.follow(executionId, onMore)
  }

  /** Ends all steps; the next `recover` takes their runs up again. The runner is its owner's to close. */
  async close(): Promise<void> {
    this.closed = true
    const all = [...this.live.values()].filter((execution) => execution.run.state === 'running')
    for (const execution of all) execution.stop('suspend')
    await Promise.all(all.map((execution) => execution.settled))
  }

  private planned(pipeline: PipelineDefinition): PipelinePlan {
    const plan = planPipeline(pipeline)
    refuseNotebooks(this.services.environment(), [pipeline])
    for (const { run } of plan.order) {
      if (run.kind === 'stage' && !this.services.stages.has(run.stage))
        throw unknownStage(run.stage, this.services.stages)
    }
    return plan
  }

  private async newRun(
    request: StartRequest,
    params: Record<string, Json>,
    force: string[],
    from: string | null,
  ): Promise<RunRecord> {
    const { attended } = request
    const [source, packageHash, pipelineHash] = await Promise.all([
      attended?.source ?? this.options.describeSource(),
      attended ? null : this.options.describePackage?.(),
      this.store.keepPipeline(request.pipeline),
    ])
    return {
      id: newId('run'),
      pipeline: request.pipeline.name,
      state: 'queued',
      definitionHash: request.definitionHash,
      packageHash: packageHash ?? null,
      pipelineHash,
      params,
      startedBy: request.startedBy,
      reason: request.reason,
      force,
      from,
      source,
      environment: this.options.environment,
      environmentName: this.services.environment().name,
      time: this.services.clock.now(),
      queuedAt: Date.now(),
      startedAt: null,
      endedAt: null,
      error: null,
    }
  }

  /** Between the policy's answer and the entry in `live` nothing may be awaited. */
  private async admit(
    execution: RunExecution,
    steps: readonly StepRecord[],
    also: StartRequest['also'] = async () => {},
  ): Promise<RunRecord> {
    if (this.closed) throw new MillwrightError('unavailable', 'The control plane is closing.')
    const { run, plan } = execution
    const { now, replaced } = this.admission.ask(plan.pipeline, execution)
    this.hold(execution)
    for (const waiting of replaced) waiting.stop('stop', execution.askedBy)
    const written = this.services.journal.write(async (writer) => {
      await writer.put('run', run)
      for (const step of steps) await writer.put('step', step)
      await this.services.attemptRuns?.queued(writer, run)
      await also(writer, run)
      if (!now) await writer.emit(runQueued(run, execution.askedBy))
    })
    if (now) execution.begin()
    await written
    return execution.run
  }

  private hold(execution: RunExecution): void {
    const { id, pipeline } = execution.run
    this.live.set(id, execution)
    void execution.settled.then(() => {
      if (this.live.get(id) === execution) this.live.delete(id)
      const next = this.admission.end(pipeline, execution)
      if (!this.closed) for (const waiting of next) waiting.begin()
    })
  }

  /** No process outlives the control plane: what logged is over, whatever is made of its step now. */
  private async endLostAttempts({ id }: RunRecord): Promise<void> {
    const { metadata, attemptRuns } = this.services
    const lost = await metadata.find('step', { where: { runId: id, state: 'running' } })
    const runs = lost.flatMap(({ trackedRun }) => trackedRun ?? [])
    if (!attemptRuns || runs.length === 0) return
    await metadata.transaction(async (writer) => {
      for (const each of runs) await attemptRuns.end(writer, each, 'KILLED', null)
    })
  }

  private async takeUp(run: RunRecord): Promise<RunRecord> {
    await this.endLostAttempts(run)
    const pipeline = await this.store.pipelineOf(run)
    const plan = this.planned(pipeline)
    const steps = await this.store.steps(run, plan)
    if (run.state !== 'queued' && pipeline.afterCrash === 'fail') {
      const text = 'The control plane ended while it ran.'
      return this.services.metadata.transaction((writer) => afterCrash(writer, run, steps, text))
    }
    const begun = run.state !== 'queued'
    const execution = new RunExecution(this.services, run, plan, byName(steps), true)
    this.hold(execution)
    if (begun || this.admission.mayStart(pipeline)) {
      this.admission.begin(pipeline.name, execution)
      execution.begin()
    } else this.admission.enqueue(pipeline, execution)
    return execution.run
  }
}

/** @throws `invalid-request` for a step that is not there. */
function forcedSteps(plan: PipelinePlan, force: boolean | readonly string[]): string[] {
  const names = plan.order.map((step) => step.name)
  if (typeof force === 'boolean') return force ? names : []
  for (const name of force) {
    if (names.includes(name)) continue
    throw new MillwrightError('invalid-request', `The pipeline '${plan.pipeline.name}' has no step '${name}'.`, {
      field: 'step',
      hint: `Its steps are ${names.join(', ')}.`,
    })
  }
  return [...force]
}

function byName(steps: readonly StepRecord[]): Map<string, StepRecord> {
  return new Map(steps.map((step) => [step.step, step]))
}
