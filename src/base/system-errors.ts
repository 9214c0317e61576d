import { MillwrightError, messageOf } from './errors.ts'

/** What the operating system and SQLite call the same trouble. */
const troubles = [
  {
    is: /\b(ENOSPC|EDQUOT|SQLITE_FULL)\b|database or disk is full|no space left on device/i,
    error: () =>
      new MillwrightError('storage-failed', 'the disk is full: nothing was changed', {
        hint: 'Make room on the disk of the home, with `millwright gc` for one, and send the request again.',
      }),
  },
  {
    is: /\b(EROFS|SQLITE_READONLY)\b|readonly database|read-only file system/i,
    error: () =>
      new MillwrightError('storage-failed', 'the disk may only be read: nothing was changed', {
        hint: 'Make the disk of the home writable again (its file system may have been mounted read-only after a fault), and send the request again.',
      }),
  },
  {
    is: /\b(EIO|SQLITE_IOERR\w*)\b|disk i\/o error/i,
    error: () =>
      new MillwrightError('storage-failed', 'the disk does not answer as it should: nothing is known to be changed', {
        hint: 'Look into the log of the machine. `millwright verify` says what is damaged.',
      }),
  },
  {
    is: /\b(EMFILE|ENFILE)\b|unable to open database file/i,
    error: () =>
      new MillwrightError('unavailable', 'the process has as many files open as it may', {
        hint: 'Send the request again. Raise the limit (`ulimit -n`) where that comes often.',
      }),
  },
] as const

/** The trouble of the machine behind an error, in words that say what to do; null where it is none. */
export function systemErrorOf(error: unknown): MillwrightError | null {
  for (let each: unknown = error; each !== undefined && each !== null; each = (each as { cause?: unknown }).cause) {
    const said = `${(each as { code?: unknown }).code ?? ''} ${messageOf(each)}`
    const trouble = troubles.find(({ is }) => is.test(said))
    if (trouble) return trouble.error()
  }
  return null
}
