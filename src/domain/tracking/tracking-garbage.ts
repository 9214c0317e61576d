import { MillwrightError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import {
  type CollectedKind,
  collectedKinds,
  type DeletedItem,
  type DeletedPlace,
  type StoredRows,
} from '../../ports/tracking-garbage.ts'
import { nearDeleted } from './near-names.ts'

/** What shall go. With names these alone go, whenever they were deleted. */
export interface GarbageRequest {
  /** Wall-clock UTC milliseconds: what was deleted up to then. */
  before: number
  runs: readonly string[]
  models: readonly string[]
  experiments: readonly string[]
}

/** Something that would go, with what it takes. */
export interface GarbageItem extends DeletedItem, StoredRows {
  kind: CollectedKind
  files: number
  /** Of its files; those that others have too stay. */
  bytes: number
}

export type Collected = Record<CollectedKind, number>
export interface RemovedRows extends Collected, StoredRows {
  files: number
}

const atOnce = 100
const listedAtOnce = 1000
const words = { run: 'run', model: 'logged model', experiment: 'experiment' } as const
/** What a request calls them. */
const fields = { run: 'trackedRuns', model: 'loggedModels', experiment: 'experiments' } as const
const deleting = { run: 'delete_run', model: 'delete_logged_model', experiment: 'delete_experiment' } as const
/** What it costs to remove something beside its rows. */
const rowsOfItem = 5

const nothing = (): RemovedRows => ({ experiment: 0, model: 0, run: 0, points: 0, values: 0, files: 0 })

/** Where files of a run or a logged model are kept. */
export const rootOfItem = (kind: 'run' | 'model', { id, experimentId }: Pick<DeletedItem, 'id' | 'experimentId'>) =>
  `${experimentId}/${kind === 'model' ? 'models/' : ''}${id}/artifacts`

async function notThere(tracking: TrackingReader, kind: CollectedKind, id: string): Promise<MillwrightError> {
  const meant = await nearDeleted(tracking, kind, id)
  const listing = '`millwright gc --deleted-for 0s` says all that is deleted, with ids, and removes nothing.'
  return new MillwrightError('not-found', `there is no ${words[kind]} ${id.slice(0, 100)}`, {
    field: fields[kind],
    hint: meant ? `Did you mean ${meant.id} ("${meant.name.slice(0, 100)}"), which is deleted? ${listing}` : listing,
  })
}

/**
 * What was deleted long enough ago goes for good, with points and files, in pieces between which others write. A registered version has files of its own, and
 * keeps them.
 */
export class TrackingGarbage {
  private sweeping: Promise<RemovedRows> | null = null
  private isClosed = false

  constructor(private readonly metadata: Metadata) {}

  /** What would go, with its size. @throws `not-found` for a name of nothing; `conflict` for what is not deleted */
  async *find(request: GarbageRequest): AsyncGenerator<GarbageItem, void, undefined> {
    const experiments = new Set<string>()
    for await (const item of this.asked('experiment', request)) {
      experiments.add(item.id)
      yield { ...item, kind: 'experiment', points: 0, values: 0, files: 0, bytes: 0 }
      for (const kind of ['run', 'model'] as const)
        for (let after = ''; ; ) {
          const page = await this.metadata.tracking.garbage.within(item.id, kind, { after, limit: listedAtOnce })
          for (const each of page) yield this.sized(kind, each)
          if (page.length < listedAtOnce) break
          after = page.at(-1)!.id
        }
    }
    for (const kind of ['run', 'model'] as const)
      for await (const item of this.asked(kind, request))
        if (!experiments.has(item.experimentId)) yield this.sized(kind, item)
  }

  private async sized(kind: 'run' | 'model', item: DeletedItem): Promise<GarbageItem> {
    const rows = await this.metadata.tracking.garbage.rowsOf(kind, item.id)
    return { ...item, ...rows, ...(await this.metadata.files.sizeOf(rootOfItem(kind, item))), kind }
  }

  /** Those that are named, or all that are due. */
  private async *asked(kind: CollectedKind, request: GarbageRequest): AsyncGenerator<DeletedItem, void, undefined> {
    if (isNamed(request)) {
      for (const id of new Set(namesOf(request, kind))) {
        const item = await this.deleted(kind, id)
        if (item) yield item
      }
      return
    }
    for (let after: DeletedPlace | null = null; ; ) {
      const page: DeletedItem[] = await this.metadata.tracking.garbage.due(kind, {
        before: request.before,
        after,
        limit: listedAtOnce,
      })
      yield* page
      const last = page.at(-1)
      if (!last || page.length < listedAtOnce) return
      after = [last.deletedAt!, last.id]
    }
  }

  /** Undefined for what is on its way already. @throws `not-found`, `conflict` for what is not deleted */
  private async deleted(kind: CollectedKind, id: string): Promise<DeletedItem | undefined> {
    const { tracking } = this.metadata
    if (await tracking.garbage.isMarked(kind, id)) return undefined
    const found =
      kind === 'run'
        ? await tracking.run(id)
        : await (kind === 'model' ? tracking.models.get(id) : tracking.experiment(id))
    const what = `${words[kind]} ${id.slice(0, 100)}`
    const field = fields[kind]
    if (!found) throw await notThere(tracking, kind, id)
    if (!found.isDeleted)
      throw new MillwrightError('conflict', `the ${what} is not deleted`, {
        field,
        hint: `Delete it first${kind === 'run' ? ', on the screen Experiments or' : ''} with \`MlflowClient().${deleting[kind]}("${id}")\`.`,
      })
    const item = {
      id,
      name: found.name,
      experimentId: kind === 'experiment' ? id : (found as DeletedItem).experimentId,
    }
    if (kind === 'experiment' && (await hasActiveRun(tracking, id)))
      throw new MillwrightError('conflict', `a run of the ${what} was restored`, {
        field,
        hint: 'Delete that run first, or restore the experiment.',
      })
    if (kind === 'experiment' && id === '0')
      throw new MillwrightError('conflict', 'the experiment 0 stays: clients that name none log there', {
        field,
        hint: 'Its runs can be named, or go by themselves.',
      })
    const deletedAt = 'deletedAt' in found ? found.deletedAt : found.changedAt
    return { ...item, deletedAt }
  }

  /** From here on it is gone for everybody. @returns how many of each */
  async mark(request: GarbageRequest, actor: string): Promise<Collected> {
    const marked: Collected = { experiment: 0, model: 0, run: 0 }
    if (isNamed(request)) {
      // All of them first: of a wrong name nothing goes.
      const named = new Map<CollectedKind, string[]>()
      for (const kind of collectedKinds) {
        const found: string[] = []
        for await (const { id } of this.asked(kind, request)) found.push(id)
        named.set(kind, found)
      }
      for (const [kind, found] of named)
        for (let from = 0; from < found.length; from += atOnce)
          marked[kind] += await this.markSome(kind, found.slice(from, from + atOnce), null, actor)
      return marked
    }
    const pace = new Pace()
    for (const kind of collectedKinds)
      for (;;) {
        const due = await this.metadata.tracking.garbage.due(kind, {
          before: request.before,
          after: null,
          limit: atOnce,
        })
        const { used } = await pace.piece(async () => ({
          used:
            due.length === 0
              ? 0
              : await this.markSome(
                  kind,
                  due.map(({ id }) => id),
                  request.before,
                  actor,
                ),
        }))
        if (used === 0) break
        marked[kind] += used
      }
    return marked
  }

  private markSome(kind: CollectedKind, ids: readonly string[], before: number | null, actor: string): Promise<number> {
    return this.metadata.transaction(async (writer) => {
      const still: string[] = []
      for (const id of ids) if (kind !== 'experiment' || !(await hasActiveRun(writer.tracking, id))) still.push(id)
      const marked = await writer.tracking.garbage.mark(kind, still, before)
      if (marked.length > 0) await tell(writer, kind, marked, actor)
      return marked.length
    })
  }

  /**
   * Removes what is marked, whoever did it and whenever: that of a process which died, too. Whoever asks meanwhile waits for the same.
   *
   * @returns what went
   */
  sweep(): Promise<RemovedRows> {
    this.sweeping ??= this.sweepAll().finally(() => {
      this.sweeping = null
    })
    return this.sweeping
  }

  /** Ends after the piece that is under way; the next process goes on. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.sweeping?.catch(() => {})
  }

  private async sweepAll(): Promise<RemovedRows> {
    const removed = nothing()
    const pace = new Pace()
    const { garbage } = this.metadata.tracking
    for (;;) {
      const experiments = await garbage.marked('experiment', atOnce)
      for (const { id } of experiments)
        while (!this.isClosed) {
          const { used } = await pace.piece((size) =>
            this.metadata.transaction(async ({ tracking }) => ({ used: await tracking.garbage.markWithin(id, size) })),
          )
          if (used === 0) break
        }
      for (const kind of ['model', 'run'] as const) await this.sweepKind(kind, pace, removed)
      if (this.isClosed) return removed
      if (experiments.length > 0) {
        await this.metadata.transaction(async ({ tracking }) => {
          for (const { id } of experiments) await tracking.garbage.remove('experiment', id)
        })
        removed.experiment += experiments.length
        continue
      }
      if (Object.values(removed).some((count) => count > 0)) await this.tellOfRemoved(removed)
      return removed
    }
  }

  private async sweepKind(kind: 'run' | 'model', pace: Pace, removed: RemovedRows): Promise<void> {
    while (!this.isClosed) {
      const items = await this.metadata.tracking.garbage.marked(kind, atOnce)
      if (items.length === 0) return
      const piece = await pace.piece((size) =>
        this.metadata.transaction(async (writer) => {
          const gone = { ...nothing(), used: 0 }
          for (const item of items) {
            if (gone.used >= size) break
            const files = await writer.files.removeSome(rootOfItem(kind, item), size - gone.used)
            gone.files += files
            gone.used += files
            if (gone.used >= size) break
            const { points, values, isEmpty } = await writer.tracking.garbage.removeRows(
              kind,
              item.id,
              size - gone.used,
            )
            gone.points += points
            gone.values += values
            gone.used += points + values + rowsOfItem
            if (!isEmpty) break
            await writer.tracking.garbage.remove(kind, item.id)
            gone[kind] += 1
          }
          return gone
        }),
      )
      for (const what of Object.keys(removed) as (keyof RemovedRows)[]) removed[what] += piece[what]
    }
  }

  private tellOfRemoved(removed: RemovedRows): Promise<void> {
    const { run, model, experiment, points, files } = removed
    return this.metadata.transaction((writer) =>
      writer.emit({
        type: 'tracking.removed',
        subject: 'project:tracking',
        actor: 'system',
        message: `Removed ${run} runs, ${model} logged models and ${experiment} experiments that were collected, with ${points} points and ${files} files`,
        data: { ...removed },
      }),
    )
  }
}

const namesOf = ({ runs, models, experiments }: GarbageRequest, kind: CollectedKind): readonly string[] =>
  kind === 'run' ? runs : kind === 'model' ? models : experiments

/** Whether it is about some things alone. */
export const isNamed = (request: GarbageRequest): boolean =>
  collectedKinds.some((kind) => namesOf(request, kind).length > 0)

async function hasActiveRun({ searchRuns }: Metadata['tracking'], experimentId: string): Promise<boolean> {
  const asked = { filter: undefined, order: [], limit: 1, after: undefined }
  return (await searchRuns({ ...asked, experiments: [experimentId], lifecycle: 'active' })).runs.length > 0
}

const tell = (
  writer: Pick<RecordWriter, 'emit'>,
  kind: CollectedKind,
  ids: readonly string[],
  actor: string,
): Promise<void> =>
  writer.emit({
    type: 'tracking.collected',
    subject:
      ids.length === 1
        ? `${kind === 'run' ? 'tracked-run' : kind === 'model' ? 'logged-model' : kind}:${ids[0]}`
        : 'project:tracking',
    actor,
    level: 'warning',
    message:
      ids.length === 1
        ? `the ${words[kind]} ${ids[0]}, which was deleted, is removed for good`
        : `${ids.length} ${words[kind]}s, which were deleted, are removed for good`,
    data: { kind, ids },
  })

/** @throws `conflict` for what was deleted and is on its way out, which nobody brings back */
export async function refuseMarked(
  { garbage }: Pick<Metadata['tracking'], 'garbage'>,
  kind: CollectedKind,
  id: string,
): Promise<void> {
  if (!(await garbage.isMarked(kind, id))) return
  throw new MillwrightError('conflict', `the ${words[kind]} ${id.slice(0, 100)} is being removed for good`, {
    hint: 'What was collected does not come back, but from a backup.',
  })
}
