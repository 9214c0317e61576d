import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { MillwrightError } from './errors.ts'

/** From its state on, what the system says of a process (proc(5)); null where it says nothing. */
function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in brackets and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/**
 * Whether a process with that id runs. One that is dead and that nobody has asked after yet does not: where the first process of a container
 * asks late or never, it stays in the table.
 */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const [state] = statOf(pid) ?? []
  return state !== 'Z' && state !== 'X'
}

/**
 * What tells a process from a later one of the same number, after a reboot or in a container: the boot, and when in it the process started. Empty where
 * the system does not say.
 */
function markOf(pid: number): string {
  const startedAt = statOf(pid)?.[19]
  if (startedAt === undefined) return ''
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${startedAt}`
  } catch {
    return ''
  }
}

/** A process, told from a later one of the same number. */
interface Holder {
  readonly pid: number
  readonly mark: string
}

/** What the file says. */
interface Said {
  readonly owner: Holder
  /** Whoever started the owner, and whose end is its end too; null for one that stands alone. */
  readonly keeper: Holder | null
  /** The owner has said that it is about to let go. */
  readonly isLeaving: boolean
}

const holderOf = (pid: number): Holder => ({ pid, mark: markOf(pid) })

const isThere = ({ pid, mark }: Holder): boolean => {
  if (!(pid > 0) || !isAlive(pid)) return false
  const present = markOf(pid)
  return mark === '' || present === '' || mark === present
}

/** What a file says, if the very process that took it lives; null for what is nobody's. */
function saidIn(path: string): Said | null {
  try {
    const said = JSON.parse(readFileSync(path, 'utf8')) as Said
    return said.owner.pid !== process.pid && isThere(said.owner) ? said : null
  } catch {
    // There is none, or its writer died in the middle of a version that did not write it in one.
    return null
  }
}

const ownWords = (isLeaving: boolean): string =>
  JSON.stringify({
    owner: holderOf(process.pid),
    keeper: process.channel ? holderOf(process.ppid) : null,
    isLeaving,
  } satisfies Said)

/** An owner whose keeper was killed leaves too; it may be too busy to have noticed yet. */
const isOnItsWay = ({ isLeaving, keeper }: Said): boolean => isLeaving || (keeper !== null && !isThere(keeper))

const leavesWithinMs = 20_000

/** A file that says which process alone works in a folder. */
export interface FolderLock {
  /** Says that this process is about to let go: whoever starts meanwhile waits for it. */
  leave(): void
  release(): void
}

/** Which lock, and how its taker is called in the refusal of another. */
export interface LockPlace {
  readonly file: string
  /** A folder on the same disk, where the file is written before it comes to its place whole. */
  readonly scratch: string
  /** The folder that it is for. */
  readonly folder: string
  /** Such as "control plane". */
  readonly who: string
}

function written({ file, scratch }: LockPlace, words: string): string {
  const path = join(scratch, `${basename(file)}.${process.pid}`)
  writeFileSync(path, words)
  return path
}

/** @returns whether there was none. */
function placed(place: LockPlace): boolean {
  const own = written(place, ownWords(false))
  try {
    linkSync(own, place.file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/**
 * Takes a folder for this process alone. A process that is about to let go of it, such as one whose keeper was killed, is waited for.
 *
 * @throws `conflict` while another process that lives has it.
 */
export async function takeFolder(place: LockPlace): Promise<FolderLock> {
  const { file, folder, who } = place
  const deadline = Date.now() + leavesWithinMs
  for (let said = saidIn(file); said !== null && isOnItsWay(said) && Date.now() < deadline; said = saidIn(file)) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (let attempt = 0; !placed(place); attempt += 1) {
    const said = saidIn(file)
    if (said !== null || attempt > 3) {
      const owner = said ? ` (process ${said.owner.pid})` : ''
      throw new MillwrightError('conflict', `another ${who}${owner} uses ${folder}`, {
        hint: 'Stop it, or give this one another folder with --home.',
      })
    }
    rmSync(file, { force: true })
  }
  return {
    leave: () => {
      try {
        renameSync(written(place, ownWords(true)), file)
      } catch {
        // The disk is full, say: whoever starts meanwhile is refused instead of waiting.
      }
    },
    release: () => rmSync(file, { force: true }),
  }
}
