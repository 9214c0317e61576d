import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Resident memory of a process and all below it; 0 where there is no `ps`. */
export async function residentMb(root: number): Promise<number> {
  try {
    const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,rss='])
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
    const family = new Set([root])
    for (let grew = true; grew; ) {
      grew = false
      for (const [pid, parent] of rows) {
        if (family.has(parent!) && !family.has(pid!)) {
          family.add(pid!)
          grew = true
        }
      }
    }
    return rows.reduce((sum, [pid, , kilobytes]) => sum + (family.has(pid!) ? kilobytes! / 1024 : 0), 0)
  } catch {
    return 0
  }
}
