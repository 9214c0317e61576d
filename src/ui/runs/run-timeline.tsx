import { type ReactNode, useMemo } from 'react'
import type { StepDefinition } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { Figure } from '../components/chart/figure.tsx'
import { csvOf } from '../components/csv.ts'
import type { Column } from '../components/data-table.tsx'
import { duration } from '../format.ts'
import { runSpans, type Span } from './run-spans.ts'
import { StepStateWord } from './states.tsx'
import { timelineSvg } from './timeline-svg.ts'

const says =
  'When each step waited for its turn and ran, by the wall clock; what was reused or skipped took no time of its own.'

const columns: Column<Span>[] = [
  { id: 'step', header: 'Step', accessorFn: ({ step }) => step },
  { id: 'state', header: 'State', accessorFn: ({ state }) => state },
  { id: 'ready', header: 'Ready, ms UTC', accessorFn: ({ readyAt }) => readyAt },
  { id: 'start', header: 'Start, ms UTC', accessorFn: ({ startedAt }) => startedAt },
  { id: 'end', header: 'End, ms UTC', accessorFn: ({ endedAt }) => endedAt },
]

/** A run over the wall clock, a step a line. */
export function RunTimeline({
  run,
  steps,
  records,
  now,
  current,
  onPick,
  actions,
}: {
  run: RunRecord
  steps: readonly StepDefinition[]
  records: ReadonlyMap<string, StepRecord>
  now: number
  current: string | undefined
  onPick: (step: string) => void
  actions: ReactNode
}) {
  const { from, to, spans } = useMemo(() => runSpans(run, steps, records, now), [run, steps, records, now])
  const place = (time: number): string => `${(100 * (time - from)) / (to - from)}%`
  const wide = (start: number, end: number): string => `${(100 * Math.max(0, end - start)) / (to - from)}%`
  const waited = (run.startedAt ?? to) - run.queuedAt
  return (
    <Figure
      title="Steps over time"
      says={says}
      files={{ csv: () => csvOf(spans, columns), svg: () => timelineSvg(run.pipeline, from, to, spans) }}
      actions={actions}
      className="run-timeline"
    >
      <ol>
        <li className="axis muted numbers" aria-hidden="true">
          <span />
          <span>
            {[0, 0.25, 0.5, 0.75, 1].map((share) => (
              <i key={share} style={{ left: `${share * 100}%` }}>
                {duration(share * (to - from))}
              </i>
            ))}
          </span>
        </li>
        {waited > 50 && (
          <li>
            <span className="muted">in the queue</span>
            <span className="lane">
              <i className="waited" style={{ left: 0, width: wide(run.queuedAt, run.queuedAt + waited) }} />
            </span>
          </li>
        )}
        {spans.map(({ step, state, readyAt, startedAt, endedAt }) => (
          <li key={step}>
            <button type="button" aria-current={step === current ? 'true' : undefined} onClick={() => onPick(step)}>
              <span>{step}</span>
              <StepStateWord state={state} />
              <span className="numbers">
                {startedAt !== null && endedAt !== null ? duration(endedAt - startedAt) : '–'}
              </span>
            </button>
            <span className="lane">
              {readyAt !== null && startedAt !== null && startedAt > readyAt && (
                <i
                  className="waited"
                  title={`waited ${duration(startedAt - readyAt)}`}
                  style={{ left: place(readyAt), width: wide(readyAt, startedAt) }}
                />
              )}
              {startedAt !== null && endedAt !== null && (
                <i
                  className={`ran state-${state}`}
                  title={`ran ${duration(endedAt - startedAt)}`}
                  style={{ left: place(startedAt), width: wide(startedAt, endedAt) }}
                />
              )}
              {startedAt === null && endedAt !== null && endedAt >= from && endedAt <= to && (
                <i className="moment" title={state} style={{ left: place(endedAt) }} />
              )}
            </span>
          </li>
        ))}
      </ol>
    </Figure>
  )
}
