import type { TrackedRun } from '../contract/tracking.ts'
import type { TrackedRunRow } from '../contract/tracking-view.ts'
import type { RunSearch } from './tracking.ts'

/** What happened in an experiment. */
export interface ExperimentActivity {
  /** Runs that are not deleted. */
  runs: number
  running: number
  /** When a run last began or ended; null without one. */
  lastAt: number | null
}

/** Runs of experiments by their ids, or of all that are not deleted and lie in a folder or below. */
export type WideRunSearch = Omit<RunSearch, 'experiments'> & { experiments: readonly string[] | { folder: string } }

/** What lies in a folder: a folder by its name there, or an experiment. */
export type FolderEntry =
  | { kind: 'folder'; name: string /** That are not deleted, at any depth. */; experiments: number; runs: number }
  | { kind: 'experiment'; name: string; id: string }

/** Columns of a table of runs, by their names. */
export interface RunColumns {
  metrics: readonly string[]
  params: readonly string[]
  tags: readonly string[]
}

export interface CourseQuery {
  /** `origin` is what counts as 0 on an axis of time. */
  runs: readonly { id: string; origin: number }[]
  metric: string
  by: 'step' | 'at'
  /** In the unit of the axis, less the origin; both ends are part of it. */
  from: number | undefined
  to: number | undefined
  /** Stretches that a run has at most. */
  most: number
}

/** A metric of a run: all its points in the order of the axis, or stretches of them. */
export interface Course {
  run: string
  points: number
  isSampled: boolean
  notFinite: number
  xs: number[]
  /** The value, or the mean of a stretch; null where none of it is finite. */
  values: (number | null)[]
  /** Ends of a stretch; absent where every point is there. */
  low?: (number | null)[]
  high?: (number | null)[]
}

/** Reads that screens need: much at once, in short. */
export interface TrackingViews {
  activityOf(experiments: readonly string[]): Promise<Map<string, ExperimentActivity>>
  /**
   * What lies directly in a folder, '' for what lies in none, by name, a page of it. Its cost grows with what it returns, and with the experiments and
   * runs below, which are counted by an index.
   *
   * @param after the entry before, as it came.
   */
  folder(
    path: string,
    page: { after: Pick<FolderEntry, 'kind' | 'name'> | null; limit: number },
  ): Promise<FolderEntry[]>
  /** Experiments that are not deleted in a folder and below, by name. */
  below(folder: string, limit: number): Promise<{ id: string; name: string }[]>
  /** Ids of what the search finds, in order. */
  runIds(search: Omit<WideRunSearch, 'after'>): Promise<string[]>
  /** Of an unknown run nothing; else in the order of the ids. */
  rowsOf(ids: readonly string[], columns: RunColumns): Promise<TrackedRunRow[]>
  /**
   * Runs that are not deleted: whose id of eight signs or more begins so; of the newest 2,000 those with it anywhere in the name, the newest first; of all others
   * whose name begins so, by name. Letters of the alphabet in any case. Its cost does not grow with the number of runs.
   */
  runsCalled(text: string, limit: number): Promise<TrackedRun[]>
  /** Of runs, or of the newest 200 runs of experiments and of 200 others; by how many have them. `text` is a part of the name in any case. */
  names(
    of: { experiments: readonly string[] | { folder: string } } | { runs: readonly string[] },
    kind: 'metric' | 'param' | 'tag',
    page: { text: string; limit: number },
  ): Promise<string[]>
  /**
   * A metric of several runs over one axis. Few points come as they are; of many, the axis is cut into stretches of one width for all runs.
   *
   * @returns the width of a stretch, null where every point is there; a run without points has an empty course.
   */
  courses(query: CourseQuery): Promise<{ width: number | null; courses: Course[] }>
}
