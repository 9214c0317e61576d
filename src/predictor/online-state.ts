import { setImmediate as nextTurn } from 'node:timers/promises'
import { openFilesystemLogs } from '../backends/filesystem/append-logs.ts'
import { openFeatureSegments } from '../backends/filesystem/feature-segments.ts'
import { MillwrightError } from '../base/errors.ts'
import { datasetSchema } from '../contract/definition.ts'
import type { ServingPlan } from '../contract/serving.ts'
import { type FeatureViewPlan, planFeatureView } from '../domain/features/feature-view.ts'
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
export class OnlineState {
  private store = new OnlineStore([])
  private viewHashes = ''
  /** Definition → name of a view → what that definition means by it. */
  private named = new Map<string, Map<string, FeatureViewPlan>>()
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
  async followViews({ definitions, epochs }: Pick<ServingPlan, 'definitions' | 'epochs'>): Promise<void> {
    const views = new Map<string, FeatureViewPlan>()
    const named = new Map<string, Map<string, FeatureViewPlan>>()
    for (const { hash, datasets, featureViews } of definitions) {
      const known = new Map(datasets.map((dataset) => [dataset.name, datasetSchema.parse(dataset)]))
      const plans = featureViews.map((view) => planFeatureView(view, known.get(view.dataset)!, epochs?.[view.dataset]))
      for (const plan of plans) views.set(plan.hash, plan)
      named.set(hash, new Map(plans.map((plan) => [plan.view.name, plan])))
    }
    const hashes = [...views.keys()].sort().join()
    if (hashes !== this.viewHashes) {
      const store = new OnlineStore(views.values())
      for await (const batch of this.log.read(0)) store.apply(batch)
      this.store = store
      this.viewHashes = hashes
    }
    this.named = named
  }

  /** The features as a definition means them: a view of the same name may be made otherwise in another. */
  lookup(definitionHash: string | null): FeatureLookup {
    const plans = this.named.get(definitionHash ?? '') ?? new Map<string, FeatureViewPlan>()
    const plan = (view: string): FeatureViewPlan => {
      const known = plans.get(view)
      if (known === undefined) throw new MillwrightError('not-found', `there is no feature view "${view}"`)
      return known
    }
    return {
      value: (view, feature, key, at) => this.store.value(plan(view), feature, key, at),
      newest: (view, key, at) => this.store.newest(plan(view), key, at),
    }
  }

  /** Forgets what no window reaches any more, in memory and on disk, as the project's clock moves on. */
  async trim(now: number): Promise<void> {
    const asOf = this.forgetting.due(now)
    if (asOf === null) return
    for (const _ of this.store.trim(asOf)) await nextTurn()
    await this.log.trim(asOf - 2 * trimSlackMs)
  }

  close(): Promise<void> {
    return this.log.close()
  }
}
