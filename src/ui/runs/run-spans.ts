import type { StepDefinition } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { StepState } from '../../contract/states.ts'

/** When a step waited and ran, wall-clock UTC milliseconds. */
export interface Span {
  step: string
  state: StepState
  /** When nothing that it needs kept it any more; null where it did not start in this run. */
  readyAt: number | null
  startedAt: number | null
  endedAt: number | null
}

/**
 * A run over the wall clock, a step a line. What was reused, skipped or never reached has a moment at most.
 *
 * @param steps of the pipeline, in order. @param now until where what runs has come.
 */
export function runSpans(
  run: RunRecord,
  steps: readonly StepDefinition[],
  records: ReadonlyMap<string, StepRecord>,
  now: number,
): { from: number; to: number; spans: Span[] } {
  const begin = run.startedAt ?? run.queuedAt
  const spans = steps.map(({ name, needs }): Span => {
    const record = records.get(name)
    const startedAt = record?.startedAt ?? null
    if (!record || startedAt === null || record.state === 'reused' || record.state === 'skipped')
      return {
        step: name,
        state: record?.state ?? 'pending',
        readyAt: null,
        startedAt: null,
        endedAt: record?.endedAt ?? null,
      }
    const free = needs.map((need) => records.get(need)?.endedAt ?? begin)
    return {
      step: name,
      state: record.state,
      readyAt: Math.min(startedAt, Math.max(begin, ...free)),
      startedAt,
      endedAt: record.endedAt ?? now,
    }
  })
  const ends = spans.flatMap(({ endedAt }) => (endedAt === null ? [] : [endedAt]))
  return { from: run.queuedAt, to: Math.max(run.endedAt ?? now, run.queuedAt + 1, ...ends), spans }
}
