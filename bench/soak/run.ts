/**
 * Everything at once for an hour, at half of what the machine can do: `npm run bench:soak [minutes [predictions a second]]`. Says whether memory, open files and latency of both
 * processes rise. Rows are pushed, days close, features are served, a model is retrained, monitors measure, screens are read, backups are made.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { seededRandom } from '../../src/base/random.ts'
import { screens } from '../../src/ui/shell/screens.ts'
import {
  type MillwrightProcess,
  startControlPlane,
  startPredictionService,
} from '../../test/faults/millwright-process.ts'
import { orderMaker, replayFrom, requestOf, writeHistory } from '../../test/fixtures/shop-orders.ts'
import { definition } from './project.ts'
import { type Trend, trendOf } from './trend.ts'

const minutes = Number(process.argv[2] ?? 60)
if (!(minutes > 0)) throw new Error('say for how many minutes: npm run bench:soak 60')
/** Where it is not said, half of what is measured before. */
const wantedRate = process.argv[3] === undefined ? null : Number(process.argv[3])
const sampleMs = Math.min(10_000, (minutes * 60_000) / 40)
/** The first part is warming up: code is compiled, caches fill. */
const warm = 0.25
const clients = 8
const order = orderMaker(21)
const folder = await mkdtemp(join(tmpdir(), 'millwright soak '))
let next = 100_000
let at = replayFrom
const fresh = () => {
  next += 1
  at += 2_000
  return order(next, at)
}

/** The program itself: the one under the wrapper that a user starts. */
function innermost(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  const node = children.map(Number).find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('node'))
  return node === undefined ? pid : node
}
const memoryMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

async function ask(predictor: MillwrightProcess): Promise<number> {
  const began = performance.now()
  const answer = await fetch(`${predictor.address}/v2/models/returns/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(requestOf(fresh())),
  })
  await answer.text()
  if (answer.status !== 200) throw new Error(`a prediction was answered with ${answer.status}`)
  return performance.now() - began
}

/** Requests a second that so many callers get, each asking again when it was answered. */
async function capacity(predictor: MillwrightProcess, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1000
  let count = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await ask(predictor)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: clients }, caller))
  return count / seconds
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN

await writeHistory(folder, order, 4000)
const plane = await startControlPlane(join(folder, 'home'))
const predictor = await startPredictionService(join(folder, 'predictor'), plane.address)
let isOver = false
/** Ends the pauses of what comes seldom. */
const over = new AbortController()
const faults: string[] = []
const counts = { pushes: 0, predictions: 0, days: 0, pages: 0, backups: 0 }
try {
  await plane.client.apply({ body: { definition, projectDir: folder } })
  await plane.client.ingest({ params: { dataset: 'orders' }, body: {} })
  await plane.client.startRun({ body: { pipeline: 'train-returns', wait: true } })
  while (
    !(await ask(predictor).then(
      () => true,
      () => false,
    ))
  )
    await wait(200)
  await capacity(predictor, 3)
  const most = await capacity(predictor, Math.min(10, minutes * 6))
  const rate = wantedRate ?? most / 2
  console.log(
    `load ${loadavg()[0]!.toFixed(1)}; ${most.toFixed(0)} predictions/s at the most; ${rate.toFixed(0)} a second for ${minutes} min`,
  )

  const begun = performance.now()
  const until = begun + minutes * 60_000
  const goOn = async (name: string, everyMs: number, work: () => Promise<unknown>): Promise<void> => {
    let due = performance.now()
    while (!isOver) {
      try {
        await work()
      } catch (error) {
        faults.push(`${name}: ${error instanceof Error ? error.message : error}`)
      }
      due = Math.max(due + everyMs, performance.now() - 1000)
      await wait(Math.max(0, due - performance.now()), undefined, { signal: over.signal }).catch(() => undefined)
    }
  }
  let latencies: number[] = []
  const perCallerMs = (1000 * clients) / rate
  const work = [
    ...Array.from({ length: clients }, () =>
      goOn('prediction', perCallerMs, async () => {
        latencies.push(await ask(predictor))
        counts.predictions += 1
      }),
    ),
    goOn('push', 100, async () => {
      await plane.client.pushRows({ params: { dataset: 'orders' }, body: { rows: Array.from({ length: 20 }, fresh) } })
      counts.pushes += 1
    }),
    goOn('clock', 2000, async () => {
      const { now } = await plane.client.clock()
      if (at > now) await plane.client.advanceClock({ body: { to: at } })
      counts.days = (at - replayFrom) / 86_400_000
    }),
    goOn('screens', 500, async () => {
      const { path } = screens[counts.pages % screens.length]!
      await (await fetch(plane.address + path, { headers: { accept: 'text/html' } })).text()
      await plane.client.overview()
      await plane.client.runs({ query: { limit: 50 } })
      counts.pages += 1
    }),
    goOn('backup', Math.max(20_000, (minutes * 60_000) / 12), async () => {
      await plane.client.makeBackup({ body: { dir: join(folder, 'backups'), keep: 2 } })
      counts.backups += 1
    }),
  ]
  const series: Record<string, [number, number][]> = {}
  const note = (name: string, time: number, value: number): void => {
    series[name] ??= []
    series[name].push([time, value])
  }
  const pids = { 'control plane': innermost(plane.child.pid!), 'prediction service': innermost(predictor.child.pid!) }
  while (performance.now() < until) {
    await wait(sampleMs)
    const time = performance.now() - begun
    for (const [name, pid] of Object.entries(pids)) {
      note(`${name}, memory in MB`, time, memoryMb(pid))
      note(`${name}, open files`, time, openFiles(pid))
    }
    const sorted = latencies.sort((a, b) => a - b)
    latencies = []
    note('prediction, median in ms', time, quantile(sorted, 0.5))
    note('prediction, p99 in ms', time, quantile(sorted, 0.99))
  }
  isOver = true
  over.abort()
  await Promise.all(work)
  console.log(
    `${counts.predictions} predictions, ${counts.pushes * 20} rows, ${counts.days.toFixed(1)} days of the project, ${counts.pages} pages, ${counts.backups} backups; load ${loadavg()[0]!.toFixed(1)}`,
  )
  const { runs } = await plane.client.runs({ query: { limit: 1000 } })
  console.log(
    `${runs.length} runs, ${runs.filter(({ state }) => state !== 'succeeded').length} of them not succeeded; ${faults.length} faults`,
  )
  for (const fault of new Set(faults.slice(0, 20))) console.log(`  ${fault}`)
  const random = seededRandom(1)
  for (const [name, points] of Object.entries(series)) {
    const after = points.filter(([time]) => time > warm * minutes * 60_000)
    const { mean, slope, low, high }: Trend = trendOf(after, random)
    const verdict = low > 0 ? 'RISES' : high < 0 ? 'falls' : 'flat'
    console.log(
      `${name.padEnd(34)} ${mean.toFixed(2).padStart(9)}   ${slope >= 0 ? '+' : ''}${slope.toFixed(2)} an hour (95 % ${low.toFixed(2)} to ${high.toFixed(2)})   ${verdict}`,
    )
  }
} finally {
  isOver = true
  await predictor.stop()
  await plane.stop()
  await rm(folder, { recursive: true, force: true })
}
