/**
 * Tracking beside MLflow's own server, both durable, under the same load over HTTP:
 * `npm run bench:tracking -- [--runs 1000,10000,100000] [--points N] [--seconds S] [--artifact-mb N] [--patience S]`.
 * MLflow is the one of test/golden/requirements.txt, on SQLite; its runs are put into its database directly, since over its
 * routes that would take hours. Each figure is printed as it comes, first MLflow's, then ours; an answer that takes longer than
 * the patience ends its measure, and MLflow, which would go on working for nobody, is started anew.
 */

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Sqlite from 'libsql'
import { python, startMlflowServer, withoutMlflow } from '../../test/clients/mlflow.ts'
import { startControlPlane } from '../../test/faults/millwright-process.ts'
import { fillHistory, fillRuns } from './fill.ts'
import { callers, newRun, OutOfPatience } from './load.ts'
import { type Amounts, type Measure, measuresOfSize, measuresOnce, type Server } from './measures.ts'

if (withoutMlflow) throw new Error(`MLflow's own server ${withoutMlflow}`)
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000,10000,100000' },
    points: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '6' },
    'artifact-mb': { type: 'string', default: '1000' },
    patience: { type: 'string', default: '60' },
  },
})
const whole = (name: string, text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} must be a whole number above 0, not "${text}"`)
  return Number(text)
}
const sizes = values.runs.split(',').map((each) => whole('runs', each))
const amounts: Amounts = {
  points: whole('points', values.points),
  seconds: whole('seconds', values.seconds),
  artifactMb: whole('artifact-mb', values['artifact-mb']),
  patienceMs: whole('patience', values.patience) * 1000,
}

const cell = (text: string): string => text.padStart(12)
const line = (name: string, ...cells: string[]): void => console.log([name.padEnd(36), ...cells.map(cell)].join(''))
const figure = (value: number | null): string =>
  value === null ? `> ${amounts.patienceMs}` : value.toFixed(value < 100 ? 1 : 0)

/** @returns null for what took too long. */
async function figureOf(measure: Measure, server: Server): Promise<number | null> {
  try {
    return await measure.of(server)
  } catch (error) {
    if (error instanceof OutOfPatience) return null
    throw error
  }
}

async function compare(measures: readonly Measure[], theirs: Server, ours: Server, restart: () => Promise<void>) {
  for (const measure of measures) {
    const one = await figureOf(measure, theirs)
    if (one === null) await restart()
    const other = await figureOf(measure, ours)
    const isTime = measure.unit === 'ms'
    const [low, high] = isTime ? [other, one ?? amounts.patienceMs] : [one, other]
    const factor = low === null || high === null ? '–' : `${one === null ? '> ' : ''}${(high / low).toFixed(1)} ×`
    line(`${measure.name}, ${measure.unit}`, figure(one), figure(other), factor)
  }
}

const bytesOf = async (path: string): Promise<number> => (await stat(path)).size
const someRuns = (address: string): Promise<string[]> =>
  Promise.all(Array.from({ length: callers }, () => newRun(address)))

async function atSize(runs: number, isLast: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright tracking '))
  const theirs = await startMlflowServer()
  const ours = await startControlPlane(join(folder, 'home'))
  try {
    const points = isLast ? amounts.points : 1
    console.log(`\n${runs} runs${isLast ? `, ${points} points` : ''}; load ${loadavg()[0]!.toFixed(1)}`)
    const database = join(theirs.folder, 'mlflow.db')
    execFileSync(python, [fileURLToPath(new URL('seed.py', import.meta.url)), database, String(runs), String(points)])
    const begun = performance.now()
    await fillRuns(ours.address, runs)
    const long = await fillHistory(ours.address, points)
    console.log(`ours filled over the routes in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    const own = join(folder, 'home', 'metadata.db')
    const file = new Sqlite(own)
    file.exec('pragma wal_checkpoint(truncate)')
    file.close()
    const one: Server = {
      address: theirs.address,
      long: '0'.repeat(32),
      some: await someRuns(theirs.address),
    }
    const other: Server = { address: ours.address, long, some: await someRuns(ours.address) }
    line('', 'MLflow', 'ours', '')
    // Events of the runs lie in the same file; MLflow keeps none.
    const [large, small] = [await bytesOf(database), await bytesOf(own)]
    line('database, MB', (large / 1e6).toFixed(1), (small / 1e6).toFixed(1), `${(large / small).toFixed(1)} ×`)
    await compare(measuresOfSize(amounts), one, other, theirs.restart)
    if (isLast) await compare(measuresOnce(amounts), one, other, theirs.restart)
    console.log(`load ${loadavg()[0]!.toFixed(1)}`)
  } finally {
    await ours.stop()
    await theirs.close()
    await rm(folder, { recursive: true, force: true })
  }
}

console.log(
  `${amounts.seconds} s for each rate, ${callers} callers; who answers after ${values.patience} s is not waited for`,
)
for (const [place, runs] of sizes.entries()) await atSize(runs, place === sizes.length - 1)
