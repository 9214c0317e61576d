import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillwrightError } from '../../base/errors.ts'
import { type CiReport, ciReportSchema } from '../../contract/ci.ts'
import { foldersUp } from '../../domain/pipelines/code-files.ts'
import { commandLine } from '../command-line.ts'
import type { ProjectCopy } from './project-copy.ts'

/** A copy of a project that went through its checks, and whose models are served as long as it is open. */
export interface Side {
  readonly report: CiReport
  /** Null when no model came to be served. */
  readonly server: string | null
  readonly predictor: string | null
  /** Ends its processes. Once is enough. */
  close(): Promise<void>
}

export interface SideRequest {
  copy: ProjectCopy
  /** Where sources are found: the same for both sides. */
  dataDir: string
  full: boolean
  timeoutMs: number
  signal: AbortSignal
  /** A line of what it says of its checks. */
  onLine(line: string): void
}

const lookEveryMs = 150
const endWithinMs = 20_000
const millwrightRoot = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)))

/** The command line of the Millwright that the project has installed: an upgrade may be one of Millwright itself. */
function commandLineOf(projectDir: string): string[] {
  const found = foldersUp(projectDir)
    .map((folder) => join(folder, 'node_modules/millwright'))
    .find((folder) => existsSync(folder))
  const root = found ? realpathSync(found) : millwrightRoot
  return root === millwrightRoot ? commandLine() : [join(root, 'bin/millwright.mjs')]
}

/**
 * Runs `millwright ci` of a copy, in processes of its own, and holds what it trained.
 *
 * @throws `unavailable` when it ends without a report.
 */
export async function openSide({ copy, dataDir, full, timeoutMs, signal, onLine }: SideRequest): Promise<Side> {
  const held = join(dirname(copy.root), 'held.json')
  const options = ['--project', copy.projectDir, '--data', dataDir, '--hold', held, ...(full ? ['--full'] : [])]
  const line = [...commandLineOf(copy.projectDir), 'ci', ...options, '--timeout', String(Math.ceil(timeoutMs / 1000))]
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLWRIGHT_')))
  const child = spawn(process.execPath, line, {
    cwd: copy.projectDir,
    stdio: ['pipe', 'pipe', 'pipe'],
    // It ends by itself when this process is no longer its parent.
    env: { ...env, NO_COLOR: '1', MILLWRIGHT_WRAPPER: String(process.pid) },
  })
  let [said, rest] = ['', '']
  child.stdout.on('data', (bytes: Buffer) => {
    const lines = `${rest}${bytes}`.split('\n')
    rest = lines.pop() ?? ''
    for (const each of lines) if (/^[✓✗–] \S+ +[\d.]+ s/.test(each)) onLine(each)
  })
  child.stderr.on('data', (bytes: Buffer) => {
    said = `${said}${bytes}`.slice(-4000)
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  const abort = (): void => {
    child.kill('SIGTERM')
  }
  signal.addEventListener('abort', abort, { once: true })
  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', abort)
    child.stdin.end()
    if (signal.aborted) child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
    await ended
    clearTimeout(timer)
  }
  while (!existsSync(held) && !hasEnded) await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  if (!existsSync(held)) {
    await close()
    signal.throwIfAborted()
    throw new MillwrightError(
      'unavailable',
      `the checks came to no end: ${said.trim().split('\n').slice(-3).join(' ') || 'they ended without a word'}`,
    )
  }
  const text = (await readFile(held, 'utf8'))
    // Where the copy lies is nobody's business, and another place each time.
    .replaceAll(`${copy.root}/`, '')
    .replaceAll(`${dirname(copy.root)}/`, '')
    .replace(/modules\/[0-9a-f]{64}\//g, '')
  const { report, server, predictor } = JSON.parse(text) as Omit<Side, 'close'>
  return { report: ciReportSchema.parse(report), server, predictor, close }
}
