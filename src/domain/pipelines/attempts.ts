import { rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { Artifact, StepRecord } from '../../contract/run.ts'
import type { StepListener, StepOutcome, StepTask, StepWork } from '../../ports/step-runner.ts'
import { beginAttemptRun, endAttemptRun, endOf } from './attempt-runs.ts'
import { AttemptTracking } from './attempt-tracking.ts'
import type { EngineServices } from './engine-services.ts'
import { redactExecutedCopy } from './executed-copy.ts'
import { isInline, runInline } from './inline-attempt.ts'
import type { LiveRun } from './live-run.ts'
import type { PreparedStep, Success } from './prepared-step.ts'
import { notebookParams } from './run-params.ts'
import { withoutSecrets } from './step-environment.ts'
import { stepRetried } from './step-events.ts'
import { unknownStage } from './step-key.ts'
import { failedStep } from './step-record.ts'

/**
 * Tries an execution as often as its definition allows. What used too much memory is not tried again: it would again. A process that
 * somebody killed is no fault of the step, and is made up for once, unless it changes the world outside.
 *
 * @param record pending, or running when the control plane died over it: then an attempt that ended well meanwhile is taken as it is.
 * @param onStart called with the record of the first attempt, to save it.
 * @returns the record as it ended, not yet saved; still `running` when the run was suspended.
 */
export async function attempt(
  services: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  record: StepRecord,
  onStart: (record: StepRecord) => void,
): Promise<StepRecord> {
  const { retries } = prepared.definition
  let allowed = retries.attempts
  let current = record
  if (record.state === 'running') {
    const adopted = await adopt(services, live, prepared, record)
    if (adopted) return over(services, adopted)
  }
  for (let tries = 1; ; tries += 1) {
    const atOnce = live.attended !== undefined || isInline(services, prepared.definition)
    const giveBack = atOnce ? () => undefined : await services.slots.take(live.signal)
    if (!giveBack) return interrupted(live, current)
    current = { ...current, state: 'running', attempt: current.attempt + 1, startedAt: current.startedAt ?? Date.now() }
    if (tries === 1) onStart(current)
    else live.note(current)
    let outcome: StepOutcome | Success
    try {
      current = await beginAttemptRun(services, live, prepared, current)
      const task = taskOf(services, live, prepared, current)
      // The number of an attempt that the crash left no record of is given again; its files must not be taken for this one's.
      if (live.resumed) await rm(task.workDir, { recursive: true, force: true })
      const tracking = new AttemptTracking(services, live, current)
      outcome = await runOnce(services, live, prepared, task, current, tracking)
      current = tracking.record
    } finally {
      giveBack()
    }
    if (!('ok' in outcome)) return succeeded(current, prepared, outcome)
    current = { ...current, exitCode: outcome.exitCode ?? null }
    if (outcome.ok) {
      const kept = await goodEnd(services, outcome).catch((error: unknown) => notKept(current, error))
      return over(services, 'state' in kept ? kept : succeeded(current, prepared, kept))
    }
    await endAttemptRun(services, current, live.signal.aborted ? 'KILLED' : endOf(outcome))
    let artifacts: Artifact[]
    try {
      artifacts = await keepArtifacts(services, outcome.artifacts ?? [])
    } catch (error) {
      return notKept(current, error)
    }
    current = { ...current, artifacts, resources: outcome.resources, progress: null }
    if (live.signal.aborted) return interrupted(live, current)
    const wasKilled = outcome.reason === 'killed'
    // Once: what is killed again and again is better looked at by somebody.
    if (wasKilled && !prepared.sideEffects && allowed === retries.attempts) allowed += 1
    const final = tries >= allowed || outcome.reason === 'memory'
    const hint = final && wasKilled && prepared.sideEffects ? ` ${afterKill}` : ''
    const error = services.environment().redact(outcome.error) + hint
    services.logs.writer(current.id).write('log', `attempt ${current.attempt} failed: ${error}\n`)
    if (final) return failedStep(current, error)
    const waitMs = retries.backoffMs * retries.factor ** (tries - 1)
    // One element of a fan-out is no news of its own.
    if (current.index === null) live.note(current, stepRetried(live.run, current, error, waitMs))
    await pause(waitMs, live.signal)
  }
}

function notKept(record: StepRecord, error: unknown): StepRecord {
  const isOwn = error instanceof MillwrightError && error.code === 'step-failed'
  return failedStep(record, isOwn ? error.message : `Its artifacts could not be kept: ${messageOf(error)}`)
}

/** The record of an attempt that its program brought to an end, when the run that it logged into is ended, too. */
async function over(services: EngineServices, record: StepRecord): Promise<StepRecord> {
  await endAttemptRun(services, record, record.state === 'succeeded' ? 'FINISHED' : 'FAILED')
  return record
}

const afterKill =
  'It changes the world outside, so it is not begun again by itself: see how far it came, then resume the run, or give it retries.'

function succeeded(record: StepRecord, { definition }: PreparedStep, success: Success): StepRecord {
  const left = new Set(success.artifacts.map(({ name }) => name))
  const lacking = (definition.yields ?? []).filter((name) => !left.has(name))
  if (lacking.length > 0)
    return failedStep(
      record,
      `It ended without the artifact ${lacking.join(', ')}, which the definition says it yields; it left ${[...left].join(', ') || 'none'}.`,
    )
  return { ...record, state: 'succeeded', ...success, error: null, endedAt: Date.now(), progress: null }
}

function interrupted(live: LiveRun, record: StepRecord): StepRecord {
  if (live.signal.reason === 'suspend') return record
  return { ...record, state: 'stopped', error: 'It was stopped.', endedAt: Date.now(), progress: null }
}

async function adopt(
  services: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  record: StepRecord,
): Promise<StepRecord | undefined> {
  if (isInline(services, prepared.definition)) return undefined
  const task = taskOf(services, live, prepared, record)
  const outcome = await services.runner.adopt({ ...task, work: await workOf(services, live, prepared, record) })
  return outcome?.ok ? succeeded(record, prepared, await goodEnd(services, outcome)) : undefined
}

async function runOnce(
  services: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  task: Omit<StepTask, 'work'>,
  record: StepRecord,
  listener: StepListener,
): Promise<StepOutcome | Success> {
  try {
    if (isInline(services, prepared.definition)) return await runInline(services, live, prepared, task, listener)
    const work = await workOf(services, live, prepared, record)
    return await services.runner.run({ ...task, work }, listener, live.signal)
  } catch (error) {
    const hint = error instanceof MillwrightError && error.hint ? ` ${error.hint}` : ''
    if (error instanceof Error && error.stack && !(error instanceof MillwrightError)) {
      listener.log('err', `${error.stack}\n`)
    }
    return { ok: false, reason: 'error', error: messageOf(error) + hint, resources: null }
  }
}

async function workOf(
  services: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  record: StepRecord,
): Promise<StepWork> {
  const { run } = prepared.definition
  if (run.kind === 'function') {
    return { kind: 'function', config: services.configPath, codeVersion: prepared.codeVersion }
  }
  if (run.kind === 'command' || run.kind === 'notebook') {
    const { projectDir, workRoot } = services
    const secrets = await services.environment().secrets()
    const env = { ...live.attended?.env, ...(await services.commandEnv(record, live.run)), ...run.env, ...secrets }
    const pythonOf = ({ lock }: { lock: string }) => ({
      lock: resolve(projectDir, lock),
      kept: join(dirname(workRoot), 'python'),
    })
    if (run.kind === 'notebook') {
      const notebook = resolve(projectDir, run.notebook)
      const parameters = notebookParams(prepared.definition, prepared.params, record.element)
      return { kind: 'notebook', notebook, parameters, cwd: projectDir, env, python: pythonOf(run.python) }
    }
    const cwd = resolve(projectDir, run.cwd ?? '.')
    const python = run.python ? { python: pythonOf(run.python) } : {}
    return { kind: 'command', command: run.command, cwd, env, ...python }
  }
  const stage = services.stages.get(run.stage)
  if (stage?.kind !== 'module') throw unknownStage(run.stage, services.stages)
  return { kind: 'module', module: stage.module.href }
}

function taskOf(
  services: EngineServices,
  live: LiveRun,
  { definition, params, inputs, inputsKey }: PreparedStep,
  record: StepRecord,
): Omit<StepTask, 'work'> {
  return {
    executionId: record.id,
    runId: record.runId,
    pipeline: live.run.pipeline,
    step: record.step,
    attempt: record.attempt,
    params,
    settings: services.environment().settings,
    element: record.element,
    inputs,
    inputsKey,
    workDir: workDirOf(services, record),
    limits: {
      timeoutMs: definition.timeoutMs,
      memoryMb: Math.min(definition.memoryMb, services.environment().memoryMb ?? Number.POSITIVE_INFINITY),
    },
    artifactPath: (hash) => services.blobs.pathOf(hash),
  }
}

function workDirOf(services: EngineServices, record: StepRecord): string {
  const place = record.index === null ? record.step : `${record.step}.${record.index}`
  return join(services.workRoot, record.runId, `${place}-${record.attempt}`)
}

/** Large files go as soon as the step's end is durable; the rest goes with the run's folder. */
export function discardFiles(services: EngineServices, record: StepRecord): void {
  if (record.artifacts.length > 0) void rm(workDirOf(services, record), { recursive: true, force: true })
}

async function keepArtifacts(
  services: EngineServices,
  files: readonly { name: string; type: string; path: string }[],
): Promise<Artifact[]> {
  const artifacts: Artifact[] = []
  for (const { name, type, path } of files) {
    if (type === 'notebook') await redactExecutedCopy(path, (text) => services.environment().redact(text))
    artifacts.push({ name, type, ...(await services.blobs.putFile(path)) })
  }
  return artifacts
}

async function goodEnd(services: EngineServices, outcome: StepOutcome & { ok: true }): Promise<Success> {
  const artifacts = await keepArtifacts(services, outcome.artifacts)
  const output = withoutSecrets(services.environment(), outcome.output)
  return { output, artifacts, resources: outcome.resources, exitCode: outcome.exitCode ?? null }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
