import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createClient } from 'millwright/client'
import { startMillwright } from './millwright.ts'
import { Passengers } from './passengers.ts'
import { Progress } from './progress.ts'
import { Replay } from './replay.ts'
import { monthly, printSummary, type Report, writeReport } from './summary.ts'
import { World } from './world.ts'

const { values: options } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    report: { type: 'string' },
    home: { type: 'string' },
    port: { type: 'string', default: '4300' },
    'predict-port': { type: 'string', default: '4301' },
    /** Where the replay ends, for a short look: `2001-03-01`. */
    until: { type: 'string', default: '2001-07-03' },
  },
})

const project = dirname(dirname(fileURLToPath(import.meta.url)))
const data = join(project, '../../node_modules/vega-datasets/data')
const files = { flights: join(data, 'flights-3m.parquet'), airports: join(data, 'airports.csv') }
const home = options.home ?? join(project, '.millwright')
const endpoint = 'flights'

const progress = new Progress()
progress.title('Millwright: the loop of production machine learning, on three million real flights')
progress.say(
  'A model will say, at departure, which flights land 15 or more minutes late. Everything below is the product at work.',
)

// Every run begins anew; a folder that is no home of Millwright's is somebody's own.
const present: string[] = await readdir(home).catch(() => [])
if (present.length > 0 && !present.includes('metadata.db')) {
  console.error(`${home} is not empty and is no home of Millwright: name another with --home`)
  process.exit(1)
}
await rm(home, { recursive: true, force: true })
await mkdir(home, { recursive: true })
const millwright = await startMillwright({ project, home, port: options.port, predictPort: options['predict-port'] })
let failed = false
try {
  const client = createClient(millwright.server)
  progress.say(`Control plane, screens and API on ${millwright.server}; predictions on ${millwright.predictor}`)
  const worldOpens = World.open(files.flights, files.airports)

  progress.title('January: the first model')
  await client.ingest({ params: { dataset: 'airports' }, body: {} })
  progress.say(
    'Airports are in: their places give the time zones, without which results of the future would leak into the past',
  )
  const january = await client.ingest({
    params: { dataset: 'flights' },
    body: { from: Date.UTC(2001, 0, 1), to: Date.UTC(2001, 1, 1) },
  })
  const rows = january.batches.reduce((sum, batch) => sum + batch.rows, 0)
  progress.say(
    `${rows.toLocaleString('en')} flights of January are in, a batch a day, each validated (dataset version ${january.version})`,
    'good',
  )
  progress.say('Training, testing on days that the training never sees, and passing the gates …')
  const first = await client.startRun({ body: { pipeline: 'train-late', wait: true, reason: 'the first model' } })
  if (first.run.state !== 'succeeded') throw new Error(`the first training ${first.run.state}: ${first.run.error}`)
  const { version } = await client.modelVersion({ params: { model: 'late', version: 'production' } })
  const { candidate, baseline } = version.evaluation!
  const world = await worldOpens
  const passengers = new Passengers(millwright.predictor)
  const ahead = Date.UTC(2001, 1, 1, 12)
  await passengers.ask(await world.departures(ahead, ahead + 60_000, 0.2))
  const firstModel = progress.seconds
  progress.say(
    `${version.id} passed ${version.verdicts.length} gates and answers: AUC ${candidate.auc!.value.toFixed(3)} beside ${baseline!.auc!.value.toFixed(3)} of the baseline (the airport's recent share late)`,
    'good',
  )

  progress.title('February to June: time is replayed')
  const replay = new Replay({ client, world, passengers, progress, files, incoming: join(home, 'incoming'), endpoint })
  await replay.run(Date.UTC(2001, 1, 2), Date.parse(`${options.until}T00:00:00Z`))
  progress.still()

  const check = await client.verifyEvents()
  const report: Report = {
    seconds: { firstModel, total: progress.seconds },
    landings: replay.landings,
    asked: passengers.asked,
    refusedRequests: passengers.refused,
    ...(await replay.outcome()),
    months: await monthly(client, endpoint),
    events: {
      count: check.events,
      chainWhole: check.broken === null && check.witnesses.every((witness) => witness.agrees),
    },
    memoryMb: millwright.peakMemoryMb(),
  }
  report.seconds.total = progress.seconds
  printSummary(report)
  if (options.report) await writeReport(options.report, report)
  if (!options.exit) {
    console.log(`\nLook around: ${millwright.server}   (Ctrl-C ends it)`)
    await millwright.ended
  }
} catch (error) {
  progress.still()
  progress.say(error instanceof Error ? error.message : String(error), 'bad')
  failed = true
} finally {
  await millwright.stop()
}
process.exit(failed ? 1 : 0)
