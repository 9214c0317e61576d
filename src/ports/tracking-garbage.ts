import type { TrackedRun } from '../contract/tracking.ts'

/** What is removed for good some time after it was deleted. */
export const collectedKinds = ['experiment', 'model', 'run'] as const
export type CollectedKind = (typeof collectedKinds)[number]

/** A run, a logged model or an experiment that is deleted. */
export interface DeletedItem extends Pick<TrackedRun, 'id' | 'name' | 'experimentId'> {
  /** Wall-clock UTC milliseconds; null for what is only in an experiment that was deleted. */
  deletedAt: number | null
}

/** A place in the order of deletion. */
export type DeletedPlace = readonly [at: number, id: string]

/** Rows of the store: points of metrics, and params, tags, inputs and the like. */
export interface StoredRows {
  points: number
  values: number
}

/**
 * What was deleted goes in two steps: marked, it is there for no read any more and does not come back; then its rows go, a few at a time. So a process
 * that dies in between leaves what the next one goes on with, and nobody ever sees a part of a run.
 */
export interface TrackingGarbageReader {
  /**
   * What was deleted up to a time, the first first, a page of it. An experiment with a run that is not deleted, or was later, is none of it, and neither is the
   * first one, `0`, which clients take where nothing is said.
   */
  due(kind: CollectedKind, page: { before: number; after: DeletedPlace | null; limit: number }): Promise<DeletedItem[]>
  /** What an experiment has, deleted or not, by id, a page of it. */
  within(experimentId: string, kind: 'run' | 'model', page: { after: string; limit: number }): Promise<DeletedItem[]>
  /** What is marked and not removed yet. */
  marked(kind: CollectedKind, limit: number): Promise<Pick<DeletedItem, 'id' | 'experimentId'>[]>
  /** Whether it is marked and not removed yet. */
  isMarked(kind: CollectedKind, id: string): Promise<boolean>
  /** Rows of a run or a model, read a part at a time. */
  rowsOf(kind: 'run' | 'model', id: string): Promise<StoredRows>
}

export interface TrackingGarbageWriter extends TrackingGarbageReader {
  /** Of those that are deleted still, up to a time where one is given. @returns the ids of those that it marked */
  mark(kind: CollectedKind, ids: readonly string[], before: number | null): Promise<string[]>
  /** Marks so many of the runs and models of an experiment that is marked, whatever their state. @returns how many; 0 when all are. */
  markWithin(experimentId: string, limit: number): Promise<number>
  /** Removes some `limit` rows of a run or a model that is marked. @returns how many, and whether nothing is left */
  removeRows(kind: 'run' | 'model', id: string, limit: number): Promise<StoredRows & { isEmpty: boolean }>
  /** Removes what has no rows left. Of a run that points of a model name the id stays for them, and nothing else. Ids never come again. */
  remove(kind: CollectedKind, id: string): Promise<void>
}
