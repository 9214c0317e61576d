import type { Filter } from '../contract/search/filter-syntax.ts'
import type { OrderItem } from '../contract/search/parse-order.ts'
import type {
  Experiment,
  LoggedModel,
  LoggedModelFacts,
  MetricPoint,
  RunFacts,
  RunInput,
  RunModels,
  TrackedRun,
} from '../contract/tracking.ts'
import type { TrackingGarbageReader, TrackingGarbageWriter } from './tracking-garbage.ts'
import type { TrackingViews } from './tracking-views.ts'

/** Active, deleted or both. */
export type Lifecycle = 'active' | 'deleted' | 'all'

/** A place within the points of a metric, in the order of time, step and value. */
export interface PointPlace {
  at: number
  step: number
  /** NaN comes after every number. */
  value: number
}

/** A dataset that a run of an experiment read; the context is what for, such as `training`. */
export interface DatasetUse {
  experimentId: string
  name: string
  digest: string
  context: string | null
}

/** A place in an order, as the page before it gave it. */
export type OrderPlace = readonly (string | number | null)[]

export interface RunSearch {
  /** Ids; without any nothing is found. */
  experiments: readonly string[]
  lifecycle: Lifecycle
  filter: Filter | undefined
  /** Then the newest first, then by id. */
  order: readonly OrderItem[]
  limit: number
  after: OrderPlace | undefined
}

export interface RunPage {
  runs: TrackedRun[]
  /**
   * Of each run, where it stands: for each key of the order two values, of a metric whether it is a number (0), NaN (1) or absent (2) and the number, of others
   * whether it is absent (1) and the value; then the time of the start, unless that is among the keys, and the id. Texts are in the order of their bytes.
   */
  places: OrderPlace[]
  /** Null when there are no more. */
  next: OrderPlace | null
}

export interface ExperimentSearch {
  lifecycle: Lifecycle
  filter: Filter | undefined
  /** Then by number, the greatest first. */
  order: readonly OrderItem[]
  limit: number
  after: OrderPlace | undefined
}

/**
 * Tells whether what was read of a run still holds: when anything of a run, or of what its messages say, is changed, its revision rises above every number that
 * `now` gave before the change was committed. Revisions are counted anew by each process, which is the only one that writes.
 */
export interface RunRevisions {
  /** The latest revision of all. */
  now(): number
  of(id: string): number
}

/**
 * Experiments and what scripts log, in the same database as the records, so that a change and its event are one commit.
 *
 * Reads of one run cost as much as that run has, whatever else there is.
 */
export interface TrackingReader {
  readonly models: LoggedModelReader
  readonly views: TrackingViews
  readonly garbage: TrackingGarbageReader
  readonly revisions: RunRevisions
  experiment(id: string): Promise<Experiment | undefined>
  /** The active one of the name; else the one that was changed last of those deleted. */
  experimentNamed(name: string): Promise<Experiment | undefined>
  /** What the filter finds, in order, a page of it. */
  experiments(search: ExperimentSearch): Promise<{ experiments: Experiment[]; next: OrderPlace | null }>
  run(id: string): Promise<TrackedRun | undefined>
  /** What the filter finds, in order, a page of it. Pages never overlap. */
  searchRuns(search: RunSearch): Promise<RunPage>
  /** Facts of runs, by their ids; of an unknown one nothing. */
  factsOf(ids: readonly string[]): Promise<Map<string, RunFacts>>
  inputsOf(ids: readonly string[]): Promise<Map<string, RunInput[]>>
  /** Models of runs; of one without any nothing. */
  modelsOf(ids: readonly string[]): Promise<Map<string, RunModels>>
  /** Params of the run among the keys. */
  paramsOf(id: string, keys: readonly string[]): Promise<Map<string, string>>
  /** Points of a metric in the order of (time, step, value), `after` a place. */
  points(id: string, metric: string, page: { after?: PointPlace | undefined; limit: number }): Promise<MetricPoint[]>
  /**
   * A sample of a metric in the order of (step, time, value): where there are more than `limit`, the first of each of so many parts of one length, and the last point in
   * place of the last of them.
   *
   * @param steps only points of these, the bounds among them.
   */
  sampledPoints(
    id: string,
    metric: string,
    sample: { steps?: { from: number; to: number } | undefined; limit: number },
  ): Promise<MetricPoint[]>
  /** Datasets that runs of the experiments read, each context once; ordered by experiment, name, digest and context. */
  datasets(experiments: readonly string[], limit: number): Promise<DatasetUse[]>
}

