import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { type Definition, definitionSchema } from '../contract/definition.ts'
import type { ReadPackage } from '../domain/delivery/package-file.ts'
import { foldersUp } from '../domain/pipelines/code-files.ts'
import { isFromSource, typescriptLoader } from './command-line.ts'
import { moduleUrl } from './module-url.ts'
import { npm } from './npm.ts'

const millwrightRoot = fileURLToPath(new URL('../..', import.meta.url))
const loadLimitMs = 60_000

/**
 * Loads the definition of a folder, such as an unpacked package, in a process of its own.
 *
 * @throws `invalid-definition` with what went wrong in it.
 */
export function loadDefinition(projectDir: string): Promise<Definition> {
  return new Promise((resolve, reject) => {
    const child = fork(moduleUrl('./definition-process', import.meta.url), [projectDir], {
      execArgv: isFromSource ? ['--conditions=millwright-source', '--import', typescriptLoader()] : [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      timeout: loadLimitMs,
      killSignal: 'SIGKILL',
    })
    let said = ''
    child.stderr?.on('data', (bytes: Buffer) => {
      said = `${said}${bytes}`.slice(-2000)
    })
    const refuse = (message: string, detail: { field?: string; hint?: string } = {}): void =>
      reject(new MillwrightError('invalid-definition', `the definition cannot be loaded here: ${message}`, detail))
    child.on('message', (message) => {
      const { definition, error } = message as {
        definition?: unknown
        error?: { message: string; field?: string; hint?: string }
      }
      if (error)
        refuse(error.message, {
          ...(error.field ? { field: error.field } : {}),
          ...(error.hint ? { hint: error.hint } : {}),
        })
      else resolve(definitionSchema.parse(definition))
    })
    child.on('error', (error) => refuse(error.message))
    child.on('exit', (code, signal) =>
      refuse(`its process ended (${signal ?? code}) ${said.trim().split('\n').at(-1) ?? ''}`),
    )
  })
}

/**
 * Makes what a package needs reachable from where it is unpacked. A package without a lockfile has Millwright alone.
 *
 * @throws `missing-package` when it cannot be installed.
 */
export async function installModules(read: ReadPackage, folder: string): Promise<void> {
  const packages = dirname(folder)
  await provideMillwright(packages)
  const { lockfile } = read.manifest
  if (lockfile !== null) await linkModules(join(folder, dirname(lockfile)), join(packages, 'modules'))
}

/**
 * The same for a project as it was checked out: with the modules of its lockfile, or with Millwright alone.
 *
 * @param around a folder above the project that is ours. @param packages where installed modules are kept.
 * @throws `missing-package`
 */
export async function provideModules(
  projectDir: string,
  around: string,
  packages: string,
  signal?: AbortSignal,
): Promise<void> {
  await provideMillwright(around)
  const locked = foldersUp(projectDir).find((each) => existsSync(join(each, 'package-lock.json')))
  if (locked?.startsWith(around)) await linkModules(locked, join(packages, 'modules'), signal)
}

async function provideMillwright(folder: string): Promise<void> {
  // A project that has no package.json of its own is of modules, as in a clone of Millwright.
  const outermost = join(folder, 'package.json')
  await mkdir(folder, { recursive: true })
  if (!existsSync(outermost)) await writeFile(outermost, '{"private": true, "type": "module"}\n')
  await linkOnce(millwrightRoot, join(folder, 'node_modules', 'millwright'))
}

/** The modules of this very installation when their lockfile is the folder's, otherwise those of its lockfile, installed once. */
async function linkModules(folder: string, kept: string, signal?: AbortSignal): Promise<void> {
  const place = join(folder, 'node_modules')
  if (existsSync(place)) return
  const own = foldersUp(millwrightRoot).find((each) => existsSync(join(each, 'package-lock.json')))
  const lock = await readFile(join(folder, 'package-lock.json'))
  const isOwn = own !== undefined && lock.equals(await readFile(join(own, 'package-lock.json')))
  await linkOnce(isOwn ? join(own, 'node_modules') : await installed(folder, kept, signal), place)
}

async function installed(source: string, kept: string, signal?: AbortSignal): Promise<string> {
  const beside: (readonly [string, Buffer])[] = []
  for (const name of ['package-lock.json', 'package.json', '.npmrc']) {
    const bytes = await readFile(join(source, name)).catch(() => null)
    if (bytes) beside.push([name, bytes])
    // A package of Millwright's own repository has none, and npm asks for one: the lockfile tells what it says.
    else if (name === 'package.json') beside.push([name, manifestIn(await readFile(join(source, 'package-lock.json')))])
  }
  const folder = join(kept, sha256(beside.map(([name, bytes]) => `${name} ${sha256(bytes)}`).join('\n')))
  if (existsSync(folder)) return join(folder, 'node_modules')
  const draft = `${folder}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(join(draft, 'node_modules'), { recursive: true })
  for (const [name, bytes] of beside) await writeFile(join(draft, name), bytes)
  try {
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], draft, signal)
  } catch (cause) {
    throw new MillwrightError('missing-package', `what the package needs could not be installed: ${messageOf(cause)}`, {
      hint: 'Check the lockfile of the project with `npm ci`, and that this machine reaches the registry.',
      cause,
    })
  }
  await mkdir(join(draft, 'node_modules'), { recursive: true })
  await rename(draft, folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    // Somebody else was faster with the very same.
    await rm(draft, { recursive: true, force: true })
  })
  return join(folder, 'node_modules')
}

/** The package.json that a lockfile was made of, as far as installing goes. */
function manifestIn(lock: Buffer): Buffer {
  const { packages } = JSON.parse(lock.toString('utf8')) as { packages?: Record<string, unknown> }
  return Buffer.from(JSON.stringify(packages?.[''] ?? {}))
}

async function linkOnce(target: string, path: string): Promise<void> {
  if (existsSync(path)) return
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path, 'dir').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
