/**
 * Tracking beside MLflow's own server, both durable, under the same load over HTTP: `npm run bench:tracking [runs [points [seconds [artifact MB]]]]`. MLflow is the one
 * of test/golden/requirements.txt, on SQLite; its runs are put into its database directly, since over its routes that would take hours.
 */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import Sqlite from 'libsql'
import { seededRandom } from '../../src/base/random.ts'
import { python, startMlflowServer, withoutMlflow } from '../../test/clients/mlflow.ts'
import { startControlPlane } from '../../test/faults/millwright-process.ts'

if (withoutMlflow) throw new Error(`MLflow's own server ${withoutMlflow}`)
const [runs, points, seconds, artifactMb] = [10_000, 100_000, 10, 1000].map((usual, place) =>
  Number(process.argv[place + 2] ?? usual),
) as [number, number, number, number]
const callers = 8
const manyCallers = 64
/** A list that takes longer than this in all is asked for less often. */
const patienceMs = 60_000
const agent = new Agent({ keepAlive: true, maxSockets: manyCallers })

function send(address: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const text = body === undefined ? '' : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const asked = request(`${address}/api/2.0/mlflow${path}`, { method, agent, headers }, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('error', reject)
      answer.on('end', () => {
        const said = Buffer.concat(pieces).toString()
        if (answer.statusCode === 200) resolve(JSON.parse(said))
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${said.slice(0, 300)}`))
      })
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

async function newRun(address: string, more: object = {}): Promise<string> {
  const made = await send(address, 'POST', '/runs/create', { experiment_id: '0', start_time: 1, ...more })
  return (made as { run: { info: { run_id: string } } }).run.info.run_id
}

/** Requests a second that some callers get, each asking again when it was answered. */
async function rate(work: (count: number) => Promise<unknown>, by = callers): Promise<number> {
  const begun = performance.now()
  const until = begun + seconds * 1000
  let count = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      count += 1
      await work(count)
    }
  }
  await Promise.all(Array.from({ length: by }, caller))
  return count / ((performance.now() - begun) / 1000)
}

/** The median of several, in milliseconds; the first one is left out, unless it took all the patience. */
async function medianMs(times: number, work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  const first = performance.now()
  for (let time = 0; time <= times; time += 1) {
    const begun = performance.now()
    await work()
    const isLast = performance.now() - first > patienceMs
    if (time > 0 || isLast) taken.push(performance.now() - begun)
    if (isLast) break
  }
  return taken.sort((a, b) => a - b)[taken.length >> 1]!
}

/** The same runs as `seed.py` makes, over the routes. */
async function seed(address: string): Promise<void> {
  const random = seededRandom(7)
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < runs) {
      const number = next
      next += 1
      const at = 1_700_000_000_000 + number * 1000
      const tags = [
        { key: 'mlflow.runName', value: `run-${number}` },
        { key: 'mlflow.user', value: 'ada' },
        { key: 'mlflow.source.name', value: 'train.py' },
        { key: 'team', value: 'ab'[number % 2]! },
      ]
      const run_id = await newRun(address, { start_time: at, user_id: 'ada', tags })
      await send(address, 'POST', '/runs/log-batch', {
        run_id,
        metrics: ['accuracy', 'loss', 'auc', 'seconds'].map((key) => ({
          key,
          value: random(),
          timestamp: at,
          step: 0,
        })),
        params: [
          { key: 'lr', value: ['0.1', '0.01', '0.001'][number % 3] },
          { key: 'depth', value: String(number % 9) },
          { key: 'kind', value: ['tree', 'linear', 'forest', 'net'][number % 4] },
          { key: 'seed', value: String(number) },
        ],
      })
      await send(address, 'POST', '/runs/update', { run_id, status: 'FINISHED', end_time: at + 500 })
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

async function longRun(address: string): Promise<string> {
  const run_id = await newRun(address)
  const random = seededRandom(8)
  for (let step = 0; step < points; step += 1000) {
    const metrics = Array.from({ length: Math.min(1000, points - step) }, (_, place) => ({
      key: 'curve',
      value: random(),
      timestamp: 1_700_000_000_000 + step + place,
      step: step + place,
    }))
    await send(address, 'POST', '/runs/log-batch', { run_id, metrics })
  }
  return run_id
}

async function wholeHistory(address: string, run_id: string): Promise<void> {
  let token = ''
  let count = 0
  do {
    const page = (await send(
      address,
      'GET',
      `/metrics/get-history?run_id=${run_id}&metric_key=curve&max_results=25000&page_token=${token}`,
    )) as { metrics?: unknown[]; next_page_token?: string }
    count += page.metrics?.length ?? 0
    token = page.next_page_token ?? ''
  } while (token)
  if (count !== points) throw new Error(`${count} points in place of ${points}`)
}

const searches = {
  'list, newest 100': {},
  'list, newest 1000': { max_results: 1000 },
  'filtered by metric and param': { filter: "metrics.accuracy > 0.9 AND params.lr = '0.1'" },
  'ordered by a metric': { order_by: ['metrics.accuracy DESC'] },
  'filtered by tag, ordered by metric': { filter: "tags.team = 'a'", order_by: ['metrics.loss ASC'] },
}

async function measured(address: string, long: string): Promise<Record<string, number>> {
  const result: Record<string, number> = {}
  for (const [name, asked] of Object.entries(searches))
    result[`${name}, ms`] = await medianMs(5, () =>
      send(address, 'POST', '/runs/search', { experiment_ids: ['0'], max_results: 100, ...asked }),
    )
  result['a run, ms'] = await medianMs(20, () => send(address, 'GET', `/runs/get?run_id=${long}`))
  result['history, all points, ms'] = await medianMs(1, () => wholeHistory(address, long))
  const some = await Promise.all(Array.from({ length: callers }, () => newRun(address)))
  result['runs created a second'] = await rate(() => newRun(address))
  result['single metrics a second'] = await rate((step) =>
    send(address, 'POST', '/runs/log-metric', {
      run_id: some[step % callers],
      key: 'm',
      value: step / 7,
      timestamp: step,
      step,
    }),
  )
  result['batches of 100 a second'] = await rate((step) =>
    send(address, 'POST', '/runs/log-batch', {
      run_id: some[step % callers],
      metrics: Array.from({ length: 100 }, (_, place) => ({
        key: `n${place % 10}`,
        value: place / 7,
        timestamp: step,
        step: step * 10 + Math.floor(place / 10),
      })),
    }),
  )
  result[`single metrics of ${manyCallers} writers a second`] = await rate(
    (step) =>
      send(address, 'POST', '/runs/log-metric', {
        run_id: some[step % callers],
        key: `w${step % manyCallers}`,
        value: step / 7,
        timestamp: step,
        step,
      }),
    manyCallers,
  )
  const artifact = `${address}/api/2.0/mlflow-artifacts/artifacts/0/${some[0]}/artifacts/large.bin`
  result[`artifact of ${artifactMb} MB up, MB a second`] = await megabytesASecond(artifact, 'PUT')
  result[`artifact of ${artifactMb} MB down, MB a second`] = await megabytesASecond(artifact, 'GET')
  const client = execFileSync(
    python,
    [fileURLToPath(new URL('client.py', import.meta.url)), address, String(seconds)],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  return { ...result, ...JSON.parse(client.slice(client.lastIndexOf('\n{') + 1)) }
}

/** Of a file of bytes that do not shrink. */
async function megabytesASecond(address: string, method: 'PUT' | 'GET'): Promise<number> {
  const begun = performance.now()
  const piece = randomBytes(1 << 20)
  const headers = method === 'PUT' ? { 'content-length': artifactMb << 20 } : {}
  const bytes = await new Promise<number>((resolve, reject) => {
    const asked = request(address, { method, headers }, (answer) => {
      let length = 0
      answer.on('data', (some: Buffer) => {
        length += some.length
      })
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(length) : reject(new Error(`${method} ${address}: ${answer.statusCode}`)),
      )
    })
    asked.on('error', reject)
    if (method === 'GET') return void asked.end()
    Readable.from(Array.from({ length: artifactMb }, () => piece)).pipe(asked)
  })
  if (method === 'GET' && bytes !== artifactMb << 20) throw new Error(`${bytes} bytes came`)
  return artifactMb / ((performance.now() - begun) / 1000)
}

const bytesOf = async (path: string): Promise<number> => (await stat(path)).size

const folder = await mkdtemp(join(tmpdir(), 'millwright tracking '))
const theirs = await startMlflowServer()
const ours = await startControlPlane(join(folder, 'home'))
try {
  console.log(
    `load ${loadavg()[0]!.toFixed(1)}; ${runs} runs, ${points} points, ${seconds} s for each rate, ${callers} callers`,
  )
  const database = join(theirs.folder, 'mlflow.db')
  execFileSync(python, [fileURLToPath(new URL('seed.py', import.meta.url)), database, String(runs), String(points)])
  const begun = performance.now()
  await seed(ours.address)
  const long = await longRun(ours.address)
  console.log(`filled over the routes in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  const own = join(folder, 'home', 'metadata.db')
  const file = new Sqlite(own)
  file.exec('pragma wal_checkpoint(truncate)')
  // Events of the runs lie in the same file; MLflow keeps none.
  const sizes = { theirs: await bytesOf(database), ours: await bytesOf(own) }
  file.close()
  const results = { theirs: await measured(theirs.address, '0'.repeat(32)), ours: await measured(ours.address, long) }
  const line = (name: string, one: number, other: number, factor: number): void =>
    console.log(
      `${name.padEnd(40)} ${one.toFixed(1).padStart(10)} ${other.toFixed(1).padStart(10)} ${factor.toFixed(1).padStart(8)} ×`,
    )
  console.log(`${''.padEnd(40)} ${'MLflow'.padStart(10)} ${'ours'.padStart(10)}`)
  for (const [name, one] of Object.entries(results.theirs)) {
    const other = results.ours[name]!
    line(name, one, other, name.endsWith('ms') ? one / other : other / one)
  }
  line('database, MB', sizes.theirs / 1e6, sizes.ours / 1e6, sizes.theirs / sizes.ours)
  console.log(`load ${loadavg()[0]!.toFixed(1)}`)
} finally {
  await ours.stop()
  await theirs.close()
  await rm(folder, { recursive: true, force: true })
}
