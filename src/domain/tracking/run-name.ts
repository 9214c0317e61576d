import { randomInt } from 'node:crypto'

const qualities =
  'able amber bold brisk calm clear copper crisp deft eager early even fair fine firm fleet frank fresh gentle glad golden grand hale keen kind light lively lucid mellow mild neat nimble noble open plain prime quick quiet rapid ready sharp silver sleek smooth solid sound spry steady still stout sturdy sunny sure swift tidy true upright vivid warm whole wise'.split(
    ' ',
  )
const things =
  'anvil axle barn beam bell belt bolt bridge brook canal cog crane dam dial dyke ferry flume forge furrow gate gear grain granary groove hammer harbour hinge hopper kiln ladder latch lathe lever loom mast meadow mill millrace millstone oar orchard paddle pinion plough pond pulley quarry rafter rail river rotor rudder sail shaft sieve sluice spindle spire stream tide timber trestle turbine valve wharf wheel windlass'.split(
    ' ',
  )

/** For a run that nobody named: `swift-mill-417`. */
export function randomRunName(): string {
  const pick = (words: readonly string[]): string => words[randomInt(words.length)]!
  return `${pick(qualities)}-${pick(things)}-${randomInt(1000)}`
}
