import { TextBuilder } from '../../base/columns.ts'
import { compareValues } from '../../base/value-order.ts'
import type { FeatureBatch, Reach } from '../../ports/feature-batch.ts'

/** So many events make a batch, unless they came from one. */
const eventsPerBatch = 10_000

interface Newest {
  seq: number
  time: number
  values: number[]
}

interface View {
  view: string
  reach: Reach
  /** `seq` of its last batch, and the newest version of the dataset that any of them had seen. */
  seq: number
  version: number | null
  newest: Map<string, Newest>
}

/** Collects the newest event of each entity, for views that look back without a bound. Events of other views are passed over. */
export class NewestEvents {
  private readonly views = new Map<string, View>()

  /** Batches come by ascending `seq`. */
  add({ seq, view, viewHash, reach, through, entities, times, values }: FeatureBatch): void {
    if (!reach.last) return
    let known = this.views.get(viewHash)
    if (known === undefined) {
      known = { view, reach, seq, version: null, newest: new Map() }
      this.views.set(viewHash, known)
    }
    known.seq = seq
    if (through.version !== null) known.version = Math.max(known.version ?? 0, through.version)
    for (let i = 0; i < times.length; i += 1) {
      const entity = entities.dictionary[entities.codes[i]!]
      const time = times[i]!
      if (entity === undefined || Number.isNaN(time)) continue
      const before = known.newest.get(entity)
      if (before === undefined || isLater(time, values, i, before)) {
        known.newest.set(entity, { seq, time, values: values.map((column) => column[i]!) })
      }
    }
  }

  /** What is left, by ascending `seq`: each event in a batch that is no earlier than its own. */
  batches(): FeatureBatch[] {
    return [...this.views].flatMap(([viewHash, view]) => batchesOf(viewHash, view)).sort((a, b) => a.seq - b.seq)
  }
}

/** The canonical order of events: by time, then by their values, column by column. */
function isLater(time: number, values: readonly Float64Array[], row: number, than: Newest): boolean {
  if (time !== than.time) return time > than.time
  for (const [column, value] of than.values.entries()) {
    const order = compareValues(values[column]![row]!, value)
    if (order !== 0) return order > 0
  }
  return false
}

function batchesOf(viewHash: string, { view, reach, seq, version, newest }: View): FeatureBatch[] {
  const events = [...newest].sort(([, a], [, b]) => a.seq - b.seq)
  const width = events[0]?.[1].values.length ?? 0
  const batches: FeatureBatch[] = []
  let from = 0
  for (let to = 1; to <= events.length; to += 1) {
    const isEnd = to === events.length
    if (!isEnd && (to - from < eventsPerBatch || events[to]![1].seq === events[to - 1]![1].seq)) continue
    batches.push(batchOf(events.slice(from, to), width, { seq: events[to - 1]![1].seq, view, viewHash, reach }))
    from = to
  }
  // The last one stands where the view's last batch stood, and says how far the view has seen.
  const last = batches.pop() ?? batchOf([], width, { seq, view, viewHash, reach })
  return [...batches, { ...last, seq, through: { version, pushed: null } }]
}

function batchOf(
  events: readonly [string, Newest][],
  width: number,
  about: Pick<FeatureBatch, 'seq' | 'view' | 'viewHash' | 'reach'>,
): FeatureBatch {
  const entities = new TextBuilder(events.length)
  for (const [entity] of events) entities.push(entity)
  return {
    ...about,
    through: { version: null, pushed: null },
    entities: entities.finish(),
    times: Float64Array.from(events, ([, { time }]) => time),
    values: Array.from({ length: width }, (_, column) =>
      Float64Array.from(events, ([, { values }]) => values[column]!),
    ),
  }
}
