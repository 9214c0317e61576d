import { concatTables, type Table, takeRows, textAt, textsOf } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import type { DataServices } from '../data/data-services.ts'
import { type DatasetVersion, datasetVersion } from '../data/dataset-reader.ts'
import { EntityTables } from '../data/entity-tables.ts'
import { seriesByEntity } from './event-grouping.ts'
import { readEventRows } from './feature-history.ts'
import { eventsOf, type FeatureViewPlan, planNamedView } from './feature-view.ts'
import { windowValue } from './window.ts'

/** Whose values, and when: `steps` moments in equal steps that end at `at` and begin `over` milliseconds before. */
export interface EntityQuery {
  entity: string
  at: number
  over: number
  steps: number
}

export interface EntityValues {
  times: number[]
  values: Record<string, (number | null)[]>
  newest: number | null
  events: number
  isListed: boolean | null
}

/**
 * What a view knows of one entity as of some moments, by the windows of training and serving. Only the rows of that entity are read, of batches that
 * the windows reach.
 *
 * @param waiting rows of the view's dataset that are in no version yet.
 * @throws `not-found` for an unknown view.
 */
export async function entityValues(
  services: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
  definition: Pick<Definition, 'featureViews' | 'datasets' | 'entities'>,
  view: string,
  { entity, at, over, steps }: EntityQuery,
  waiting: readonly Table[] = [],
): Promise<EntityValues> {
  const plan = planNamedView(definition, view)
  const range = { from: at - over, to: at, entity }
  const version = await newestVersion(services, plan, range)
  const stored = version ? [await readEventRows(services, plan, version, range)] : []
  const names = new Set(plan.columns.map(({ name }) => name))
  const pushed = waiting.map((rows): Table => {
    const keys = textsOf(rows, plan.view.by)
    const mine = Array.from({ length: rows.rows }, (_, row) => row).filter((row) => textAt(keys, row) === entity)
    const columns = new Map([...rows.columns].filter(([name]) => names.has(name)))
    return takeRows({ rows: rows.rows, columns }, mine)
  })
  const entities = new EntityTables(services, definition)
  const scope = { entity: await entities.scopeFor(plan.values) }
  const rows = concatTables([...stored, ...pushed].filter((table) => table.rows > 0))
  const series = rows.rows === 0 ? undefined : seriesByEntity(eventsOf(plan, rows, scope)).get(entity)
  const times = Array.from({ length: steps }, (_, step) =>
    steps === 1 ? at : Math.round(at - over + (over * step) / (steps - 1)),
  )
  const values = Object.fromEntries(
    [...plan.features].map(([name, feature]) => [
      name,
      times.map((time) => {
        if (!series) return feature.aggregate === 'count' ? 0 : null
        const value = windowValue(series, feature, time)
        return Number.isNaN(value) ? null : value
      }),
    ]),
  )
  const known = series?.countUntil(at) ?? 0
  return {
    times,
    values,
    newest: known === 0 ? null : series!.times[known - 1]!,
    events: known,
    isListed: entities.isListed(plan.view.entity) ? await isIn(entities, plan.view.entity, entity) : null,
  }
}

const isIn = async (entities: EntityTables, name: string, key: string): Promise<boolean> =>
  (await entities.load(name)).keys.has(key)

/** The newest version with those batches alone whose events the windows can see, by the summaries that every batch has; null before the first. */
async function newestVersion(
  { metadata }: Pick<DataServices, 'metadata'>,
  { view, reach }: FeatureViewPlan,
  { from, to }: { from: number; to: number },
): Promise<DatasetVersion | null> {
  const version = await datasetVersion(metadata, view.dataset).catch((error: unknown) => {
    if (error instanceof MillwrightError && error.code === 'not-found') return null
    throw error
  })
  if (!version) return null
  const reaches = version.batches.filter(({ summaries }) => {
    const known = summaries.find(({ name }) => name === view.knownAt)
    if (known === undefined || known.min === null || known.max === null) return true
    return known.min <= to && (reach.last || known.max >= from - reach.windowMs)
  })
  return { ...version, batches: reaches }
}
