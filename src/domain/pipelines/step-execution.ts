import { MillwrightError, messageOf } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { Json, StepDefinition } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'
import { attempt, discardFiles } from './attempts.ts'
import { conditionHolds, conditionText } from './condition.ts'
import type { EngineServices } from './engine-services.ts'
import { fanOut } from './fan-out.ts'
import type { LiveRun } from './live-run.ts'
import type { PreparedStep } from './prepared-step.ts'
import { resolveReference } from './reference.ts'
import { reuse } from './reuse.ts'
import { stepParams } from './run-params.ts'
import { stepOver, stepStarted } from './step-events.ts'
import { keyOf } from './step-key.ts'
import { failedStep, pendingAgain } from './step-record.ts'

/**
 * Brings one step, whose needs are done, to its end: skips it, reuses an equal one, or runs it.
 *
 * @returns the record as it ended; what only this run needs to know is durable when it has run, while a skipped or reused step may be
 * found out again after a crash.
 */
export async function executeStep(
  services: EngineServices,
  live: LiveRun,
  definition: StepDefinition,
  before: StepRecord,
): Promise<StepRecord> {
  let ended: StepRecord
  try {
    ended = await bringToEnd(services, live, definition, before)
  } catch (error) {
    const hint = error instanceof MillwrightError && error.hint ? ` ${error.hint}` : ''
    ended = failedStep(before, messageOf(error) + hint)
  }
  if (ended.state === 'running' || ended.state === 'pending') return ended
  const news = stepOver(live.run, ended)
  const told = news ? [news] : []
  if (ended.state === 'reused' || ended.state === 'skipped') live.note(ended, ...told)
  else await live.save(ended, ...told)
  if (ended.elements === null) discardFiles(services, ended)
  await services.logs.finish(ended.id)
  return ended
}

async function bringToEnd(
  services: EngineServices,
  live: LiveRun,
  definition: StepDefinition,
  before: StepRecord,
): Promise<StepRecord> {
  const wasRunning = before.state === 'running'
  if (definition.when && !wasRunning && !conditionHolds(definition.when, live.scope)) {
    const now = Date.now()
    const because = `skipped: it runs when ${conditionText(definition.when)}`
    return { ...before, state: 'skipped', because, startedAt: now, endedAt: now }
  }
  const elements = definition.forEach === undefined ? undefined : elementsFor(definition, definition.forEach, live)
  const params = stepParams(definition, live.run.params)
  const inputs = live.inputsOf(definition.takes ?? definition.needs)
  const parts = await services.keys.parts(
    live.run.pipeline,
    definition,
    params,
    inputs,
    services.environment().settings,
  )
  if (elements) parts.elements = hashOf(elements)
  const key = keyOf(parts)
  const sideEffects = definition.sideEffects || hasSideEffects(services, definition)
  const forced = live.forced.has(definition.name)
  const reusable = !sideEffects && !forced
  // What an attempt under other code left behind is not this key's outcome.
  const same = !wasRunning || before.key === key || elements !== undefined
  let record: StepRecord & { key: string } = { ...(same ? before : pendingAgain(before)), key, keyParts: parts }
  if (reusable && !wasRunning) {
    const reused = await reuse(services, record)
    if (reused) return reused
  }
  const because = wasRunning
    ? before.because
    : sideEffects
      ? 'ran because it changes the world outside: such a step is never reused'
      : forced
        ? 'ran because it was asked to'
        : await live.reasons.whyItRuns(definition.name, parts)
  record = { ...record, because }
  const functionStep = definition.run.kind === 'function'
  const prepared: PreparedStep = {
    definition,
    params,
    inputs,
    inputsKey: `${live.run.id}/${definition.name}`,
    sideEffects,
    codeVersion: functionStep ? await services.keys.projectVersion(services.configPath) : '',
  }
  if (!elements) {
    return attempt(services, live, prepared, record, (started) => {
      const news = stepStarted(live.run, started)
      // Its end can be taken over after a crash only if its start is known, and this one should not happen twice.
      if (sideEffects) void live.save(started, news)
      else live.note(started, news)
    })
  }
  const { elements: _, ...common } = parts
  const step = wasRunning ? { ...pendingAgain(record), key, keyParts: parts, because } : record
  return fanOut(services, live, prepared, step, elements, reusable ? common : undefined)
}

function elementsFor(definition: StepDefinition, forEach: string, live: LiveRun): Json[] {
  const list = resolveReference(forEach, live.scope)
  if (Array.isArray(list)) return list
  const is = list === undefined ? 'is not there' : `is ${JSON.stringify(list).slice(0, 60)}`
  throw new MillwrightError('step-failed', `The step ${definition.name} runs for each of ${forEach}, which ${is}.`, {
    hint: 'It must be a list.',
  })
}

function hasSideEffects(services: EngineServices, { run }: StepDefinition): boolean {
  return run.kind === 'stage' && services.stages.get(run.stage)?.sideEffects === true
}
