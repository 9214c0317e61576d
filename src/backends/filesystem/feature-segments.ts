import type { AppendLog, AppendLogs } from '../../ports/append-logs.ts'
import { decodeFeatureBatch, encodeFeatureBatch, type FeatureBatch } from '../../ports/feature-batch.ts'
import type { OnlineFeatures } from '../../ports/online-features.ts'

const segmentBytes = 4 << 20

interface Segment {
  name: string
  firstSeq: number
  /** Time of its latest event. */
  latest: number
  /** `seq` and where the record begins, of some records: reading starts at the nearest. */
  marks: { seq: number; at: number }[]
}

/** The feature log as segments of a few megabytes, `features/<first seq>`: the oldest go as a whole. */
export async function openFeatureSegments(
  logs: AppendLogs,
  { folder = 'features', maxBytes = segmentBytes }: { folder?: string; maxBytes?: number } = {},
): Promise<OnlineFeatures> {
  const segments: Segment[] = []
  let position = 0
  for (const name of await logs.list(folder)) {
    const segment: Segment = {
      name,
      firstSeq: Number(name.split('/').at(-1)),
      latest: Number.NEGATIVE_INFINITY,
      marks: [],
    }
    let at = 0
    for await (const { bytes, next } of logs.read(name)) {
      const batch = decodeFeatureBatch(bytes)
      note(segment, batch, at)
      position = batch.seq
      at = next
    }
    // An empty segment was torn at its first record: its name would promise what is not there.
    if (segment.marks.length === 0) await logs.remove(name)
    else segments.push(segment)
  }
  let log: AppendLog | null = null
  const newest = segments.at(-1)
  if (newest !== undefined) log = await logs.open(newest.name)
  let turn: Promise<void> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work)
    turn = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }

  async function segmentFor(seq: number): Promise<{ segment: Segment; log: AppendLog }> {
    const current = segments.at(-1)
    if (log !== null && current !== undefined && log.size < maxBytes) return { segment: current, log }
    await log?.close()
    const segment: Segment = {
      name: `${folder}/${String(seq).padStart(16, '0')}`,
      firstSeq: seq,
      latest: Number.NEGATIVE_INFINITY,
      marks: [],
    }
    log = await logs.open(segment.name)
    segments.push(segment)
    return { segment, log }
  }

  return {
    get position() {
      return position
    },

    append: (batches) =>
      inTurn(async () => {
        const fresh = batches.filter((batch) => batch.seq > position)
        if (fresh.length === 0) return
        // One call goes into one segment, written and flushed together.
        const { segment, log } = await segmentFor(fresh[0]!.seq)
        const begins = await Promise.all(fresh.map((batch) => log.append(encodeFeatureBatch(batch))))
        for (const [i, batch] of fresh.entries()) note(segment, batch, begins[i]!)
        position = fresh.at(-1)!.seq
      }),

    async *read(after) {
      for (const [i, segment] of [...segments].entries()) {
        const following = segments[i + 1]
        if (following !== undefined && following.firstSeq <= after + 1) continue
        const mark = segment.marks.findLast((each) => each.seq <= after + 1) ?? { at: 0 }
        for await (const { bytes } of logs.read(segment.name, mark.at)) {
          const batch = decodeFeatureBatch(bytes)
          if (batch.seq > after) yield batch
        }
      }
    },

    trim: (before) =>
      inTurn(async () => {
        while (segments.length > 1 && segments[0]!.latest <= before) await logs.remove(segments.shift()!.name)
      }),

    close: () =>
      inTurn(async () => {
        await log?.close()
        log = null
      }),
  }
}

function note(segment: Segment, batch: FeatureBatch, at: number): void {
  for (const time of batch.times) if (time > segment.latest) segment.latest = time
  const last = segment.marks.at(-1)
  if (last === undefined || at - last.at > 65_536) segment.marks.push({ seq: batch.seq, at })
}
