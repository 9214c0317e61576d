import { matches, type SearchRow } from '../../contract/search/match-filter.ts'
import type { TrackedRun } from '../../contract/tracking.ts'
import type { OrderPlace, RunSearch, TrackingReader } from '../../ports/tracking.ts'
import { isPlaceOf, placeOfRun, placeOrder } from './run-places.ts'

/** A run that is no tracked one, as searches see it. */
export interface OtherRun {
  run: TrackedRun
  row: SearchRow
}

/**
 * A page of tracked runs and others together. Both are in the same order, and a place in it says where the next page begins, whichever of the two it is a
 * place of; so nothing comes twice or is left out, as within the tracked ones alone.
 *
 * @param others all of the experiments that are asked for, whatever the filter.
 */
export async function searchMerged<R extends OtherRun>(
  tracking: Pick<TrackingReader, 'searchRuns'>,
  others: readonly R[],
  search: RunSearch,
): Promise<{ runs: (TrackedRun | R)[]; next: OrderPlace | null }> {
  const { filter, order, limit, after, lifecycle } = search
  const tracked = await tracking.searchRuns(search)
  if (after && !isPlaceOf(after, order)) return { runs: [], next: null }
  const compare = placeOrder(order)
  const entries = [
    ...tracked.runs.map((run, at): { place: OrderPlace; run: TrackedRun | R } => ({ place: tracked.places[at]!, run })),
    ...(lifecycle === 'deleted' ? [] : others)
      .filter(({ row }) => matches(filter, row, 'runs'))
      .map((run) => ({ place: placeOfRun(run.row, order), run }))
      .filter(({ place }) => !after || compare(place, after) > 0),
  ].sort((a, b) => compare(a.place, b.place))
  const page = entries.slice(0, limit)
  const isMore = entries.length > limit || tracked.next !== null
  return { runs: page.map(({ run }) => run), next: isMore ? (page.at(-1)?.place ?? null) : null }
}
