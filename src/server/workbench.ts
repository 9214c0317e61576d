import { type ChildProcess, spawn } from 'node:child_process'
import { rename, rm } from 'node:fs/promises'
import { MillwrightError } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import { type Client, createClient } from '../sdk/client.ts'
import { commandLine } from './command-line.ts'
import { closeOnSignal, ownedFolder } from './owned-folder.ts'

/** A whole Millwright that is there for one piece of work: a control plane and a prediction service with a home of their own. */
export interface Workbench {
  readonly server: string
  readonly predictor: string
  readonly home: string
  readonly client: Client
  /** What its processes said last on their error output. */
  said(): string
  /** Ends its processes and removes its home. Once is enough; again does nothing. */
  close(): Promise<void>
}

export interface WorkbenchOptions {
  /** Folder whose code it runs; its processes run in it. Without it, the home. */
  projectDir?: string
  /** Applied before the work begins; without it, nothing is. */
  definition?: Definition
  actor?: string
  /** Puts into the home, before anything starts, what it is to find there. */
  prepare?(home: string): Promise<void>
  /** Leaves the home where it is, to be looked at. */
  keep?: boolean
}

const startWithinMs = 60_000
const endWithinMs = 15_000
const prefix = 'millwright-workbench-'

/** Where a home is that was kept: under a name that no sweep takes. */
export const keptHome = (home: string): string => home.replace(prefix, 'millwright-kept-')

/**
 * Starts a Millwright on free ports with an empty home, and applies the project to it. It ends with this process, however this
 * process ends: on a signal the home is removed as well; after a kill the next workbench removes it.
 *
 * @throws `unavailable` with what its processes said, when it does not start; what `apply` throws.
 */
export async function openWorkbench({
  projectDir,
  definition,
  actor = 'workbench',
  prepare,
  keep = false,
}: WorkbenchOptions): Promise<Workbench> {
  const home = ownedFolder(prefix)
  try {
    await prepare?.(home)
  } catch (error) {
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
  const { NODE_OPTIONS: _, ...inherited } = process.env
  // The addresses and tokens of other control planes are none of its business.
  const env = Object.fromEntries(Object.entries(inherited).filter(([name]) => !name.startsWith('MILLWRIGHT_')))
  const child = spawn(
    process.execPath,
    [...commandLine(), 'up', '--home', home, '--port', '0', '--predict-port', '0', '--no-apply'],
    // It ends by itself when this process is no longer its parent.
    {
      cwd: projectDir ?? home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, MILLWRIGHT_WRAPPER: String(process.pid) },
    },
  )
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => {
    said = `${said}${bytes}`.slice(-8000)
  })
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await end(child)
      if (keep) await rename(home, keptHome(home))
      else await rm(home, { recursive: true, force: true, maxRetries: 5 })
      takeBack()
    })()
    return closing
  }
  const takeBack = closeOnSignal(close)
  try {
    const { server, predictor } = await addresses(child, () => said)
    const client = createClient(server)
    if (definition) await client.apply({ body: { definition, projectDir: projectDir ?? home, actor } })
    return { server, predictor, home, client, said: () => said, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Work on a workbench that is gone afterwards, whether the work succeeded or not. */
export async function withWorkbench<T>(options: WorkbenchOptions, work: (bench: Workbench) => Promise<T>): Promise<T> {
  const bench = await openWorkbench(options)
  try {
    return await work(bench)
  } finally {
    await bench.close()
  }
}

function addresses(child: ChildProcess, said: () => string): Promise<{ server: string; predictor: string }> {
  return new Promise((resolve, reject) => {
    let told = ''
    const fail = (why: string): void =>
      reject(
        new MillwrightError(
          'unavailable',
          `a Millwright to work with did not start: ${why}${said() ? `\n${said()}` : ''}`,
        ),
      )
    const timer = setTimeout(() => fail(`it was not ready after ${startWithinMs / 1000} s`), startWithinMs)
    child.stdout?.on('data', (bytes: Buffer) => {
      told += bytes
      if (!told.includes('\n')) return
      const [server, predictor] = told.match(/https?:\/\/[^\s,]+/g) ?? []
      if (!server || !predictor) return
      clearTimeout(timer)
      resolve({ server, predictor })
    })
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`it ended with code ${code}`)
    })
  })
}

/** Asks it to stop, and ends it when it does not. Its own processes end when it is gone. */
function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return resolve()
    const timer = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
