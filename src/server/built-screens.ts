import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillwrightError, messageOf } from '../base/errors.ts'

const isSource = fileURLToPath(import.meta.url).endsWith('.ts')
const root = fileURLToPath(new URL('../..', import.meta.url))
const keptDays = 7

/**
 * The folder of the built screens: a release brings them; a clone builds them once for the sources that it has, and keeps them in
 * `node_modules/.cache`. Screens read file by file from their sources would take seconds a page.
 *
 * @throws MillwrightError `missing-package` where a clone has no Vite, `internal` where the build fails.
 */
export async function builtScreens(): Promise<string> {
  if (!isSource) return fileURLToPath(new URL('../ui', import.meta.url))
  const name = `screens-${await sourcesHash()}`
  const cache = await cacheFolder()
  const folder = join(cache, name)
  if (await isThere(folder)) {
    await utimes(folder, new Date(), new Date()).catch(() => undefined)
    return folder
  }
  const draft = await mkdtemp(join(cache, 'building-'))
  await build(draft)
  // Another process may have been quicker: what it made is the same.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }))
  await dropOld(cache, name)
  return folder
}

/** Of all that the screens can be made of: they import modules of other layers, too. */
async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256')
  const files = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true })
  const paths = files.flatMap((file) => (file.isFile() ? [join(file.parentPath, file.name)] : []))
  const read = paths.filter((path) => !/\.test\.tsx?$/.test(path)).sort()
  for (const path of [...read, join(root, 'vite.config.ts'), join(root, 'package-lock.json')])
    hash
      .update(path.slice(root.length))
      .update('\0')
      .update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}

async function cacheFolder(): Promise<string> {
  const folder = join(root, 'node_modules/.cache/millwright')
  try {
    await mkdir(folder, { recursive: true })
    return folder
  } catch {
    // A clone that may not be written to; others might foresee a fixed name in a folder for all.
    return mkdtemp(join(tmpdir(), 'millwright-screens-'))
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function build(outDir: string): Promise<void> {
  let program: string
  try {
    program = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')
  } catch (cause) {
    throw new MillwrightError('missing-package', 'the screens need the package vite in a clone', {
      cause,
      hint: 'Run `npm ci` without leaving out development packages.',
    })
  }
  const line = [program, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'error']
  await new Promise<void>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      line,
      // The variables of a test would make a build for developers.
      { cwd: root, env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' } },
      (error, _, said) =>
        error
          ? reject(
              new MillwrightError('internal', `the screens could not be built: ${said.trim() || messageOf(error)}`),
            )
          : resolve(),
    )
    // What the machine is there for goes before.
    if (child.pid !== undefined) lowerPriority(child.pid)
  })
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, 5)
  } catch {
    // It has ended already.
  }
}

/** Screens of sources that nobody has used for a week, and what a build left that was killed. */
async function dropOld(cache: string, current: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (name === current || !/^(screens|building)-/.test(name)) continue
    const { mtimeMs } = await stat(join(cache, name)).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > keptDays * 86_400_000) await rm(join(cache, name), { recursive: true, force: true })
  }
}
