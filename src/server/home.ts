import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MillwrightError } from '../base/errors.ts'
import { type FolderLock, takeFolder } from '../base/folder-lock.ts'

/** Where a control plane keeps its state. */
export interface Home extends FolderLock {
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
}

export function homeAt(path: string): Omit<Home, keyof FolderLock | 'environment'> {
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

const markOfTests = ({ path }: Pick<Home, 'path'>): string => join(path, 'test-home')

/** Only what was never anything else is emptied by tests. */
function checkForTests(home: Pick<Home, 'path' | 'metadata'>): void {
  if (existsSync(markOfTests(home)) || !existsSync(home.metadata)) return
  throw new MillwrightError('conflict', `${home.path} was not made with --test-reset, so that nothing may empty it`, {
    field: 'testReset',
    hint: 'Give tests a home of their own with --home, in a folder that is not there yet.',
  })
}

/**
 * Takes a home for this process alone; a process that is about to let go of it is waited for.
 *
 * @param environment which one it is; without it, the one it was.
 * @param testReset whether it is one for tests that empty it, which it was made as.
 * @throws `conflict` while another process that lives has it, for another environment, and for a home with contents that must not be emptied.
 */
export async function takeHome(
  path: string,
  environment?: string,
  { testReset = false }: { testReset?: boolean } = {},
): Promise<Home> {
  const home = homeAt(path)
  if (testReset) checkForTests(home)
  for (const folder of [home.path, home.predictions, home.work, home.incoming]) mkdirSync(folder, { recursive: true })
  const lock = await takeFolder({
    file: join(home.path, 'server.pid'),
    scratch: home.work,
    folder: home.path,
    who: 'control plane',
  })
  try {
    if (testReset) writeFileSync(markOfTests(home), 'Made with --test-reset: tests empty this home.\n')
    return { ...home, ...lock, environment: environmentOf(home.path, environment) }
  } catch (error) {
    lock.release()
    throw error
  }
}
