import { numbersOf, type Table, textsOf } from '../../base/columns.ts'
import type { DataServices } from '../data/data-services.ts'
import { type DatasetVersion, datasetVersion } from '../data/dataset-reader.ts'
import type { ExpressionScope } from '../data/expression.ts'
import type { EventSeries } from './event-series.ts'
import { countEventRows, type HistoryRange, readHistories } from './feature-history.ts'
import type { FeatureViewPlan } from './feature-view.ts'
import { pointInTime } from './point-in-time.ts'
import type { Lookup, TrainingPlan } from './training-plan.ts'

/** The features of a lookup as of each row's time, one column for each. */
export type LookUp = (rows: Table, lookup: Lookup) => Float64Array[]

export interface LookupOptions {
  /** More events than this are not in memory at once: their entities are worked on part by part. */
  maxEvents: number
  /** Dataset → number of the version to read; the newest where nothing is said. */
  versions?: Readonly<Record<string, number>>
  onPart?: (index: number, of: number) => void
}

/**
 * Reads what the views have to say about a range of time.
 *
 * @param tablesOf the tables that will be looked up for; they are asked for only when the events are too many to be in memory at once.
 */
export async function openLookups(
  services: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
  plan: TrainingPlan,
  version: DatasetVersion,
  range: HistoryRange,
  scope: ExpressionScope,
  tablesOf: () => Promise<readonly Table[]>,
  { maxEvents, versions = {}, onPart }: LookupOptions,
): Promise<LookUp> {
  const sources = await sourcesOf(services, plan, version, versions)
  const of = Math.ceil((await countEvents(services, sources, range, maxEvents)) / maxEvents)
  const historiesOf = async (part?: HistoryRange['part']) => {
    const histories = new Map<string, Map<string, EventSeries>>()
    for (const { plans, events } of sources) {
      const found = await readHistories(services, plans, events, { ...range, part }, scope)
      for (const [{ view }, history] of found) histories.set(view.name, history)
    }
    return histories
  }
  if (of <= 1) {
    const histories = await historiesOf()
    return (rows, lookup) => lookUpIn(histories, rows, plan.time, lookup)
  }
  const columns = new Map<Table, Map<Lookup, Float64Array[]>>((await tablesOf()).map((rows) => [rows, new Map()]))
  for (let index = 0; index < of; index += 1) {
    onPart?.(index, of)
    const histories = await historiesOf({ index, of })
    for (const [rows, found] of columns) {
      for (const lookup of plan.lookups)
        found.set(lookup, lookUpIn(histories, rows, plan.time, lookup, found.get(lookup)))
    }
  }
  return (rows, lookup) => columns.get(rows)!.get(lookup)!
}

/** Views by the dataset that their events come from. */
interface Source {
  plans: FeatureViewPlan[]
  events: DatasetVersion
}

async function sourcesOf(
  { metadata }: Pick<DataServices, 'metadata'>,
  plan: TrainingPlan,
  version: DatasetVersion,
  versions: Readonly<Record<string, number>>,
): Promise<Source[]> {
  const views = new Map(plan.lookups.map((lookup) => [lookup.view.view.name, lookup.view]))
  const names = new Set([...views.values()].map(({ view }) => view.dataset))
  return Promise.all(
    [...names].map(async (dataset) => ({
      plans: [...views.values()].filter(({ view }) => view.dataset === dataset),
      events: dataset === plan.model.dataset ? version : await datasetVersion(metadata, dataset, versions[dataset]),
    })),
  )
}

/** How many events all views have together; only counted when there may be too many. */
async function countEvents(
  services: Pick<DataServices, 'blobs' | 'tables'>,
  sources: readonly Source[],
  range: HistoryRange,
  maxEvents: number,
): Promise<number> {
  const atMost = sources.reduce((sum, { plans, events }) => sum + plans.length * events.record.rows, 0)
  if (atMost <= maxEvents) return atMost
  let count = 0
  for (const { plans, events } of sources) {
    for (const view of plans) count += await countEventRows(services, view, events, range)
  }
  return count
}

function lookUpIn(
  histories: ReadonlyMap<string, ReadonlyMap<string, EventSeries>>,
  rows: Table,
  time: string,
  { view, by, features }: Lookup,
  columns?: Float64Array[],
): Float64Array[] {
  const wanted = features.map(({ feature }) => view.features.get(feature)!)
  const [keys, times] = [textsOf(rows, by), numbersOf(rows, time)]
  return pointInTime(histories.get(view.view.name)!, { keys, times, features: wanted }, columns)
}
