import fc from 'fast-check'
import { rowArbitrary } from '../contract/search/filters.conformance.ts'
import type { SearchRow } from '../contract/search/match-filter.ts'
import type { OrderItem } from '../contract/search/parse-order.ts'
import { type TrackedRun, trackedRunStatuses } from '../contract/tracking.ts'
import type { Metadata } from './metadata.ts'
import type { TrackingWriter } from './tracking.ts'

export const runNamed = (id: string, experimentId = '0'): TrackedRun => ({
  id: id.padEnd(32, '0'),
  experimentId,
  name: id,
  user: 'ada',
  status: 'RUNNING',
  startedAt: 1000,
  endedAt: null,
  isDeleted: false,
  deletedAt: null,
})

export const experimentNamed = (name: string) => ({
  name,
  artifactLocation: null,
  isDeleted: false,
  createdAt: 1,
  changedAt: 1,
  tags: { b: '2', a: '1' },
})
/** What a filter looks at of a run itself. */
export const attributesOf = (run: TrackedRun): SearchRow['attributes'] => ({
  run_id: run.id,
  run_name: run.name,
  user_id: run.user,
  status: run.status,
  artifact_uri: `mlflow-artifacts:/0/${run.id}/artifacts`,
  start_time: run.startedAt,
  end_time: run.endedAt,
})

/** A run with its metrics, params and tags, as a filter sees them. */
export async function insertLogged(
  tracking: TrackingWriter,
  run: TrackedRun,
  { metrics, params, tags }: Pick<SearchRow, 'metrics' | 'params' | 'tags'>,
): Promise<void> {
  await tracking.insertRun(run)
  const points = Object.entries(metrics ?? {}).map(([metric, value]) => ({
    metric,
    value: value as number,
    at: 1,
    step: 0,
  }))
  await tracking.addPoints(run.id, points)
  const pairs = (record = {}) => Object.entries<string>(record).map(([key, value]) => ({ key, value }))
  await tracking.addParams(run.id, pairs(params))
  await tracking.setTags(run.id, pairs(tags))
}

/** Forty runs that filters can tell from each other; id → what a filter looks at. */
export async function searchable(metadata: Metadata): Promise<Map<string, SearchRow>> {
  const rows = new Map<string, SearchRow>()
  for (const [place, { attributes, metrics, params, tags, datasets }] of fc
    .sample(rowArbitrary('runs'), { numRuns: 40, seed: 3 })
    .entries()) {
    const run: TrackedRun = {
      ...runNamed(`f${place.toString(16).padStart(3, '0')}`),
      name: String(attributes.run_name ?? ''),
      user: String(attributes.user_id ?? ''),
      status: trackedRunStatuses[place % trackedRunStatuses.length]!,
      startedAt: Number(attributes.start_time ?? 0),
      endedAt: attributes.end_time as number | null,
    }
    const described = (datasets ?? []).filter(
      (one, at, all) => all.findIndex(({ name, digest }) => name === one.name && digest === one.digest) === at,
    )
    await metadata.transaction(async ({ tracking }) => {
      await insertLogged(tracking, run, { metrics, params, tags })
      await tracking.addInputs(
        run.id,
        described.map(({ name, digest, context }) => ({
          dataset: { name, digest, sourceType: 'local', source: '', schema: null, profile: null },
          tags: context === null || context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }],
        })),
      )
    })
    rows.set(run.id, {
      attributes: attributesOf(run),
      metrics: metrics ?? {},
      params: params ?? {},
      tags: tags ?? {},
      datasets: described,
    })
  }
  return rows
}

/** Negative when the first comes first: numbers of a metric, then NaN, then what has none; of others what has none last; then the newest; then by id. */
export function inOrder(
  items: readonly OrderItem[],
  one: readonly [string, SearchRow],
  other: readonly [string, SearchRow],
): number {
  const own = (record: object | undefined, key: string): unknown =>
    record && Object.hasOwn(record, key) ? (record as Record<string, unknown>)[key] : null
  const fieldOf = ({ entity, key }: OrderItem, row: SearchRow): unknown =>
    own({ attribute: row.attributes, metric: row.metrics, param: row.params, tag: row.tags, dataset: {} }[entity], key)
  const rank = (value: unknown): number => (value === null ? 2 : Number.isNaN(value) ? 1 : 0)
  const stored = (value: unknown): unknown =>
    typeof value === 'number' && !Number.isNaN(value)
      ? Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value))
      : value
  // Texts as bytes of UTF-8.
  const compared = (a: unknown, b: unknown): number =>
    typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(String(b))) : Number(a) - Number(b) || 0
  for (const item of items) {
    const [a, b] = [one, other].map(([, row]) => stored(fieldOf(item, row)))
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    if (rank(a) > 0) continue
    const difference = compared(a, b)
    if (difference !== 0) return item.descending ? -difference : difference
  }
  const started = ([, row]: readonly [string, SearchRow]): number => Number(row.attributes.start_time)
  const byTime = items.some(({ key }) => key === 'start_time') ? 0 : started(other) - started(one)
  return byTime || (one[0] < other[0] ? -1 : 1)
}
