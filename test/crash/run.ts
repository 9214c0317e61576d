/** `npm run crash -- [--seed S] [--moments N] [--only K] [--keep]`: see docs/crash.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { differences } from './end-state.ts'
import { momentsARound, momentsOf } from './moments.ts'
import { replayParts } from './replay.ts'
import { playRound, type RoundResult, type Struck } from './round.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    moments: { type: 'string', default: '200' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const whole = (name: string, text: string): number => {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} must be a whole number, not "${text}"`)
  return Number(text)
}
const seed = whole('seed', values.seed)
const wanted = whole('moments', values.moments)
const only = values.only === undefined ? null : whole('only', values.only)

/** Kinds of which each must have been cut off at least once, or the whole has shown nothing. */
const mustBeHit = [
  'request: prediction',
  'request: rows',
  'request: clock',
  'request: labels',
  'running step',
  'deployment',
]
const counts = { passed: 0, failed: 0 }
const tell = (line: string): void => console.log(line)
function check(what: string, faults: readonly string[]): void {
  if (faults.length === 0) counts.passed += 1
  else counts.failed += 1
  tell(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${what}`)
  for (const fault of faults.slice(0, 20)) tell(`     ${fault}`)
  if (faults.length > 20) tell(`     and ${faults.length - 20} more`)
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-crash-'))
process.once('exit', () => {
  if (!values.keep && counts.failed === 0) rmSync(folder, { recursive: true, force: true })
  else tell(`the homes are left in ${folder}`)
})

const parts = replayParts()
tell(`seed ${seed}; the replay without kills first`)
const reference = await playRound(join(folder, 'undisturbed'), [], tell)
check(`undisturbed, ${reference.seconds.toFixed(0)} s`, reference.faults)

const rounds =
  only === null
    ? Array.from({ length: Math.ceil(wanted / momentsARound) }, (_, round) => round)
    : [Math.floor(only / momentsARound)]
const struck: Struck[] = []
for (const round of rounds) {
  const moments = momentsOf(seed, round, parts).filter(({ number }) =>
    only === null ? number < wanted : number === only,
  )
  let result: RoundResult
  try {
    result = await playRound(join(folder, `round ${round}`), moments, tell)
  } catch (error) {
    check(`round ${round} comes to its end`, [String(error)])
    continue
  }
  struck.push(...result.struck)
  for (const { moment, faults } of result.struck)
    check(`moment ${moment.number}: nothing lost, nothing doubled`, faults)
  check(
    `round ${round}: nothing lost, nothing doubled at the end (${result.seconds.toFixed(0)} s, ${result.repeats} requests repeated)`,
    result.faults,
  )
  check(`round ${round}: the same end as without kills`, differences(reference.end, result.end))
}

const inFlight = new Map<string, number>()
const byTarget = new Map<string, number>()
for (const each of struck) {
  byTarget.set(each.moment.target, (byTarget.get(each.moment.target) ?? 0) + 1)
  for (const [kind, count] of each.inFlight) inFlight.set(kind, (inFlight.get(kind) ?? 0) + count)
}
const deployments = (inFlight.get('request: deployment') ?? 0) + (inFlight.get('rolling deployment') ?? 0)
if (only === null && wanted >= momentsARound)
  for (const kind of mustBeHit)
    check(
      `in flight at some kill: ${kind}`,
      (kind === 'deployment' ? deployments : (inFlight.get(kind) ?? 0)) > 0 ? [] : ['never'],
    )
const medianAfter = (target: string): string => {
  const times = struck.flatMap(({ moment, tookMs }) => (moment.target === target ? [tookMs] : [])).sort((a, b) => a - b)
  return times.length === 0 ? '' : `${((times[Math.floor(times.length / 2)] ?? 0) / 1000).toFixed(1)} s (${target})`
}
const told = (map: Map<string, number>): string =>
  [...map].map(([name, count]) => `${count} ${name}`).join(', ') || 'nothing'
if (process.env.MILLWRIGHT_COUNTS) writeFileSync(process.env.MILLWRIGHT_COUNTS, JSON.stringify(counts))
tell(
  `${struck.length} moments of seed ${seed}; killed: ${told(byTarget)}; in flight: ${told(inFlight)}; median time until the endpoint answered: ${[...byTarget.keys()].map(medianAfter).join(', ') || 'none'}; ${counts.passed} passed, ${counts.failed} failed`,
)
process.exitCode = counts.failed > 0 ? 1 : 0
