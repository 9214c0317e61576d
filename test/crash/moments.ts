import { seededRandom } from '../../src/base/random.ts'
import type { Part } from './replay.ts'
import type { Target } from './system.ts'

/** Kills of one replay; then another begins. */
export const momentsARound = 20

/** One kill: in which part of the replay, what it waits for there, how much longer, and what dies. */
export interface Moment {
  number: number
  part: number
  /** A request was sent, and its answer is awaited; a step runs; a deployment changes; or any time within the part. */
  after: 'request' | 'step' | 'deployment' | 'any'
  /** It is the request of this place among those of the part. */
  nth: number
  delayMs: number
  target: Target
}

/** Every kind has its share, so that none is left out by chance. */
const order = ['request', 'step', 'any', 'deployment', 'request', 'step', 'request', 'step', 'any', 'request'] as const
const deadly: Record<Moment['after'], readonly Target[]> = {
  request: ['control plane', 'prediction service', 'all'],
  step: ['control plane', 'step', 'all', 'step', 'millwright up'],
  deployment: ['control plane', 'all', 'prediction service'],
  any: ['control plane', 'prediction service', 'all', 'millwright up'],
}
/** How many requests a part sends at least, without repeats. */
const requests: Record<Part['does'], number> = {
  setup: 1,
  data: 3,
  clock: 2,
  ask: 29,
  labels: 3,
  run: 2,
  deployment: 1,
}
const fits: Record<Moment['after'], readonly Part['does'][]> = {
  request: ['data', 'ask', 'labels', 'clock'],
  step: ['run', 'clock'],
  deployment: ['deployment'],
  any: ['setup', 'data', 'clock', 'ask', 'labels', 'run', 'deployment'],
}

/** The moments of a round, in the order of the replay: the same for the same seed and round, whatever happened before. */
export function momentsOf(seed: number, round: number, parts: readonly Part[]): Moment[] {
  const random = seededRandom(seed * 7919 + round)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const free = new Set(parts.keys())
  const drawn: Moment[] = []
  for (let place = 0; place < momentsARound; place += 1) {
    const after = order[place % order.length]!
    const may = [...free].filter((part) => {
      const { does, trains } = parts[part]!
      return fits[after].includes(does) && (after !== 'step' || trains || does === 'run')
    })
    // Where none of its sort is left, any will do.
    const part = pick(may.length > 0 ? may : [...free])
    free.delete(part)
    const { does, trains } = parts[part]!
    const may2 = deadly[after].filter(
      (target) =>
        // What trains is begun again once when its process is killed, and other moments may have killed it already.
        !(target === 'step' && trains) &&
        // Who is asked is who dies.
        !(after === 'request' && (does === 'ask' ? target === 'control plane' : target === 'prediction service')),
    )
    const delayMs =
      after === 'request'
        ? random() * 4
        : after === 'step'
          ? random() * 150
          : after === 'deployment'
            ? random() * 25
            : random() * 500
    drawn.push({ number: 0, part, after, nth: Math.floor(random() * requests[does]), delayMs, target: pick(may2) })
  }
  drawn.sort((a, b) => a.part - b.part)
  return drawn.map((moment, place) => ({ ...moment, number: round * momentsARound + place }))
}

export const momentText = ({ number, after, delayMs, target }: Moment, part: string): string =>
  `moment ${number}: ${target} killed ${delayMs.toFixed(1)} ms after ${after === 'any' ? 'the beginning' : `a ${after}`} in "${part}"`
