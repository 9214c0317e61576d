import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '../../src/sdk/client.ts'

const program = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))

/** A process of Millwright as a user starts it. */
export interface MillwrightProcess {
  child: ChildProcess
  address: string
  client: Client
  /** Everything that it printed. */
  said(): string
  /** @returns its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

interface StartOptions {
  /** What the program is started by: `strace …`, `prlimit …`. */
  by?: readonly string[]
  env?: NodeJS.ProcessEnv
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', (code) => resolve(code)))

function begin(args: readonly string[], { by = [], env }: StartOptions) {
  const line = [...by, process.execPath, program, ...args]
  // A group of its own: what it is started by ends with it.
  const child = spawn(line[0]!, line.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  return { child, said: () => said }
}

/** @throws Error with what it printed, where it ended instead. */
async function start(args: readonly string[], says: RegExp, options: StartOptions): Promise<MillwrightProcess> {
  const { child, said } = begin(args, options)
  const over = ended(child).then((code) => {
    throw new Error(`it ended with ${code}: ${said()}`)
  })
  const ready = (async () => {
    for (;;) {
      const found = says.exec(said())
      if (found) return found[1]!
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  const address = await Promise.race([ready, over])
  over.catch(() => undefined)
  return {
    child,
    address,
    client: createClient(address),
    said,
    stop: async (signal = 'SIGTERM') => {
      for (const each of ['SIGCONT', signal] as const) killGroup(child, each)
      return ended(child)
    },
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    // It has ended.
  }
}

export const startControlPlane = (home: string, options: StartOptions & { port?: number } = {}) =>
  start(['server', '--home', home, '--port', String(options.port ?? 0)], /Control plane on (http:\S+)/, options)

export const startPredictionService = (home: string, server: string, options: StartOptions = {}) =>
  start(['predictor', '--home', home, '--server', server, '--port', '0'], /Prediction service on (http:\S+)/, options)

/** What a start that must not succeed printed, with its exit code. */
export async function failedStart(
  args: readonly string[],
  options: StartOptions = {},
): Promise<{ code: number | null; said: string }> {
  const { child, said } = begin(args, options)
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), 30_000)
  const code = await ended(child)
  clearTimeout(timer)
  return { code, said: said() }
}

const isThere = (path: string): boolean => existsSync(path)
const isRoot = process.getuid?.() === 0

/** Why file systems cannot be mounted here; null when they can. */
export function whyNoMount(): string | null {
  if (process.platform !== 'linux') return 'needs Linux'
  return isRoot ? null : 'needs root, to mount a small file system'
}
export const whyNoStrace = (): string | null => (isThere('/usr/bin/strace') ? null : 'needs strace')
export const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
export const whyNoFaketime = (): string | null => (isThere(faketime) ? null : 'needs libfaketime')
export const whyNoPrlimit = (): string | null => (isThere('/usr/bin/prlimit') ? null : 'needs prlimit')

/** A file system of so many megabytes in memory; a real one, that can be full or read-only. */
export function mounted(path: string, megabytes: number): { change(options: string): void; release(): void } {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'millwright-test', path])
  return {
    change: (options) => execFileSync('mount', ['-o', `remount,${options}`, path]),
    release: () => execFileSync('umount', ['--lazy', path]),
  }
}
