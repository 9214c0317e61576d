import type { TrackedRunStatus } from '../../contract/tracking.ts'

/** As a filter names them. */
export const trackedRunWords: readonly TrackedRunStatus[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']
