type Given = Record<string, unknown>
const lifecycles = ['active', 'deleted', 'all'] as const
type Lifecycle = (typeof lifecycles)[number]
const lifecycleOf = (value: unknown): Lifecycle | undefined => lifecycles.find((each) => each === value)
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
/** Ids of digits come as numbers out of an address. */
const idText = (value: unknown): string | undefined => (typeof value === 'number' ? String(value) : text(value))
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

export interface ExperimentsSearch {
  q?: string | undefined
  sort?: string | undefined
  lifecycle?: Lifecycle | undefined
  /** Ids of chosen experiments, separated by commas. */
  pick?: string | undefined
  /** `team/churn`; the first level without one. */
  folder?: string | undefined
}

export const experimentsSearch = (given: Given): ExperimentsSearch => ({
  q: idText(given.q),
  sort: text(given.sort),
  lifecycle: lifecycleOf(given.lifecycle),
  pick: idText(given.pick),
  folder: idText(given.folder),
})

/** How the charts of metrics are drawn. */
export interface ChartSearch {
  /** Steps where nothing is said. */
  axis?: 'time' | 'relative' | undefined
  /** Weight of what came before, from 0 to less than 1. */
  smooth?: number | undefined
  /** Axes that are logarithmic: `x`, `y` or `xy`. */
  log?: 'x' | 'y' | 'xy' | undefined
  /** The stretch that is shown, in the unit of the axis. */
  from?: number | undefined
  to?: number | undefined
  /** A part of the names of metrics. */
  metric?: string | undefined
}

const chartSearch = (given: Given): ChartSearch => ({
  axis: given.axis === 'time' || given.axis === 'relative' ? given.axis : undefined,
  smooth: typeof given.smooth === 'number' && given.smooth > 0 && given.smooth < 1 ? given.smooth : undefined,
  log: given.log === 'x' || given.log === 'y' || given.log === 'xy' ? given.log : undefined,
  from: number(given.from),
  to: number(given.to),
  metric: text(given.metric),
})

export interface TrackedRunsSearch extends ChartSearch {
  /** A filter in the language of searches. */
  q?: string | undefined
  sort?: string | undefined
  lifecycle?: Lifecycle | undefined
  /** Columns by their ids, or all there are; some until somebody chooses. */
  columns?: string[] | 'all' | undefined
  /** Ids of chosen runs, separated by commas; or all that are found. */
  pick?: string | undefined
  /** Ids of the runs that are compared. */
  compare?: string | undefined
  tab?: string | undefined
  /** What a scatter has along its sides: ids of columns. */
  x?: string | undefined
  y?: string | undefined
  /** Axes of the parallel coordinates, with the range that runs must lie in. */
  within?: Record<string, [number, number]> | undefined
}

const isRange = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === 'number')

export const trackedRunsSearch = (given: Given): TrackedRunsSearch => ({
  ...chartSearch(given),
  q: text(given.q),
  sort: text(given.sort),
  lifecycle: lifecycleOf(given.lifecycle),
  columns:
    given.columns === 'all'
      ? 'all'
      : Array.isArray(given.columns)
        ? given.columns.filter((id) => typeof id === 'string')
        : undefined,
  pick: idText(given.pick),
  compare: idText(given.compare),
  tab: text(given.tab),
  x: text(given.x),
  y: text(given.y),
  within:
    typeof given.within === 'object' && given.within !== null
      ? Object.fromEntries(Object.entries(given.within).flatMap(([id, range]) => (isRange(range) ? [[id, range]] : [])))
      : undefined,
})

export interface TrackedRunSearch extends ChartSearch {
  tab?: string | undefined
  /** A folder or file of the run; of a model with `model`. */
  path?: string | undefined
  model?: string | undefined
}

export const trackedRunSearch = (given: Given): TrackedRunSearch => ({
  ...chartSearch(given),
  tab: text(given.tab),
  path: text(given.path),
  model: text(given.model),
})
