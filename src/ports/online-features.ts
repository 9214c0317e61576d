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
  /** What is kept after a `seq`, in order. */
  read(after: number): AsyncIterable<FeatureBatch>
  /** May forget batches whose events all lie at or before a time; never the newest ones, so that `position` stays known. */
  trim(before: number): Promise<void>
  close(): Promise<void>
}
