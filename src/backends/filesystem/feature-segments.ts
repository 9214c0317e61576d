import type { AppendLog, AppendLogs } from '../../ports/append-logs.ts'
import { decodeFeatureBatch, encodeFeatureBatch } from '../../ports/feature-batch.ts'
import type { OnlineFeatures } from '../../ports/online-features.ts'
import { emptySegment, type FeatureSegment, findSegments, noteBatch, segmentName } from './feature-segment.ts'
import { compactSegments, runsOf } from './segment-compaction.ts'

const segmentBytes = 4 << 20

/**
 * The feature log as segments of a few megabytes: the oldest go as a whole, or are compacted into one where the newest event of each entity matters for
 * ever.
 */
export async function openFeatureSegments(
  logs: AppendLogs,
  { folder = 'features', maxBytes = segmentBytes }: { folder?: string; maxBytes?: number } = {},
): Promise<OnlineFeatures> {
  const segments = await findSegments(logs, folder)
  let position = segments.at(-1)?.lastSeq ?? 0
  let log: AppendLog | null = null
  const newest = segments.at(-1)
  if (newest !== undefined && !newest.isCompacted) log = await logs.open(newest.name)
  const appending = turns()
  const trimming = turns()
  let readers = 0
  let retired: string[] = []

  async function segmentFor(seq: number): Promise<{ segment: FeatureSegment; log: AppendLog }> {
    const current = segments.at(-1)
    if (log !== null && current !== undefined && log.size < maxBytes) return { segment: current, log }
    await log?.close()
    const segment = emptySegment(segmentName(folder, seq))
    log = await logs.open(segment.name)
    segments.push(segment)
    return { segment, log }
  }

  /** Takes segments out; their files go when nobody reads them any more. */
  async function retire(gone: readonly FeatureSegment[], instead: readonly FeatureSegment[] = []): Promise<void> {
    segments.splice(segments.indexOf(gone[0]!), gone.length, ...instead)
    retired.push(...gone.map((segment) => segment.name))
    await sweep()
  }
  async function sweep(): Promise<void> {
    if (readers > 0) return
    const names = retired
    retired = []
    for (const name of names) await logs.remove(name)
  }

  return {
    get position() {
      return position
    },

    append: (batches) =>
      appending(async () => {
        const fresh = batches.filter((batch) => batch.seq > position)
        if (fresh.length === 0) return
        // One call goes into one segment, written and flushed together.
        const { segment, log } = await segmentFor(fresh[0]!.seq)
        const begins = await Promise.all(fresh.map((batch) => log.append(encodeFeatureBatch(batch))))
        for (const [i, batch] of fresh.entries()) noteBatch(segment, batch, begins[i]!, begins[i + 1] ?? log.size)
        position = fresh.at(-1)!.seq
      }),

    async *read(after) {
      readers += 1
      try {
        for (const segment of [...segments]) {
          if (segment.lastSeq <= after) continue
          const mark = segment.marks.findLast((each) => each.seq <= after + 1) ?? { at: 0 }
          for await (const { bytes } of logs.read(segment.name, mark.at)) {
            const batch = decodeFeatureBatch(bytes)
            if (batch.seq > after) yield batch
          }
        }
      } finally {
        readers -= 1
        await sweep()
      }
    },

    trim: (before) =>
      trimming(async () => {
        const isOver = (segment: FeatureSegment) => segment.mattersUntil <= before
        // The newest one with a record stays: it says what the position is.
        const closed = segments.slice(
          0,
          segments.findLastIndex((segment) => segment.marks.length > 0),
        )
        for (const segment of closed) if (isOver(segment) && !segment.hasLast) await retire([segment])
        for (const run of runsOf(
          closed.filter((segment) => segments.includes(segment)),
          isOver,
        )) {
          await retire(run, [await compactSegments(logs, folder, run)])
        }
      }),

    close: async () => {
      try {
        await trimming(sweep)
      } finally {
        await appending(async () => {
          await log?.close()
          log = null
        })
      }
    },
  }
}

/** Work that is done one after another. */
function turns() {
  let turn: Promise<void> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work)
    turn = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }
}
