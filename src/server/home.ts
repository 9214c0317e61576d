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
  /** The environment that this control plane is; null for none. */
  readonly environment: string | null
  release(): void
}

export function homeAt(path: string): Omit<Home, 'release' | 'environment'> {
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
 * The environment of a home: once said, it stays, so that a start without its name does not start without its rules.
 *
 * @throws `conflict` for another name than the home has.
 */
function environmentOf(home: string, asked: string | undefined): string | null {
  const file = join(home, 'environment')
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : null
  if (asked === undefined || asked === known) return known
  if (known !== null) {
    throw new MillwrightError('conflict', `${home} is the environment "${known}", not "${asked}"`, {
      field: 'environment',
      hint: 'Give the other environment a home of its own with --home.',
    })
  }
  writeFileSync(file, `${asked}\n`)
  return asked
}

/**
 * Takes a home for this process alone.
 *
 * @param environment which one it is; without it, the one it was.
 * @throws `conflict` while another process that lives has it, and for another environment.
 */
export function takeHome(path: string, environment?: string): Home {
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
  const release = (): void => rmSync(lock, { force: true })
  try {
    return { ...home, environment: environmentOf(home.path, environment), release }
  } catch (error) {
    release()
    throw error
  }
}
