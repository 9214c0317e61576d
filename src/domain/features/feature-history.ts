import type { Table } from '../../base/columns.ts'
import type { DataServices } from '../data/data-services.ts'
import type { DatasetVersion } from '../data/dataset-reader.ts'
import { filesOf } from '../data/dataset-reader.ts'
import type { ExpressionScope } from '../data/expression.ts'
import { seriesByEntity } from './event-grouping.ts'
import type { EventSeries } from './event-series.ts'
import { eventsOf, type FeatureViewPlan } from './feature-view.ts'

export interface HistoryRange {
  /** The earliest and the latest time for which features will be asked. */
  from: number
  to: number
  /** Work on a part of the entities only. */
  part?: { index: number; of: number }
  /** Only this one. */
  entity?: string
}

/** The events of a dataset's version that features in a range of time can see, by entity. */
export async function readHistory(
  services: Pick<DataServices, 'blobs' | 'tables'>,
  plan: FeatureViewPlan,
  version: DatasetVersion,
  range: HistoryRange,
  scope: ExpressionScope,
): Promise<Map<string, EventSeries>> {
  return seriesByEntity(eventsOf(plan, await readEventRows(services, plan, version, range), scope))
}

/** The same for several views of one dataset's version: views that look at the same rows share one reading of them. */
export async function readHistories(
  services: Pick<DataServices, 'blobs' | 'tables'>,
  plans: readonly FeatureViewPlan[],
  version: DatasetVersion,
  range: HistoryRange,
  scope: ExpressionScope,
): Promise<Map<FeatureViewPlan, Map<string, EventSeries>>> {
  const alike = new Map<string, FeatureViewPlan[]>()
  for (const plan of plans) {
    const { view, reach } = plan
    // A part of the entities is one of those that the view is about.
    const rows = [view.knownAt, reach.last ? 'all' : reach.windowMs, range.part && view.by].join('\u0000')
    alike.set(rows, [...(alike.get(rows) ?? []), plan])
  }
  const histories = new Map<FeatureViewPlan, Map<string, EventSeries>>()
  for (const group of alike.values()) {
    const columns = new Map(group.flatMap((plan) => plan.columns.map((column) => [column.name, column])))
    const rows = await readEventRows(services, { ...group[0]!, columns: [...columns.values()] }, version, range)
    for (const plan of group) histories.set(plan, seriesByEntity(eventsOf(plan, rows, scope)))
  }
  return histories
}

type EventSource = Pick<FeatureViewPlan, 'view' | 'dataset' | 'reach'>

/** The rows behind those events. */
export async function readEventRows(
  services: Pick<DataServices, 'blobs' | 'tables'>,
  plan: EventSource & Pick<FeatureViewPlan, 'columns'>,
  version: DatasetVersion,
  range: HistoryRange,
): Promise<Table> {
  const { columns, view } = plan
  const { files, where } = await visible(services, plan, version, range)
  const part = range.part && { column: view.by, ...range.part }
  const text = range.entity === undefined ? undefined : { column: view.by, is: range.entity }
  return services.tables.read(files, { columns, where, ...(part && { part }), ...(text && { text }) })
}

/** How many there are, without reading them. */
export async function countEventRows(
  services: Pick<DataServices, 'blobs' | 'tables'>,
  plan: EventSource,
  version: DatasetVersion,
  range: HistoryRange,
): Promise<number> {
  const { files, where } = await visible(services, plan, version, range)
  return services.tables.count(files, { where })
}

async function visible(
  services: Pick<DataServices, 'blobs'>,
  { view, dataset, reach }: EventSource,
  version: DatasetVersion,
  { from, to }: HistoryRange,
) {
  const known = { name: view.knownAt, type: dataset.types.get(view.knownAt)! }
  // An event may be known long after its row's own time, so the batches are chosen by the file's statistics of that column.
  const files = await filesOf(services, version, { to: view.knownAt === dataset.time ? to : Number.POSITIVE_INFINITY })
  return { files, where: [{ ...known, atLeast: reach.last ? undefined : from - reach.windowMs, atMost: to }] }
}
