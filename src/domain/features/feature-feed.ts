import { concatTables, type Table } from '../../base/columns.ts'
import type { FeatureBatch } from '../../ports/feature-batch.ts'
import type { OnlineFeatures } from '../../ports/online-features.ts'
import type { DataServices } from '../data/data-services.ts'
import { type DatasetVersion, datasetVersion } from '../data/dataset-reader.ts'
import { datasetEpochs } from '../data/dataset-rollback.ts'
import { EntityTables } from '../data/entity-tables.ts'
import type { PushedRows } from '../data/push-buffer.ts'
import { readEventRows } from './feature-history.ts'
import { eventsOf, type FeatureViewPlan, planNamedView } from './feature-view.ts'
import { Forgetting, trimSlackMs } from './forgetting.ts'
import type { ViewSource } from './view-sources.ts'

/** How far a view has seen its dataset. */
interface Seen {
  version: number
  pushed: Set<number>
}

/**
 * Writes the feature log: the events of every view, from the dataset's versions and from rows as they are pushed. Each goes in once: the log itself says
 * how far it is, so a restart goes on where it stopped.
 */
export class FeatureFeed {
  /** Views by their hash, each with the entities of the definition that states it. */
  private readonly plans = new Map<string, { plan: FeatureViewPlan; entities: EntityTables }>()
  private readonly seen = new Map<string, Seen>()
  private readonly forgetting = new Forgetting()
  private turn: Promise<void> = Promise.resolve()
  private readonly listeners = new Set<(position: number) => void>()

  private constructor(
    private readonly services: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
    definitions: readonly ViewSource[],
    private readonly log: OnlineFeatures,
    epochs: ReadonlyMap<string, number>,
  ) {
    for (const definition of definitions) {
      const entities = new EntityTables(services, definition)
      for (const { name } of definition.featureViews) {
        const plan = planNamedView(definition, name, epochs)
        if (!this.plans.has(plan.hash)) this.plans.set(plan.hash, { plan, entities })
      }
    }
  }

  static async open(
    services: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
    definitions: readonly ViewSource[],
    log: OnlineFeatures,
  ): Promise<FeatureFeed> {
    const feed = new FeatureFeed(services, definitions, log, await datasetEpochs(services.metadata))
    for await (const { viewHash, through } of log.read(0)) {
      if (!feed.plans.has(viewHash)) continue
      const seen = feed.seenOf(viewHash)
      seen.version = Math.max(seen.version, through.version ?? 0)
      if (through.pushed !== null) seen.pushed.add(through.pushed)
    }
    return feed
  }

  /** Calls back with the log's position after it grew. @returns a function that ends it. */
  onAppended(listener: (position: number) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * Takes in versions of the datasets that came from files since the last time, and waiting rows that a crash kept out. A view that is new gets all that
   * its windows can still see.
   *
   * @param waiting by dataset, see `PushBuffer.waiting`.
   */
  catchUp(now: number, waiting: ReadonlyMap<string, readonly PushedRows[]> = new Map()): Promise<void> {
    return this.inTurn(async () => {
      for (const { plan } of this.plans.values()) {
        await this.takeVersions(plan, now)
        const parts = waiting.get(plan.view.dataset) ?? []
        const seen = this.seenOf(plan.hash)
        const missed = new Map<number, Table[]>()
        for (const { first, rows } of parts) {
          if (!seen.pushed.has(first)) missed.set(first, [...(missed.get(first) ?? []), rows])
        }
        for (const [first, rows] of missed) await this.takePushed(plan, { first, rows: concatTables(rows) })
      }
    })
  }

  /** Takes in rows that were pushed. */
  pushed(dataset: string, rows: PushedRows): Promise<void> {
    if (rows.rows.rows === 0) return Promise.resolve()
    return this.inTurn(async () => {
      const batches: Omit<FeatureBatch, 'seq'>[] = []
      for (const { plan } of this.plans.values()) {
        if (plan.view.dataset === dataset) batches.push(await this.pushedBatch(plan, rows))
      }
      await this.append(batches)
    })
  }

  /** Forgets what no window reaches any more, as the project's clock moves on. */
  async trim(now: number): Promise<void> {
    const asOf = this.forgetting.due(now)
    if (asOf !== null) await this.log.trim(asOf - 2 * trimSlackMs)
  }

  private async takeVersions(plan: FeatureViewPlan, now: number): Promise<void> {
    const { dataset } = plan.view
    const known = await this.services.metadata.get('dataset', dataset)
    const seen = this.seenOf(plan.hash)
    if (known === undefined || known.version <= seen.version) return
    const version = await datasetVersion(this.services.metadata, dataset)
    // What was pushed came in when it was pushed, unless the view is new.
    const isNew = seen.version === 0 && seen.pushed.size === 0
    const batches = version.batches.filter((batch) => {
      return isNew || ((batch.addedIn ?? 0) > seen.version && !batch.origin.startsWith('push:'))
    })
    const rows = await this.visibleRows(plan, { ...version, batches }, now)
    await this.append([await this.batchOf(plan, rows, { version: known.version, pushed: null })])
    seen.version = known.version
  }

  private visibleRows(plan: FeatureViewPlan, version: DatasetVersion, now: number): Promise<Table> {
    // Event times may lie ahead of the project's clock; only the past is bounded.
    return readEventRows(this.services, plan, version, { from: now - trimSlackMs, to: Number.MAX_SAFE_INTEGER })
  }

  private async takePushed(plan: FeatureViewPlan, rows: PushedRows): Promise<void> {
    await this.append([await this.pushedBatch(plan, rows)])
  }

  private async pushedBatch(plan: FeatureViewPlan, { first, rows }: PushedRows): Promise<Omit<FeatureBatch, 'seq'>> {
    this.seenOf(plan.hash).pushed.add(first)
    return this.batchOf(plan, rows, { version: null, pushed: first })
  }

  private async batchOf(
    plan: FeatureViewPlan,
    rows: Table,
    through: FeatureBatch['through'],
  ): Promise<Omit<FeatureBatch, 'seq'>> {
    const scope = { entity: await this.plans.get(plan.hash)!.entities.scopeFor(plan.values) }
    return { view: plan.view.name, viewHash: plan.hash, reach: plan.reach, through, ...eventsOf(plan, rows, scope) }
  }

  private async append(batches: readonly Omit<FeatureBatch, 'seq'>[]): Promise<void> {
    const from = this.log.position + 1
    await this.log.append(batches.map((batch, i) => ({ seq: from + i, ...batch })))
    for (const listener of this.listeners) listener(this.log.position)
  }

  private seenOf(viewHash: string): Seen {
    let seen = this.seen.get(viewHash)
    if (seen === undefined) {
      seen = { version: 0, pushed: new Set() }
      this.seen.set(viewHash, seen)
    }
    return seen
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work)
    this.turn = done.catch(() => undefined)
    return done
  }
}
