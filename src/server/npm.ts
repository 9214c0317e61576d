import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { MillwrightError, messageOf } from '../base/errors.ts'

const limitMs = 10 * 60_000
const run = promisify(execFile)

/**
 * Runs npm in a folder, by the settings that it finds there and on this machine.
 *
 * @returns what it printed.
 * @throws `missing-package` with what it said was wrong.
 */
export async function npm(line: readonly string[], cwd: string, signal?: AbortSignal): Promise<string> {
  try {
    const { stdout } = await run('npm', line, {
      cwd,
      timeout: limitMs,
      maxBuffer: 64 << 20,
      ...(signal ? { signal } : {}),
    })
    return stdout
  } catch (cause) {
    throw new MillwrightError('missing-package', saidBy(cause), { cause })
  }
}

/** What npm says beside what is wrong: codes, general advice, where its log is. */
const beside = [
  /^(code|errno|syscall|path|dest|command|signal|cwd)\b/,
  /^A complete log|^(For a|To) .*report|^Fix the upstream|^to accept an incorrect|^this command with --force/,
  /^404(\s+(The requested|Note that|tarball).*)?$/,
]

function saidBy(cause: unknown): string {
  const lines = ((cause as { stderr?: string }).stderr ?? '').split('\n').flatMap((line) => {
    const said = /^npm (?:error|ERR!)\s+(.*)$/.exec(line)?.[1]?.trim()
    return said && !beside.some((each) => each.test(said)) ? [said.replace(/^ERESOLVE\s+/, '')] : []
  })
  return [...new Set(lines)].slice(0, 5).join('; ') || messageOf(cause)
}
