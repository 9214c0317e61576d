import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { requirementsOfUvLock } from './uv-lock.ts'

const run = promisify(execFile)
const limitMs = 15 * 60_000
/** A making that has told nothing of itself for so long was killed. */
const staleMs = limitMs + 60_000

/** Environments that are being made by this process. */
const making = new Map<string, Promise<void>>()

/**
 * The variables with which a program finds the Python environment of a lock: made once, by the hash of the lock, the version of
 * Python and the machine's kind, and kept.
 *
 * @param lock a `requirements.txt` (with hashes pip checks them) or a `uv.lock`.
 * @param python the interpreter that it is made with.
 * @throws `missing-package` when it cannot be made.
 */
export async function pythonEnvironment(
  lock: string,
  kept: string,
  python = 'python3',
): Promise<Record<string, string>> {
  const bytes = await readFile(lock)
  const version = await pythonVersion(python)
  const folder = join(kept, sha256(`${version}\n${sha256(bytes)}`).slice(0, 32))
  let made = making.get(folder)
  if (!made) {
    made = make(folder, lock, bytes.toString('utf8'), python).finally(() => making.delete(folder))
    making.set(folder, made)
  }
  await made
  const bin = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin')
  return { VIRTUAL_ENV: folder, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }
}

async function pythonVersion(python: string): Promise<string> {
  try {
    const { stdout } = await run(python, [
      '-c',
      'import platform, sys; print(sys.version, sys.platform, platform.machine())',
    ])
    return stdout.trim()
  } catch (cause) {
    throw missing(`there is no ${python}: ${messageOf(cause)}`, cause)
  }
}

async function make(folder: string, lock: string, text: string, base: string): Promise<void> {
  const done = join(folder, '.millwright-ready')
  if (await exists(done)) return
  await mkdir(folder, { recursive: true })
  // Another process may be making the same: the scripts of an environment name their place, so it cannot be moved when it is whole.
  const turn = `${folder}.making`
  for (const until = Date.now() + limitMs; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
    if (
      await mkdir(turn).then(
        () => true,
        () => false,
      )
    )
      break
    if (await exists(done)) return
    const since = await stat(turn).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (since > staleMs) await rm(turn, { recursive: true, force: true })
    else if (Date.now() > until) throw missing('another process has been making it for too long')
  }
  try {
    if (await exists(done)) return
    await rm(folder, { recursive: true, force: true })
    await run(base, ['-m', 'venv', folder], { timeout: limitMs })
    const python = join(folder, process.platform === 'win32' ? 'Scripts/python' : 'bin/python')
    let requirements = lock
    if (basename(lock) === 'uv.lock') {
      requirements = join(folder, 'requirements.txt')
      const { stdout } = await run(python, ['-c', requirementsOfUvLock, lock], { maxBuffer: 64 << 20 })
      await writeFile(requirements, stdout)
    }
    const hashes = basename(lock) === 'uv.lock' || /--hash[= ]/.test(text) ? ['--require-hashes'] : []
    const line = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...hashes, '-r', requirements]
    await run(python, line, { timeout: limitMs, maxBuffer: 64 << 20 })
    await writeFile(done, '')
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').slice(-3).join(' ') || messageOf(cause)
    throw missing(said, cause)
  } finally {
    await rm(turn, { recursive: true, force: true })
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const missing = (why: string, cause?: unknown): MillwrightError =>
  new MillwrightError('missing-package', `the Python environment could not be made: ${why}`, {
    hint: 'Install Python 3 with venv, and check the lock with pip on this machine.',
    cause,
  })
