/**
 * Bytes, named by their SHA-256 (lower-case hex).
 *
 * - A blob is whole or absent: a reader never sees half of one, whatever dies during a write.
 * - Writing the same bytes again is fine and changes nothing but `writtenAt`: they count as new to whoever collects what nothing names.
 * - Reading checks the hash. Bytes that no longer match throw `corrupt-blob`, never come back.
 * - An unknown hash throws `not-found`; text that is no hash throws `invalid-request` and touches nothing.
 */
export interface Blobs {
  put(bytes: Uint8Array): Promise<{ hash: string; size: number }>
  /** Takes a local file into the store; the file itself stays. */
  putFile(path: string): Promise<{ hash: string; size: number }>
  /** Takes bytes as they come, and never holds more of them than one piece. When the source throws, nothing of it stays and the promise rejects with that. */
  putStream(source: AsyncIterable<Uint8Array>): Promise<{ hash: string; size: number }>
  get(hash: string): Promise<Uint8Array>
  /** A path that programs on this machine may read but not change, good while the blob is kept. */
  pathOf(hash: string): Promise<string>
  has(hash: string): Promise<boolean>
  /** Whether the bytes still match, without holding them in memory; false, too, when there are none. */
  isWhole(hash: string): Promise<boolean>
  /** Every blob with its size and the wall-clock time it was written, in no order. */
  list(): AsyncIterable<{ hash: string; size: number; writtenAt: number }>
  /** Nothing happens when it is not there. */
  remove(hash: string): Promise<void>
  /** Half-written bytes of processes that died, last written to before that wall-clock time; with `dryRun` they are only counted. */
  sweep(before: number, options: { dryRun: boolean }): Promise<{ count: number; bytes: number }>
}
