import type { FeatureBatch } from './feature-batch.ts'

/**
 * A durable, ordered copy of the feature log: the control plane's own, and one at each prediction service, which answers from it when the
 * control plane is gone.
 *
 * - When `append` resolves, the batches survive the death of process and machine, all that came before them too.
 * - Batches are kept by ascending `seq`. One that is not above `position` is there already and is passed over; a gap is what was trimmed elsewhere.
 * - What a crash tore at the end is gone at the next opening: `position` says so, and tailing goes on from there.
 */
export interface OnlineFeatures {
  /** The highest `seq` that is kept or ever was; 0 at the beginning. */
  readonly position: number
  append(batches: readonly FeatureBatch[]): Promise<void>
  /** What is kept after a `seq`, in order. Trimming and appending meanwhile neither hide nor repeat what was there at the beginning. */
  read(after: number): AsyncIterable<FeatureBatch>
  /**
   * May forget batches whose events all lie at or before `before − reach.windowMs`: no window that begins at `before` or later reaches them. `position`
   * stays known.
   *
   * Of a view with `reach.last` the newest event of each entity stays (of several at one time the last by their values). It may move into another batch of its
   * view, whose `seq` is no lower than that of the batch it came from: so whoever has all up to some `seq`, from before or after, and reads on from
   * there, misses nothing. What he gets twice that way is such an event and no other.
   *
   * A crash at any moment leaves a log that reads as before or as after.
   */
  trim(before: number): Promise<void>
  close(): Promise<void>
}
