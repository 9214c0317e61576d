import { readdirSync, readFileSync } from 'node:fs'

/** A process of this machine; `startedAt` (clock ticks since boot) tells it from a later one of the same number. */
export interface Process {
  pid: number
  parent: number
  startedAt: string
  command: string
  environment: string
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended meanwhile, or is somebody else's.
    return ''
  }
}

function processOf(pid: number): Process | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === '') return null
  // The name stands in brackets and may hold anything.
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return null
  const startedAt = rest[17] ?? ''
  return {
    pid,
    parent: Number(parent),
    startedAt,
    command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '),
    environment: read(`/proc/${pid}/environ`),
  }
}

/** Every process whose command line or environment names the folder, and all that descend from one; not this one. */
export function processesOf(folder: string): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? [])
  const found = new Map(
    all
      .filter(({ command, environment }) => command.includes(folder) || environment.includes(folder))
      .map((each) => [each.pid, each]),
  )
  for (let size = -1; size !== found.size; ) {
    size = found.size
    for (const each of all) if (found.has(each.parent)) found.set(each.pid, each)
  }
  found.delete(process.pid)
  return [...found.values()]
}

const isStillThere = ({ pid, startedAt }: Process): boolean => processOf(pid)?.startedAt === startedAt

/** Of a process and all that descend from it. */
export function treeOf(root: Process, among: readonly Process[]): Process[] {
  const tree = new Set([root.pid])
  for (let size = 0; size !== tree.size; ) {
    size = tree.size
    for (const { pid, parent } of among) if (tree.has(parent)) tree.add(pid)
  }
  return among.filter(({ pid }) => tree.has(pid))
}

export function kill({ pid }: Process): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was over by itself.
  }
}

/** @returns those that live still when the time is over. */
export async function untilGone(processes: readonly Process[], withinMs: number): Promise<Process[]> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const left = processes.filter(isStillThere)
    if (left.length === 0 || Date.now() > deadline) return left
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
