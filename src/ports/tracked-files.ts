/** A file of a tracked run or of a logged model. Its bytes are the blob of that hash. */
export interface TrackedFile {
  /** Below the root, with `/` between names. */
  path: string
  hash: string
  size: number
  /** Wall-clock UTC milliseconds of its writing. */
  at: number
}

/** What lies directly in a folder; a folder has no size. */
export interface TrackedEntry {
  name: string
  isFolder: boolean
  size: number | null
}

/** Where a page of a listing begins: after this entry. */
export type EntryMark = Pick<TrackedEntry, 'name' | 'isFolder'>

/**
 * Which files a root has. A root is `<experiment>/<run>/artifacts` or `<experiment>/models/<model>/artifacts`; folders are there as long as a file
 * lies in them. Paths are compared byte by byte as UTF-8, and hold no control characters.
 */
export interface TrackedFileReader {
  get(root: string, path: string): Promise<TrackedFile | undefined>
  /**
   * One level, ordered by name, where that of a folder ends with `/`. Its cost grows with what it returns, not with what lies below.
   *
   * @param folder '' for the root itself; one that is not there is empty.
   */
  list(root: string, folder: string, page: { after?: EntryMark | undefined; limit: number }): Promise<TrackedEntry[]>
  /** Every file in a folder and below it, ordered by path. @param folder '' for the root itself */
  below(root: string, folder: string, limit: number): Promise<TrackedFile[]>
  /** Every file of every root, in order, a page at a time: what the collection of garbage and a verification go by. */
  references(
    after: { root: string; path: string } | null,
    limit: number,
  ): Promise<{ root: string; path: string; hash: string }[]>
  sizeOf(root: string): Promise<{ files: number; bytes: number }>
}

/** What a transaction can do. Reads see its own writes. */
export interface TrackedFileWriter extends TrackedFileReader {
  /** Inserts, or replaces what has that path. */
  put(root: string, file: TrackedFile): Promise<void>
  /** Removes the file of that path and all that lies below it; '' empties the root. @returns how many files went. */
  remove(root: string, path: string): Promise<number>
  /** Of every root. */
  clear(): Promise<void>
  /** Removes so many files of a root at most. @returns how many went; fewer than `limit` when none is left. */
  removeSome(root: string, limit: number): Promise<number>
}
