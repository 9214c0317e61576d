import type { AppendLogs } from '../../ports/append-logs.ts'
import { decodeFeatureBatch, encodeFeatureBatch } from '../../ports/feature-batch.ts'
import { emptySegment, type FeatureSegment, noteBatch, segmentName, unfinishedIn } from './feature-segment.ts'
import { NewestEvents } from './newest-events.ts'

/**
 * Neighbouring segments that are over and worth compacting: what came new is at least as much as what was compacted before, so that an event is
 * written again a bounded number of times however long the log lives.
 */
export function runsOf(
  segments: readonly FeatureSegment[],
  isOver: (segment: FeatureSegment) => boolean,
): FeatureSegment[][] {
  const runs: FeatureSegment[][] = [[]]
  for (const segment of segments) {
    if (isOver(segment)) runs.at(-1)!.push(segment)
    else runs.push([])
  }
  return runs.filter((run) => {
    const compacted = run.filter((segment) => segment.isCompacted)
    const sizeOf = (some: readonly FeatureSegment[]) => some.reduce((sum, { bytes }) => sum + bytes, 0)
    const fresh = sizeOf(run) - sizeOf(compacted)
    return compacted.length > 1 || (fresh > 0 && fresh >= sizeOf(compacted))
  })
}

/**
 * Writes what matters of a run of segments as one segment, whose name says what it stands for. The renaming is the moment at which it takes their place:
 * a crash before leaves them, a crash after leaves files that the next opening removes.
 */
export async function compactSegments(
  logs: AppendLogs,
  folder: string,
  run: readonly FeatureSegment[],
): Promise<FeatureSegment> {
  const events = new NewestEvents()
  for (const { name } of run) {
    for await (const { bytes } of logs.read(name)) events.add(decodeFeatureBatch(bytes))
  }
  const name = segmentName(folder, run[0]!.firstSeq, run.at(-1)!.lastSeq)
  const segment = emptySegment(name)
  const unfinished = `${unfinishedIn(folder)}/${name.split('/').at(-1)!}`
  await logs.remove(unfinished)
  const log = await logs.open(unfinished)
  try {
    for (const batch of events.batches()) {
      const at = await log.append(encodeFeatureBatch(batch))
      noteBatch(segment, batch, at, log.size)
    }
  } finally {
    await log.close()
  }
  await logs.rename(unfinished, name)
  return segment
}
