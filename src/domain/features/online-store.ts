import type { FeatureBatch } from '../../ports/feature-batch.ts'
import { EventSeries } from './event-series.ts'
import type { FeatureViewPlan } from './feature-view.ts'
import { trimSlackMs } from './forgetting.ts'
import { windowValue } from './window.ts'

const entitiesAtOnce = 5000

interface OnlineView {
  plan: FeatureViewPlan
  series: Map<string, EventSeries>
  /** Events up to then may have been forgotten: who looks further back is told nothing rather than a part. */
  forgottenTo: number
}

/**
 * The windows of all entities in memory, fed by the feature log in any order of arrival. The values are those that a training set has for the same events
 * and time, bit for bit.
 */
export class OnlineStore {
  private readonly views = new Map<string, OnlineView>()
  /** `seq` of the last batch that was taken in. */
  position = 0

  constructor(plans: Iterable<FeatureViewPlan>) {
    for (const plan of plans)
      this.views.set(plan.hash, { plan, series: new Map(), forgottenTo: Number.NEGATIVE_INFINITY })
  }

  /** Events of views that nobody here asks for, by their hash, are passed over. */
  apply(batch: FeatureBatch): void {
    this.position = Math.max(this.position, batch.seq)
    const view = this.views.get(batch.viewHash)
    if (view === undefined) return
    const { entities, times, values } = batch
    const row = new Float64Array(values.length)
    for (let i = 0; i < times.length; i += 1) {
      const key = entities.dictionary[entities.codes[i]!]
      const time = times[i]!
      if (key === undefined || Number.isNaN(time)) continue
      let series = view.series.get(key)
      if (series === undefined) {
        series = new EventSeries(values.length, false)
        view.series.set(key, series)
      }
      for (let v = 0; v < values.length; v += 1) row[v] = values[v]![i]!
      series.insert(time, 0, row)
    }
  }

  /**
   * @param plan the view as whoever asks means it: versions of a model may know a view of one name by different definitions, and features over the
   *   same events by different names.
   * @returns NaN where there is nothing in the window, and for an unknown entity, view or feature; a count is 0 then. NaN too, of any feature, for a
   *   window that begins before what was forgotten.
   */
  value(plan: FeatureViewPlan, feature: string, key: string, at: number): number {
    const known = this.views.get(plan.hash)
    const window = plan.features.get(feature)
    if (known === undefined || window === undefined) return Number.NaN
    if (at - (window.windowMs ?? window.ttlMs ?? 0) < known.forgottenTo) return Number.NaN
    const series = known.series.get(key)
    if (series === undefined) return window.aggregate === 'count' ? 0 : Number.NaN
    return windowValue(series, window, at)
  }

  /** Time of the entity's newest event at or before a time; null without one. */
  newest(plan: FeatureViewPlan, key: string, at: number): number | null {
    const series = this.views.get(plan.hash)?.series.get(key)
    const count = series?.countUntil(at) ?? 0
    return count === 0 ? null : series!.times[count - 1]!
  }

  /**
   * Forgets what no window reaches any more that ends less than `trimSlackMs` before `now`, or later.
   *
   * @returns after some thousand entities each time, so that whoever answers meanwhile need not wait for all of them.
   */
  *trim(now: number): Generator<void> {
    let entities = 0
    for (const view of this.views.values()) {
      const { plan, series } = view
      const before = now - plan.reach.windowMs - trimSlackMs
      view.forgottenTo = Math.max(view.forgottenTo, before)
      for (const [key, events] of series) {
        events.trim(before, plan.reach.last)
        if (events.length === 0) series.delete(key)
        entities += 1
        if (entities % entitiesAtOnce === 0) yield
      }
    }
  }
}
