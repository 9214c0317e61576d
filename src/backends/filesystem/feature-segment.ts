import type { AppendLogs } from '../../ports/append-logs.ts'
import { decodeFeatureBatch, type FeatureBatch } from '../../ports/feature-batch.ts'

/** A part of the feature log, as one append log. */
export interface FeatureSegment {
  name: string
  firstSeq: number
  /** Highest `seq` that it holds, or that it stands for when it was compacted. */
  lastSeq: number
  bytes: number
  /** No window that begins at that time or later reaches any of its events. */
  mattersUntil: number
  /** It holds events of views that look back without a bound. */
  hasLast: boolean
  isCompacted: boolean
  /** `seq` and where the record begins, of some records: reading starts at the nearest. */
  marks: { seq: number; at: number }[]
}

const padded = (seq: number): string => String(seq).padStart(16, '0')

/** `<first seq>`, or `<first seq>-<last seq>` of what took the place of all between. */
export function segmentName(folder: string, firstSeq: number, lastSeq?: number): string {
  return `${folder}/${padded(firstSeq)}${lastSeq === undefined ? '' : `-${padded(lastSeq)}`}`
}

export function emptySegment(name: string): FeatureSegment {
  const [firstSeq, lastSeq] = name.split('/').at(-1)!.split('-').map(Number) as [number, number?]
  return {
    name,
    firstSeq,
    lastSeq: lastSeq ?? 0,
    bytes: 0,
    mattersUntil: Number.NEGATIVE_INFINITY,
    hasLast: false,
    isCompacted: lastSeq !== undefined,
    marks: [],
  }
}

/** Takes note of a record that the segment holds from `at` to `next`. */
export function noteBatch(segment: FeatureSegment, batch: FeatureBatch, at: number, next: number): void {
  const { windowMs, last } = batch.reach
  for (const time of batch.times) if (time + windowMs > segment.mattersUntil) segment.mattersUntil = time + windowMs
  segment.hasLast ||= last
  segment.lastSeq = Math.max(segment.lastSeq, batch.seq)
  segment.bytes = next
  const mark = segment.marks.at(-1)
  if (mark === undefined || at - mark.at > 65_536) segment.marks.push({ seq: batch.seq, at })
}

/**
 * Finds the segments of a folder, in order. What a crash left of a compaction is removed: one that was not finished, and what a finished one stands
 * for.
 */
export async function findSegments(logs: AppendLogs, folder: string): Promise<FeatureSegment[]> {
  for (const unfinished of await logs.list(unfinishedIn(folder))) await logs.remove(unfinished)
  const found = (await logs.list(folder)).map(emptySegment)
  const compacted = found.filter((segment) => segment.isCompacted)
  const segments: FeatureSegment[] = []
  for (const segment of found) {
    const { firstSeq, lastSeq, name } = segment
    const isReplaced = compacted.some(
      (by) => by !== segment && by.firstSeq <= firstSeq && firstSeq <= by.lastSeq && lastSeq <= by.lastSeq,
    )
    if (isReplaced) {
      await logs.remove(name)
      continue
    }
    let at = 0
    for await (const { bytes, next } of logs.read(name)) {
      noteBatch(segment, decodeFeatureBatch(bytes), at, next)
      at = next
    }
    // An empty segment was torn at its first record: its name would promise what is not there.
    if (segment.marks.length === 0) await logs.remove(name)
    else segments.push(segment)
  }
  return segments
}

/** Where compacted segments lie until they are whole. */
export function unfinishedIn(folder: string): string {
  return `${folder}/compacting`
}
