import type { StepRecord } from '../../contract/run.ts'
import { Icon } from '../components/icon.tsx'
import { Panel } from '../components/panel.tsx'
import { StepLog } from './step-log.tsx'

const lastLines = 12

/** Why a step failed: the error first, then the last that it said. */
export function StepFailure({ record, onOpen }: { record: StepRecord; onOpen: () => void }) {
  const attempts = record.attempt > 1 ? `, at the attempt ${record.attempt}` : ''
  return (
    <Panel
      title={`${record.step} failed${attempts}`}
      says="The error, and the last lines that the step said before it."
      className="step-failure"
      actions={
        <button type="button" onClick={onOpen}>
          Whole log
        </button>
      }
    >
      <p className="error" role="alert">
        <span>
          <Icon name="bad" /> {record.error}
        </span>
      </p>
      <div className="last-lines">
        <StepLog run={record.runId} step={record.step} tail={lastLines} isLive={false} />
      </div>
    </Panel>
  )
}
