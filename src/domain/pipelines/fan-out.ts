import { hashOf } from '../../base/hash.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'
import { isStepDone } from '../../contract/states.ts'
import { attempt, discardFiles } from './attempts.ts'
import type { EngineServices } from './engine-services.ts'
import type { LiveRun } from './live-run.ts'
import type { PreparedStep } from './prepared-step.ts'
import { reuse } from './reuse.ts'
import { stepStarted } from './step-events.ts'
import { type KeyParts, keyOf } from './step-key.ts'
import { pendingAgain, pendingStep } from './step-record.ts'

const countsEvery = 1000

/**
 * One execution for each element. A failed element fails the step but not the other elements, so that what can be done is done and a
 * resumed run has only the rest to do.
 *
 * @param parts what all elements depend on; undefined when nothing may be reused.
 * @returns the step's own record as it ended, not yet saved.
 */
export async function fanOut(
  services: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  step: StepRecord,
  elements: readonly Json[],
  parts: KeyParts | undefined,
): Promise<StepRecord> {
  const own = { ...parts, step: hashOf(prepared.definition.name) }
  const records = new Array<StepRecord | undefined>(elements.length)
  for (const earlier of live.resumed ? await elementsOf(services, step) : []) records[earlier.index!] = earlier
  const counts = { total: elements.length, ran: 0, reused: 0, failed: 0 }
  let current: StepRecord = { ...step, state: 'running', startedAt: step.startedAt ?? Date.now(), elements: counts }
  live.note(current, stepStarted(live.run, current))

  let lastSaved = Date.now()
  const count = (record: StepRecord): void => {
    if (record.state === 'reused') counts.reused += 1
    else if (record.state === 'failed') counts.failed += 1
    else counts.ran += 1
    const done = counts.ran + counts.reused + counts.failed
    const progress = { done: done / counts.total, message: `${done} of ${counts.total}` }
    current = { ...current, elements: { ...counts }, progress }
    const now = Date.now()
    if (now - lastSaved < countsEvery) return
    lastSaved = now
    live.note(current)
    const { id, runId, state } = current
    services.notify({ runId, executionId: id, step: step.step, state, progress, elements: counts, usage: null })
  }
  const element = async (index: number): Promise<void> => {
    const before = records[index]
    if (before && isStepDone(before.state)) return count(before)
    const fresh = pendingStep(step.runId, step.step, { index, value: elements[index]! })
    let record = before ? (before.state === 'running' ? before : pendingAgain(before)) : fresh
    if (parts) {
      const key = keyOf(own, { value: elements[index]! })
      // What an attempt under other code left behind is not this key's outcome.
      if (before && before.key !== key) record = pendingAgain(before)
      const keyed = { ...record, key }
      const reused = await reuse(services, keyed)
      if (reused) {
        records[index] = reused
        live.note(reused)
        return count(reused)
      }
      record = { ...keyed, because: 'ran because nothing equal had' }
    }
    record = await attempt(services, live, prepared, record, (started) => live.note(started))
    records[index] = record
    if (record.state === 'running' || record.state === 'pending') return
    await live.save(record)
    discardFiles(services, record)
    void services.logs.finish(record.id)
    count(record)
  }

  // More lanes than places, so that one is never empty while a record is written.
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < elements.length && !live.signal.aborted) {
      next += 1
      await element(next - 1)
    }
  }
  await Promise.all(Array.from({ length: 4 * services.runner.slots }, lane))
  return summedUp({ ...current, elements: { ...counts } }, records, live)
}

function summedUp(step: StepRecord, records: (StepRecord | undefined)[], live: LiveRun): StepRecord {
  if (live.signal.aborted) {
    if (live.signal.reason === 'suspend') return step
    return { ...step, state: 'stopped', error: 'It was stopped.', endedAt: Date.now(), progress: null }
  }
  const all = records as StepRecord[]
  const ended = { ...step, endedAt: Date.now(), progress: null, resources: resourcesOf(all) }
  const failed = all.filter((record) => record.state === 'failed')
  const first = failed[0]
  if (first) {
    const error = `${failed.length} of ${all.length} elements failed; the first, ${first.index}: ${first.error}`
    return { ...ended, state: 'failed', error }
  }
  const reused = all.length > 0 && all.every((record) => record.state === 'reused')
  return {
    ...ended,
    state: reused ? 'reused' : 'succeeded',
    because: reused ? 'reused: every element was there already' : step.because,
    reusedFrom: reused ? all[0]!.reusedFrom : null,
    output: all.map((record) => record.output),
    artifacts: all.flatMap((record) => record.artifacts),
  }
}

function resourcesOf(all: readonly StepRecord[]): StepRecord['resources'] {
  const known = all.flatMap((record) => (record.state === 'reused' || !record.resources ? [] : [record.resources]))
  if (known.length === 0) return null
  const peaks = known.flatMap(({ peakMemoryMb }) => (peakMemoryMb === null ? [] : [peakMemoryMb]))
  return {
    peakMemoryMb: peaks.length === 0 ? null : peaks.reduce((most, peak) => Math.max(most, peak)),
    cpuSeconds: known.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  }
}

async function elementsOf(services: EngineServices, step: StepRecord): Promise<StepRecord[]> {
  const all = await services.metadata.find('step', { where: { runId: step.runId } })
  return all.filter((record) => record.step === step.step && record.index !== null)
}
