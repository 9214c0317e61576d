/**
 * What an answer of the prediction service costs beside a bare server: `npm run bench:serving [seconds a round] [rounds]`. A model of the flights
 * example is trained on a part of January and served by a prediction service of its own, with its online features and its log. Rounds of
 * both servers take turns; ratios are medians of the rounds' ratios. `PROFILE=folder` writes a CPU profile of the service there.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from 'millwright/client'
import project from '../../examples/flights/millwright.config.ts'
import { seededRandom } from '../../src/base/random.ts'
import { startServer } from '../../src/server/start.ts'
import type { LoadDone, LoadOrder } from './load.ts'

const [seconds = 3, rounds = 7] = process.argv.slice(2).map(Number)
const concurrency = 16
/** Above the number of cores others were at work, and throughput and latency say little; the ratio suffers less. */
const busy = loadavg()[0]!.toFixed(1)
const source = ['--conditions=millwright-source', '--import', 'tsx']
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'millwright bench '))
const children: ChildProcess[] = []
const started = (path: string, args: string[], execArgv: string[] = []): ChildProcess => {
  const child = fork(path, args, { execArgv: [...source, ...execArgv], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  children.push(child)
  return child
}
const told = <T>(child: ChildProcess) =>
  new Promise<T>((resolve, reject) => {
    const ended = () => reject(new Error('a process of the measurement ended early'))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })

/** Milliseconds of CPU that a process has used, all its threads, from the kernel's count. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
try {
  const profile = process.env.PROFILE ? ['--cpu-prof', '--cpu-prof-dir', process.env.PROFILE] : []
  const service = started(
    here('../../src/cli/main.ts'),
    ['predictor', '--home', join(folder, 'predictor'), '--port', '0', '--server', server.address],
    profile,
  )
  const address = (await told<{ ready: string }>(service)).ready
  const bare = started(here('bare.ts'), [join(folder, 'bare.log')])
  const bareAddress = (await told<{ ready: string }>(bare)).ready
  const load = started(here('load.ts'), [])

  const client = createClient(server.address)
  const definition = project.define((file) => file)
  // A model that stays: nothing is to retrain while it is measured.
  for (const model of definition.models)
    Object.assign(model, { gates: [], split: { ...model.split, trainingDays: 10 } })
  await client.apply({ body: { definition, projectDir: here('../../examples/flights') } })
  await client.ingest({ params: { dataset: 'airports' }, body: {} })
  await client.ingest({
    params: { dataset: 'flights' },
    body: { from: Date.UTC(2001, 0, 12), to: Date.UTC(2001, 1, 1) },
  })
  console.log('January is in; training')
  const { run } = await client.startRun({ body: { pipeline: 'train-late', wait: true, reason: 'to be measured' } })
  if (run.state !== 'succeeded') throw new Error(`training ${run.state}: ${run.error}`)

  const random = seededRandom(7)
  const airports = ['ATL', 'ORD', 'DFW', 'LAX', 'PHX', 'STL', 'DTW', 'MSP', 'LAS', 'DEN', 'IAH', 'BOS', 'SEA', 'SFO']
  const pick = () => airports[Math.floor(random() * airports.length)]!
  const flight = (at: number) => ({
    flight_id: `bench-${at}`,
    departs_at: Date.UTC(2001, 1, 1) - Math.floor(random() * 43_200_000),
    origin: pick(),
    destination: pick(),
    distance: 100 + Math.floor(random() * 2400),
  })
  type Flight = ReturnType<typeof flight>
  const datatypes = { flight_id: 'BYTES', departs_at: 'INT64', origin: 'BYTES', destination: 'BYTES', distance: 'FP64' }
  const columns = Object.keys(datatypes) as (keyof Flight)[]
  const tensors = (flights: Flight[], more: object[] = []) => ({
    inputs: [
      ...columns.map((name) => ({
        name,
        shape: [flights.length],
        datatype: datatypes[name],
        data: flights.map((each) => each[name]),
      })),
      ...more,
    ],
  })
  const features = definition.models[0]!.inputs.filter((input) => input.from.kind === 'feature')
  const given = () =>
    features.map(({ name }) => ({ name, shape: [1], datatype: 'FP64', data: [Math.round(random() * 1e4) / 1e4] }))
  const many = (count: number, body: (at: number) => unknown) =>
    Array.from({ length: count }, (_, at) => JSON.stringify(body(at)))
  const kinds = [
    { name: 'one row, plain', rows: 1, bodies: many(500, flight) },
    { name: 'one row, tensors', rows: 1, bodies: many(500, (at) => tensors([flight(at)])) },
    {
      name: 'one row, tensors, features given, not looked up',
      rows: 1,
      bodies: many(500, (at) => tensors([flight(at)], given())),
    },
    {
      name: 'a hundred rows, tensors',
      rows: 100,
      bodies: many(50, (at) => tensors(Array.from({ length: 100 }, (_, place) => flight(at * 100 + place)))),
    },
  ]

  const ask = async (pid: number, order: Omit<LoadOrder, 'concurrency'>) => {
    const before = cpuMs(pid)
    const done = told<LoadDone>(load)
    load.send({ ...order, concurrency })
    const { requests, latencies, seconds: took, answerBytes } = await done
    const at = (share: number) => latencies[Math.floor(share * (requests - 1))]!
    return {
      cpuUs: (1000 * (cpuMs(pid) - before)) / requests,
      perSecond: requests / took,
      p50: at(0.5),
      p99: at(0.99),
      answerBytes,
    }
  }
  type Round = Awaited<ReturnType<typeof ask>>
  const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
  const lines: string[] = []
  for (const { name, rows, bodies } of kinds) {
    const url = `${address}/v2/models/flights/infer`
    const warm = await ask(service.pid!, { url, bodies, ms: 2000 })
    const bareUrl = `${bareAddress}/${warm.answerBytes}`
    await ask(bare.pid!, { url: bareUrl, bodies, ms: 1000 })
    const [mine, theirs]: [Round[], Round[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      mine.push(await ask(service.pid!, { url, bodies, ms: seconds * 1000 }))
      theirs.push(await ask(bare.pid!, { url: bareUrl, bodies, ms: seconds * 1000 }))
    }
    const of = (all: Round[], figure: keyof Round) => median(all.map((round) => round[figure]))
    const ratios = mine.map((round, at) => round.cpuUs / theirs[at]!.cpuUs)
    const figures = (all: Round[]) =>
      `${of(all, 'cpuUs').toFixed(1)} | ${of(all, 'perSecond').toFixed(0)} | ${of(all, 'p50').toFixed(2)} | ${of(all, 'p99').toFixed(2)}`
    const bytes = `${Math.round(bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length)} / ${warm.answerBytes}`
    lines.push(`| ${name} | ${bytes} | ${figures(mine)} | ${(of(mine, 'cpuUs') / rows).toFixed(1)} | – |`)
    lines.push(`| – the bare server | ${bytes} | ${figures(theirs)} | – | **${median(ratios).toFixed(2)}** |`)
    console.log(lines.slice(-2).join('\n'), ratios.map((ratio) => ratio.toFixed(2)).join(' '))
  }
  await mkdir(here('.'), { recursive: true })
  await writeFile(
    here('results.md'),
    `# What an answer costs

\`npm run bench:serving\`, ${new Date().toISOString().slice(0, 10)}, ${cpus().length === 2 ? 'two' : cpus().length} cores (${cpus()[0]?.model}), Node ${process.version}, load average ${busy} when it began. A model of the flights example (boosted trees, 21 inputs, 16 of them windows
looked up online), every answer logged before it leaves; ${concurrency} connections on loopback, the load from a process on the same machine. The bare server
reads a body of the same size, parses it, appends one line to a file a turn of the event loop and answers JSON of the same size. Medians of ${rounds} rounds of ${seconds} s, both servers
in turns; the ratio is that of the CPU time a request, and is to be 1.5 at most for one row whose features are not looked up.

| request | bytes, request / answer | CPU µs a request | requests/s | p50 ms | p99 ms | CPU µs a row | ratio |
|---|---|---|---|---|---|---|---|
${lines.join('\n')}

The bare server keeps one short line a turn; the service keeps a kilobyte a row (request, inputs, answer) and brings it to the control plane while it is
measured, which is part of its CPU time.
`,
  )
} finally {
  for (const child of children) if (child.connected) child.disconnect()
  await Promise.all(
    children.map(
      (child) =>
        new Promise((resolve) =>
          (child.exitCode ?? child.signalCode) === null ? child.once('exit', resolve) : resolve(null),
        ),
    ),
  )
  await server.close()
  await rm(folder, { recursive: true, force: true })
}
process.exit(0)
