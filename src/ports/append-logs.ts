/**
 * Named logs of byte records that only ever grow: pushed rows wait in them, features reach the prediction services through them.
 *
 * - When `append` resolves, the record survives the death of process and machine. Records are kept in the order of the calls.
 * - A record is whole or absent. What a crash tore at the end of a log, or left of zeros there, is gone at the next opening, and nothing before it.
 * - A log is open in one process at a time for appending; others may read it meanwhile and see whole records only.
 * - Names are relative paths of letters, digits, `-`, `_`, `.` and `@`; anything else throws `invalid-request`.
 */
export interface AppendLogs {
  /** Names of the logs under a folder, in order; none when there is no such folder. */
  list(folder: string): Promise<string[]>
  /** Opens a log to append to, new or from before. */
  open(name: string): Promise<AppendLog>
  /** The records of a log, from a position on. Nothing when there is no such log. */
  read(name: string, from?: number): AsyncIterable<LogRecord>
  /** Gives a closed log another name, at once. */
  rename(from: string, to: string): Promise<void>
  /** Nothing happens when it is not there. */
  remove(name: string): Promise<void>
}

export interface LogRecord {
  bytes: Uint8Array
  /** Where the next record begins: reading goes on there. */
  next: number
}

export interface AppendLog {
  readonly size: number
  /** @returns where the record begins. @throws `invalid-request` for a record without bytes. */
  append(record: Uint8Array): Promise<number>
  close(): Promise<void>
}
