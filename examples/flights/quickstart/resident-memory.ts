import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { platform } from 'node:os'
import { promisify } from 'node:util'

type Row = [pid: number, parent: number, kilobytes: number]

/** From what the kernel shows: to start a `ps` would keep a process of this size from its work for some ten milliseconds each time. */
function rowsOfProc(): Row[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Row[] => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'latin1')
        const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
        return [[Number(pid), field('PPid'), field('VmRSS')]]
      } catch {
        return [] // It ended since the list was made.
      }
    })
}

async function rowsOfPs(): Promise<Row[]> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,ppid=,rss='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as Row)
}

/** Resident memory of a process and all below it; 0 where nothing tells. */
export async function residentMb(root: number): Promise<number> {
  try {
    const rows = platform() === 'linux' ? rowsOfProc() : await rowsOfPs()
    const family = new Set([root])
    for (let grew = true; grew; ) {
      grew = false
      for (const [pid, parent] of rows) {
        if (family.has(parent) && !family.has(pid)) {
          family.add(pid)
          grew = true
        }
      }
    }
    return rows.reduce((sum, [pid, , kilobytes]) => sum + (family.has(pid) ? kilobytes / 1024 : 0), 0)
  } catch {
    return 0
  }
}
