import type { RunningServer } from '../../src/server/start.ts'

/** A run of the first experiment, with an id of one's own. */
export const givenRun = ({ plane }: RunningServer, id: string, isDeleted = false): Promise<void> =>
  plane.data.metadata.transaction(({ tracking }) =>
    tracking.insertRun({
      id,
      experimentId: '0',
      name: 'given',
      user: 'ada',
      status: 'RUNNING',
      startedAt: 0,
      endedAt: null,
      isDeleted,
      deletedAt: isDeleted ? 1 : null,
    }),
  )
