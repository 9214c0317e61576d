import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

/**
 * Runs a program as the leader of its own process group, and kills the whole group as soon as the pipe on file descriptor 0 ends: the
 * kernel closes it when the parent dies, even of SIGKILL, so no step outlives the control plane. POSIX sh, because it is on every
 * platform, starts in a millisecond, and sees the pipe's end while the program itself is deaf in a busy loop.
 *
 * `$1` is the file for the CPU times and the exit code (its last line, so that half a file is known as such), the rest the program.
 * SIGTERM to the group reaches the program; the shim lives on to tell how it ended. The watcher stays until the parent kills the group,
 * so that the group's number cannot have gone to someone else by then.
 */
const script = `
exec 9<&0 </dev/null
trap : TERM INT HUP
( trap '' TERM INT HUP; read -r _ <&9; kill -KILL 0 ) >/dev/null 2>&1 3<&- &
status=$1
shift
"$@" 9<&-
code=$?
[ -z "$status" ] || { times; echo "exit $code"; } >"$status"
exit $code
`

export interface ShimOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  /** Where exit code and CPU times are left; without it, nowhere. */
  statusPath?: string
  /** Gives the program Node's channel for messages. */
  messages?: boolean
}

/** Starts a program under the shim, its stdout and stderr as pipes. The returned process is the group's leader. */
export function spawnShim(program: readonly string[], options: ShimOptions): ChildProcess {
  const child = spawn('/bin/sh', ['-c', script, 'millwright', options.statusPath ?? '', ...program], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: options.messages ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe'],
  })
  // What the group leaves behind goes with it; its pipe's write end only matters by being open.
  child.on('exit', () => signalGroup(child, 'SIGKILL'))
  child.stdin?.on('error', () => undefined)
  return child
}

/** Sends a signal to every process of the group; nothing happens when none is left. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

/** What the shim left in its status file; undefined when the program did not end by itself. */
export function readStatus(path: string): { exitCode: number; cpuSeconds: number } | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const exit = /^exit (\d+)$/m.exec(text)
  if (!exit) return undefined
  // The second line of `times` is the user and system time of the children: `0m1.250000s 0m0.040000s`.
  let cpuSeconds = 0
  for (const part of (text.split('\n')[1] ?? '').split(' ')) {
    const time = /^(\d+)m([\d.,]+)s$/.exec(part)
    if (time) cpuSeconds += Number(time[1]) * 60 + Number(time[2]!.replace(',', '.'))
  }
  return { exitCode: Number(exit[1]), cpuSeconds }
}

/** What SIGKILL leaves of a program under the shim; nothing that a program does of itself ends so. */
export const killedCode = 128 + constants.signals.SIGKILL

/** The shim tells the death of its program by a signal as 128 and the signal's number. */
export function signalName(exitCode: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)
  return found?.[0] ?? `signal ${exitCode - 128}`
}
