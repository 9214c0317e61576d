import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Caller } from './caller.ts'
import { emptyMemory, faultsOf, type Memory, remembered } from './check.ts'
import { type Disk, openDatabase, readDisk } from './disk.ts'
import { endState } from './end-state.ts'
import { Ledger } from './ledger.ts'
import { type Moment, momentText } from './moments.ts'
import type { Process } from './processes.ts'
import { writeProject } from './project.ts'
import { replayParts } from './replay.ts'
import { System } from './system.ts'

/** What was cut off by a kill, by kind: requests without an answer, steps that ran, deployments under way. */
export type InFlight = Map<string, number>

export interface Struck {
  moment: Moment
  tookMs: number
  inFlight: InFlight
  faults: string[]
}
export interface RoundResult {
  struck: Struck[]
  end: Record<string, unknown>
  /** What the home and the ledger say at the end. */
  disk: Disk
  ledger: Ledger
  memory: Memory
  /** Of the end: what does not hold then. */
  faults: string[]
  repeats: number
  seconds: number
}

const limitMs = 15_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const add = (counts: InFlight, kind: string, more = 1): void => {
  if (more > 0) counts.set(kind, (counts.get(kind) ?? 0) + more)
}

/** Of what died: nothing that another process does counts. */
function inFlightOf(moment: Moment, requests: readonly string[], home: string): InFlight {
  const counts: InFlight = new Map()
  const { target } = moment
  // Whatever lost its parent ends in order: nothing is cut off.
  if (target === 'millwright up') return counts
  for (const kind of requests) {
    const isPrediction = kind === 'prediction'
    if (kind === 'wait' || target === 'step') continue
    if (isPrediction ? target !== 'control plane' : target !== 'prediction service') add(counts, `request: ${kind}`)
  }
  if (target === 'prediction service') return counts
  const file = openDatabase(home)
  try {
    const count = (text: string): number => Number((file.prepare(text).all() as { n: number }[])[0]?.n)
    add(counts, 'running step', count("select count(*) as n from record_step where f_state = 'running'"))
    if (target !== 'step')
      add(counts, 'rolling deployment', count("select count(*) as n from record_deployment where f_state = 'rolling'"))
  } finally {
    file.close()
  }
  return counts
}

const isStepRunning = (home: string): boolean => {
  const file = openDatabase(home)
  try {
    return file.prepare("select 1 from record_step where f_state = 'running' limit 1").all().length > 0
  } finally {
    file.close()
  }
}

/** Plays the replay once, with those kills. @param folder is made, and left for whoever wants to look. */
export async function playRound(
  folder: string,
  moments: readonly Moment[],
  tell: (line: string) => void,
): Promise<RoundResult> {
  const began = performance.now()
  mkdirSync(folder, { recursive: true })
  const project = join(folder, 'project')
  writeProject(project)
  const ledger = new Ledger(join(folder, 'ledger.ndjson'))
  const caller = new Caller(ledger)
  const system = await System.start(folder)
  const struck: Struck[] = []
  let memory = emptyMemory()
  let hasModel = false
  const look = async (): Promise<string[]> => {
    const disk = await readDisk(system.home, system.marks)
    const faults = faultsOf(disk, ledger.entries, memory)
    memory = remembered(disk)
    return faults
  }

  /** Resolves when the moment has come, or the part is over. */
  const cue = async ({ after, nth, delayMs }: Moment, over: () => boolean): Promise<readonly Process[]> => {
    let aimed = system.aim()
    if (after === 'step') {
      const deadline = Date.now() + limitMs
      while (!isStepRunning(system.home) && !over() && Date.now() < deadline) await pause(10)
      aimed = system.aim()
    } else if (after !== 'any') {
      let seen = 0
      await new Promise<void>((resolve) => {
        const wanted = after === 'deployment' ? 0 : nth
        const stop = caller.onSent(() => {
          seen += 1
          if (seen > wanted) end()
        })
        const timer = setInterval(() => over() && end(), 5)
        const end = (): void => {
          stop()
          clearInterval(timer)
          resolve()
        }
      })
    }
    await pause(delayMs)
    return aimed
  }

  const strike = async (moment: Moment, aimed: readonly Process[]): Promise<void> => {
    let counts: InFlight = new Map()
    caller.pause()
    const { tookMs, orphans } = await system.kill(moment.target, aimed, hasModel ? 'returns' : null, () => {
      counts = inFlightOf(moment, [...caller.inFlight.values()], system.home)
    })
    const faults = orphans.map(({ pid, command }) => `process ${pid} lives on: ${command.slice(0, 120)}`)
    faults.push(...(await look()))
    struck.push({ moment, tookMs, inFlight: counts, faults })
    caller.resume()
  }

  try {
    const parts = replayParts()
    for (const [place, part] of parts.entries()) {
      const moment = moments.find((each) => each.part === place)
      let over = false
      const playing = part.run({ system, caller, project }).finally(() => {
        over = true
      })
      playing.catch(() => {})
      if (moment) {
        await strike(moment, await cue(moment, () => over))
        const last = struck.at(-1)!
        tell(
          `${momentText(moment, part.name)}; in flight ${[...last.inFlight].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'nothing'}; answers again after ${(last.tookMs / 1000).toFixed(1)} s`,
        )
        for (const fault of last.faults.slice(0, 10)) tell(`  FAULT ${fault}`)
      }
      await playing
      hasModel ||= part.name === 'first model'
    }
    // What was answered last is brought within a second.
    await pause(1500)
    const left = await system.stop()
    const disk = await readDisk(system.home, system.marks)
    const faults = [
      ...left.map(({ pid, command }) => `process ${pid} lives on after the end: ${command.slice(0, 120)}`),
      ...faultsOf(disk, ledger.entries, memory),
    ]
    const seconds = (performance.now() - began) / 1000
    const end = endState(disk, ledger.entries)
    return { struck, end, disk, ledger, memory, faults, repeats: caller.repeats, seconds }
  } catch (error) {
    tell(`what the processes said last:\n${system.said().slice(-3000)}`)
    throw error
  } finally {
    system.end()
    caller.close()
    ledger.close()
  }
}
