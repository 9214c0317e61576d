import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { platform } from 'node:os'
import { promisify } from 'node:util'
import type { StepUsage } from '../../ports/step-runner.ts'

const megabyte = 1024 * 1024
/** `sysconf(_SC_CLK_TCK)`, fixed at 100 in the kernel's interface to user space on every Linux that Node runs on. */
const ticksPerSecond = 100

/** One process as the kernel shows it; `group` is what the shim's children share: the session on Linux, the process group elsewhere. */
interface ProcessSample {
  group: number
  memoryMb: number
  cpuSeconds: number
}

/**
 * Memory (resident, summed, so that pages shared between processes count more than once) and CPU time of process groups, each under
 * the number of its leader. A look at every process of the machine costs the caller's thread at most 2 % of its time: in between only
 * the members known from the last such look are read.
 */
export class ProcessUsage {
  private members = new Map<number, Set<number>>()
  private nextScan = 0

  /** @returns usage by leader; a leader without a living process is not in it. */
  async sample(leaders: ReadonlySet<number>): Promise<Map<number, StepUsage>> {
    const usage = new Map<number, StepUsage>()
    const add = (sample: ProcessSample): void => {
      const sum = usage.get(sample.group) ?? { memoryMb: 0, cpuSeconds: 0 }
      sum.memoryMb += sample.memoryMb
      sum.cpuSeconds += sample.cpuSeconds
      usage.set(sample.group, sum)
    }
    if (platform() !== 'linux') {
      for (const sample of parsePs(await listProcesses())) if (leaders.has(sample.group)) add(sample)
      return usage
    }
    const start = performance.now()
    const scan = start >= this.nextScan || [...leaders].some((leader) => !this.members.has(leader))
    if (scan) this.members = new Map([...leaders].map((leader) => [leader, new Set<number>()]))
    const candidates = scan ? processIds() : [...leaders].flatMap((leader) => [...(this.members.get(leader) ?? [])])
    for (const pid of candidates) {
      const sample = readProcess(pid)
      if (!sample || !leaders.has(sample.group)) continue
      this.members.get(sample.group)?.add(pid)
      add(sample)
    }
    if (scan) this.nextScan = start + 50 * (performance.now() - start)
    return usage
  }
}

function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** Fields of `/proc/<pid>/stat` after the program's name, which is in parentheses and may hold anything (proc(5)). */
function readProcess(pid: number): ProcessSample | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined // It ended since the list was made.
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])
  return {
    group: Number(fields[3]),
    memoryMb: (Number(fields[21]) * pageSize()) / megabyte,
    cpuSeconds: ticks / ticksPerSecond,
  }
}

let knownPageSize = 0
/** 4 KB on x64, up to 64 KB on arm64: what turns this process's resident pages into the bytes that Node tells. */
function pageSize(): number {
  if (knownPageSize === 0) {
    const stat = readFileSync('/proc/self/stat', 'latin1')
    const pages = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[21])
    knownPageSize = 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages))
  }
  return knownPageSize
}

const run = promisify(execFile)

async function listProcesses(): Promise<string> {
  const { stdout } = await run('ps', ['-axo', 'pgid=,rss=,time='], { maxBuffer: 16 * megabyte })
  return stdout
}

/** Lines of `pgid rss-in-KB time`, the time as `[[dd-]hh:]mm:ss[.cc]`. */
export function parsePs(text: string): ProcessSample[] {
  const samples: ProcessSample[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(?:(\d+)-)?([\d:.]+)\s*$/.exec(line)
    if (!match) continue
    const clock = match[4]!.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0)
    samples.push({
      group: Number(match[1]),
      memoryMb: Number(match[2]) / 1024,
      cpuSeconds: clock + Number(match[3] ?? 0) * 86_400,
    })
  }
  return samples
}
