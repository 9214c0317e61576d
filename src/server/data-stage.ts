import { join } from 'node:path'
import { openFilesystemLogs } from '../backends/filesystem/append-logs.ts'
import { openFeatureSegments } from '../backends/filesystem/feature-segments.ts'
import type { Table } from '../base/columns.ts'
import { MillwrightError } from '../base/errors.ts'
import type { BatchRecord } from '../contract/data.ts'
import type { Definition } from '../contract/definition.ts'
import type { DataServices } from '../domain/data/data-services.ts'
import { type DatasetRollback, type RollbackPlan, rollBackDataset } from '../domain/data/dataset-rollback.ts'
import { ingestFile } from '../domain/data/ingestion.ts'
import { PushBuffer } from '../domain/data/push-buffer.ts'
import type { PushBody } from '../domain/data/pushed-rows.ts'
import { FeatureFeed } from '../domain/features/feature-feed.ts'
import { viewSources } from '../domain/features/view-sources.ts'
import type { AppendLogs } from '../ports/append-logs.ts'
import { encodeFeatureBatch } from '../ports/feature-batch.ts'
import type { OnlineFeatures } from '../ports/online-features.ts'

/** Whom it tells what is new. */
export interface DataNews {
  /** The feature log grew. */
  features(): void
  /** The feature log, and reference data of entities. */
  references(): void
}

/** What works by one definition. */
interface Adopted {
  definition: Definition
  buffers: Map<string, Promise<PushBuffer>>
  feed: FeatureFeed
}

/** Data comes in, becomes versions, and reaches the feature log: by the definition in force. */
export class DataStage {
  private adopted: Adopted | null = null
  private readonly logs: AppendLogs

  private constructor(
    private readonly services: DataServices,
    home: string,
    private readonly log: OnlineFeatures,
    private readonly news: DataNews,
  ) {
    this.logs = openFilesystemLogs(join(home, 'rows'))
  }

  static async open(services: DataServices, home: string, news: DataNews): Promise<DataStage> {
    return new DataStage(services, home, await openFeatureSegments(openFilesystemLogs(join(home, 'feature-log'))), news)
  }

  /** Works by another definition from now on. Rows that wait stay; views that are new get what their windows can still see. */
  async adopt(definition: Definition): Promise<void> {
    await this.letGo()
    const feed = await FeatureFeed.open(this.services, await viewSources(this.services.metadata, definition), this.log)
    this.adopted = { definition, buffers: new Map(), feed }
    await this.catchUp()
  }

  /** @throws `not-found` for an unknown dataset, `invalid-data` naming row and field. */
  async push(dataset: string, body: PushBody): Promise<{ accepted: number; known: number }> {
    const { feed } = this.current()
    const buffer = await this.buffer(dataset)
    const pushed = await buffer.push(body)
    await feed.pushed(dataset, pushed)
    if (pushed.rows.rows > 0) this.news.features()
    return { accepted: pushed.rows.rows, known: pushed.duplicates }
  }

  /** Takes a file in; what is accepted reaches the features. */
  async ingest(
    dataset: string,
    path: string,
    options: { actor: string; from?: number; below?: number },
  ): Promise<BatchRecord[]> {
    const { definition } = this.current()
    const takesRows = definition.datasets.some((each) => each.name === dataset && each.time !== undefined)
    const waiting = async () => {
      const parts = takesRows ? await (await this.buffer(dataset)).waiting() : []
      return parts.map((part) => part.rows)
    }
    const batches = await ingestFile(this.services, definition, dataset, path, { ...options, waiting })
    await this.catchUp()
    return batches
  }

  /** Returns a dataset to an earlier version; features begin anew with its rows. @throws `not-found`, `conflict` */
  async rollBack(dataset: string, to: number, by: DatasetRollback): Promise<RollbackPlan> {
    const plan = await rollBackDataset(this.services, dataset, to, by)
    // The views of the dataset are other ones from now on, which get what is left.
    await this.adopt(this.current().definition)
    return plan
  }

  /** Makes batches of the days that are over. */
  async closeDays(now: number): Promise<void> {
    if (!this.adopted) return
    const { buffers, feed } = this.adopted
    for (const opening of buffers.values()) await (await opening).closeDue(now)
    await feed.trim(now)
  }

  /** Rows of a dataset that were pushed and are in no version yet. */
  async waiting(dataset: string): Promise<Table[]> {
    const { definition } = this.current()
    if (definition.datasets.find((each) => each.name === dataset)?.time === undefined) return []
    return (await (await this.buffer(dataset)).waiting()).map(({ rows }) => rows)
  }

  get position(): number {
    return this.log.position
  }

  /** Records of the feature log after a place, for prediction services. */
  async read(after: number, most: number): Promise<{ seq: number; record: string }[]> {
    const found: { seq: number; record: string }[] = []
    if (after >= this.log.position) return found
    for await (const batch of this.log.read(after)) {
      found.push({ seq: batch.seq, record: Buffer.from(encodeFeatureBatch(batch)).toString('base64') })
      if (found.length >= most) break
    }
    return found
  }

  async close(): Promise<void> {
    await this.letGo()
    await this.log.close()
  }

  private async catchUp(): Promise<void> {
    const { definition, feed } = this.current()
    const waiting = new Map<string, Awaited<ReturnType<PushBuffer['waiting']>>>()
    for (const dataset of definition.datasets) {
      if (dataset.time !== undefined) waiting.set(dataset.name, await (await this.buffer(dataset.name)).waiting())
    }
    await feed.catchUp(this.services.clock.now(), waiting)
    this.news.references()
  }

  private buffer(dataset: string): Promise<PushBuffer> {
    const { buffers, definition } = this.current()
    const known = buffers.get(dataset)
    if (known) return known
    const opening = PushBuffer.open({ ...this.services, logs: this.logs }, definition, dataset)
    buffers.set(dataset, opening)
    opening.catch(() => buffers.delete(dataset))
    return opening
  }

  private current(): Adopted {
    if (!this.adopted) {
      throw new MillwrightError('conflict', 'no project has been applied yet', {
        hint: 'Run `millwright apply` in the project.',
      })
    }
    return this.adopted
  }

  private async letGo(): Promise<void> {
    for (const opening of this.adopted?.buffers.values() ?? []) await (await opening).close()
    this.adopted = null
  }
}
