import { setImmediate as nextTurn } from 'node:timers/promises'
import { openFilesystemLogs } from '../backends/filesystem/append-logs.ts'
import { openFeatureSegments } from '../backends/filesystem/feature-segments.ts'
import { datasetSchema } from '../contract/definition.ts'
import type { ServingPlan } from '../contract/serving.ts'
import { planFeatureView } from '../domain/features/feature-view.ts'
import { Forgetting, trimSlackMs } from '../domain/features/forgetting.ts'
import { OnlineStore } from '../domain/features/online-store.ts'
import type { FeatureLookup } from '../domain/serving/model-inputs.ts'
import { decodeFeatureBatch } from '../ports/feature-batch.ts'
import type { OnlineFeatures } from '../ports/online-features.ts'

/** Records of the feature log as they cross the wire. */
export interface SentFeatures {
  seq: number
  /** The record's bytes, base64. */
  record: string
}

/** The features that a prediction service answers from: its own copy of the log on disk, and the windows over it in memory. */
export class OnlineState implements FeatureLookup {
  private store = new OnlineStore([])
  private viewHashes = ''
  private readonly forgetting = new Forgetting()

  private constructor(private readonly log: OnlineFeatures) {}

  static async open(folder: string): Promise<OnlineState> {
    return new OnlineState(await openFeatureSegments(openFilesystemLogs(folder)))
  }

  /** `seq` of the last record that is here. */
  get position(): number {
    return this.log.position
  }

  /** Keeps records, and then answers from them. */
  async take(sent: readonly SentFeatures[]): Promise<void> {
    const batches = sent
      .filter(({ seq }) => seq > this.log.position)
      .map(({ record }) => decodeFeatureBatch(Buffer.from(record, 'base64')))
    await this.log.append(batches)
    for (const batch of batches) this.store.apply(batch)
  }

  /** Works by the views of a plan; the windows are built anew from the log when one of them changed. */
  async followViews(plan: ServingPlan): Promise<void> {
    const datasets = new Map(plan.datasets.map((dataset) => [dataset.name, datasetSchema.parse(dataset)]))
    const views = plan.featureViews.map((view) =>
      planFeatureView(view, datasets.get(view.dataset)!, plan.epochs?.[view.dataset]),
    )
    const hashes = views.map((view) => view.hash).join()
    if (hashes === this.viewHashes) return
    const store = new OnlineStore(views)
    for await (const batch of this.log.read(0)) store.apply(batch)
    this.store = store
    this.viewHashes = hashes
  }

  /** Forgets what no window reaches any more, in memory and on disk, as the project's clock moves on. */
  async trim(now: number): Promise<void> {
    const asOf = this.forgetting.due(now)
    if (asOf === null) return
    for (const _ of this.store.trim(asOf)) await nextTurn()
    await this.log.trim(asOf - 2 * trimSlackMs)
  }

  value(view: string, feature: string, key: string, at: number): number {
    return this.store.value(view, feature, key, at)
  }
  newest(view: string, key: string, at: number): number | null {
    return this.store.newest(view, key, at)
  }
  close(): Promise<void> {
    return this.log.close()
  }
}
