import { constants, copyFileSync, type Dirent, linkSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file of the home as it was at one moment. */
export interface HeldFile {
  /** Within the home, with `/` between folders. */
  path: string
  /** Where its bytes can be read: it may grow there, but what it had stays. */
  from: string
  size: number
  mode: number
  mtimeMs: number
}

/** Folders and files that are made anew, belong to one process, or are taken by other means; `logs` and `incoming` are no part of the moment. */
const leftOut = new Set([
  'metadata.db',
  'metadata.db-wal',
  'metadata.db-shm',
  'blobs',
  'server.pid',
  'sessions.json',
  'tables',
  'work',
  'packages',
  'ci',
  'predictor',
  'backup-held',
  'before-upgrade',
  'logs',
  'incoming',
])

const entriesOf = (folder: string): Dirent[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function pathsBelow(home: string, within: string): string[] {
  return entriesOf(join(home, within)).flatMap((entry) => {
    const path = within === '' ? entry.name : `${within}/${entry.name}`
    if (within === '' && leftOut.has(entry.name)) return []
    if (entry.isDirectory()) return pathsBelow(home, path)
    return entry.isFile() && !entry.name.endsWith('.tmp') ? [path] : []
  })
}

/**
 * Holds what the home's logs are at this moment under second names: they only grow, are replaced as a whole or removed, so that the first bytes of
 * what is held stay what they were. In one go, without a turn of the event loop: what is held is what a kill at this moment would have left, which
 * is what every start can go on from.
 */
export function holdFiles(home: string, holding: string): HeldFile[] {
  const held: HeldFile[] = []
  // Of a prediction service only who it is, and what it has not handed over: it gets the rest from the control plane.
  const ofPredictor = ['predictor/state.json', ...pathsBelow(home, 'predictor/predictions')]
  for (const path of [...pathsBelow(home, ''), ...ofPredictor]) {
    const from = join(holding, path)
    mkdirSync(dirname(from), { recursive: true })
    const found = statOf(join(home, path))
    if (found === null || !hold(join(home, path), from)) continue
    const { size, mode, mtimeMs } = found
    held.push({ path, from, size, mode: mode & 0o777, mtimeMs })
  }
  return held
}

/** Logs of steps and files put there to be ingested, as they are when they are come to. */
export function otherFiles(home: string): HeldFile[] {
  return [...pathsBelow(home, 'logs'), ...pathsBelow(home, 'incoming')].flatMap((path) => {
    const found = statOf(join(home, path))
    return found
      ? [{ path, from: join(home, path), size: found.size, mode: found.mode & 0o777, mtimeMs: found.mtimeMs }]
      : []
  })
}

function statOf(path: string): { size: number; mode: number; mtimeMs: number } | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}

/** @returns whether it was still there. */
function hold(path: string, as: string): boolean {
  try {
    linkSync(path, as)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    // A file system without second names.
    copyFileSync(path, as, constants.COPYFILE_FICLONE)
  }
  return true
}
