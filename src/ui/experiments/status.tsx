import type { TrackedRunStatus } from '../../contract/tracking.ts'
import type { IconName } from '../components/icon.tsx'
import { Mark } from '../components/mark.tsx'

const marks: Record<TrackedRunStatus, IconName> = {
  RUNNING: 'working',
  SCHEDULED: 'idle',
  FINISHED: 'good',
  FAILED: 'bad',
  KILLED: 'stopped',
}

/** A status of a tracked run in its shape and its word. */
export function StatusWord({ status }: { status: TrackedRunStatus }) {
  return (
    <span className="state-word">
      <Mark name={marks[status]} /> {status.toLowerCase()}
    </span>
  )
}
