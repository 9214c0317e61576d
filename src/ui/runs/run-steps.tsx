import { useEffect, useState } from 'react'
import type { StepDefinition } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { Panel } from '../components/panel.tsx'
import { StepPicture, worldNote } from '../pipelines/step-picture.tsx'
import { isRunOver } from './over.ts'
import { RunTimeline } from './run-timeline.tsx'

/** Wall-clock time, which moves while something runs. */
function useWallClock(moves: boolean): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!moves) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [moves])
  return now
}

/** The steps of a run: what needed what, or what ran when. */
export function RunSteps({
  run,
  steps,
  records,
  current,
  view,
  onPick,
  onView,
}: {
  run: RunRecord
  steps: readonly StepDefinition[]
  records: ReadonlyMap<string, StepRecord>
  current: string | undefined
  view: 'timeline' | undefined
  onPick: (step: string) => void
  onView: (view: 'timeline' | undefined) => void
}) {
  const now = useWallClock(!isRunOver(run.state))
  const choice = (
    <>
      <button type="button" aria-pressed={view === undefined} onClick={() => onView(undefined)}>
        Graph
      </button>
      <button type="button" aria-pressed={view === 'timeline'} onClick={() => onView('timeline')}>
        Timeline
      </button>
    </>
  )
  if (view === 'timeline')
    return (
      <RunTimeline
        run={run}
        steps={steps}
        records={records}
        now={now}
        current={current}
        onPick={onPick}
        actions={choice}
      />
    )
  return (
    <Panel
      title="Steps"
      says={`Each step behind what it needs, with its state; choose one to see its log, its reason and what it made.${worldNote(steps)}`}
      className="run-graph"
      actions={<div className="actions">{choice}</div>}
    >
      <StepPicture
        label={`Steps of ${run.pipeline}`}
        steps={steps}
        records={records}
        current={current}
        onPick={onPick}
      />
    </Panel>
  )
}
