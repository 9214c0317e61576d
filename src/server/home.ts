import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MillwrightError } from '../base/errors.ts'

/** Where a control plane keeps its state. */
export interface Home {
  readonly path: string
  readonly metadata: string
  readonly blobs: string
  readonly predictions: string
  readonly work: string
  /** Where packages are unpacked. */
  readonly packages: string
  /** Where files may be put to be ingested. */
  readonly incoming: string
  release(): void
}

export function homeAt(path: string): Omit<Home, 'release'> {
  const root = resolve(path)
  return {
    path: root,
    metadata: join(root, 'metadata.db'),
    blobs: join(root, 'blobs'),
    predictions: join(root, 'predictions'),
    work: join(root, 'tables'),
    packages: join(root, 'packages'),
    incoming: join(root, 'incoming'),
  }
}

/** Whether a process with that id runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Takes a home for this process alone.
 *
 * @throws `conflict` while another process that lives has it.
 */
export function takeHome(path: string): Home {
  const home = homeAt(path)
  for (const folder of [home.path, home.predictions, home.work, home.incoming]) mkdirSync(folder, { recursive: true })
  const lock = join(home.path, 'server.pid')
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error
    }
    const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
    if (owner > 0 && owner !== process.pid && isAlive(owner)) {
      throw new MillwrightError('conflict', `another control plane (process ${owner}) uses ${home.path}`, {
        hint: 'Stop it, or give this one another folder with --home.',
      })
    }
    rmSync(lock, { force: true })
  }
  return { ...home, release: () => rmSync(lock, { force: true }) }
}