/** The data that a metric of a model was measured on; null for any digest. */
export interface MeasuredOn {
  name: string
  digest: string | null
}

export interface ModelSearch {
  /** Ids; without any nothing is found. */
  experiments: readonly string[]
  filter: Filter | undefined
  /** Those measured on one of them, and metrics of the filter mean those; empty for whatever it was. */
  datasets: readonly MeasuredOn[]
  /** Of a metric the last point counts, measured on that data where it is said. Then the newest first, then by id. */
  order: readonly (OrderItem & { dataset?: MeasuredOn })[]
  limit: number
  after: OrderPlace | undefined
}

/** Models that scripts logged, before anybody registers them. */
export interface LoggedModelReader {
  get(id: string): Promise<LoggedModel | undefined>
  /** Of those that are not deleted what the filter finds, in order, a page of it. */
  search(search: ModelSearch): Promise<{ models: LoggedModel[]; next: OrderPlace | null }>
  factsOf(ids: readonly string[]): Promise<Map<string, LoggedModelFacts>>
}

export interface LoggedModelWriter extends LoggedModelReader {
  insert(model: LoggedModel): Promise<void>
  update(id: string, change: Partial<Pick<LoggedModel, 'status' | 'isDeleted' | 'changedAt'>>): Promise<void>
  /** Of keys that the model has not. */
  addParams(id: string, params: readonly { key: string; value: string }[]): Promise<void>
  setTags(id: string, tags: readonly { key: string; value: string }[]): Promise<void>
  /** @returns whether it was there. */
  removeTag(id: string, key: string): Promise<boolean>
}

export interface TrackingWriter extends TrackingReader {
  readonly models: LoggedModelWriter
  readonly garbage: TrackingGarbageWriter
  /** The same again changes nothing. */
  addModels(id: string, models: RunModels): Promise<void>
  /** Gives it its id. @throws `already-exists` when an active one has the name. */
  insertExperiment(experiment: Omit<Experiment, 'id'>): Promise<Experiment>
  /** @throws `already-exists` when another active one has the name. */
  updateExperiment(
    id: string,
    change: Partial<Pick<Experiment, 'name' | 'artifactLocation' | 'isDeleted' | 'changedAt'>>,
  ): Promise<void>
  setExperimentTag(id: string, key: string, value: string): Promise<void>
  /** @returns whether it was there. */
  removeExperimentTag(id: string, key: string): Promise<boolean>
  insertRun(run: TrackedRun): Promise<void>
  updateRun(
    id: string,
    change: Partial<Pick<TrackedRun, 'name' | 'status' | 'endedAt' | 'isDeleted' | 'deletedAt'>>,
  ): Promise<void>
  /** Of all runs of an experiment that are in the other state. */
  markRuns(experimentId: string, change: Pick<TrackedRun, 'isDeleted' | 'deletedAt'>): Promise<void>
  /** The identical point again changes nothing. One of a logged model is the model's, too. */
  addPoints(id: string, points: readonly MetricPoint[]): Promise<void>
  /** Of keys that the run has not. */
  addParams(id: string, params: readonly { key: string; value: string }[]): Promise<void>
  setTags(id: string, tags: readonly { key: string; value: string }[]): Promise<void>
  /** @returns whether it was there. */
  removeTag(id: string, key: string): Promise<boolean>
  /** The same dataset again changes nothing but its tags. */
  addInputs(id: string, inputs: readonly RunInput[]): Promise<void>
  /** As in a new database: the experiment `Default` with the id 0, and nothing else. */
  clear(): Promise<void>
}
