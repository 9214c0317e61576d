import { join } from 'node:path'
import type { Client } from 'millwright/client'
import type { Passengers } from './passengers.ts'
import type { Progress } from './progress.ts'
import type { Report } from './summary.ts'
import type { Flights, World } from './world.ts'

const hour = 3_600_000
/** Event time moves on by so much. */
const step = 12 * hour
/** What landed is pushed so much at a time. */
const pushed = 2 * hour
const day = 24 * hour
/** One flight of sixteen has a passenger who asks. */
const askingShare = 1 / 16

interface ReplayParts {
  client: Client
  world: World
  passengers: Passengers
  progress: Progress
  files: { flights: string; airports: string }
  /** Where files may be put to be ingested. */
  incoming: string
  endpoint: string
}

/** Faults that the replay puts into the world, by day: what goes wrong in production, on purpose and named as such. */
interface Drill {
  at: number
  name: string
  run: (replay: Replay) => Promise<void>
}

/** Moves the world on, some hours at a time: what lands is pushed, time advances, who departs asks. All through the product's doors. */
export class Replay {
  landings = 0
  private lastEvent = 0
  private readonly outcomes: Pick<Report, 'files' | 'rollback'> = { files: [], rollback: null }
  private readonly drills: Drill[] = [
    {
      at: Date.UTC(2001, 1, 20),
      name: 'a file with distances in kilometres',
      run: (replay) =>
        replay.deliver('2001-02-18', 'kilometres', '* replace (cast(distance * 1.609 as bigint) as distance)'),
    },
    {
      at: Date.UTC(2001, 2, 12),
      name: 'a file with a column missing',
      run: (replay) => replay.deliver('2001-03-10', 'no-delay', '* exclude (delay)'),
    },
    {
      at: Date.UTC(2001, 3, 10),
      name: 'a file with an unknown airport',
      run: (replay) =>
        replay.deliver(
          '2001-04-08',
          'unknown-airport',
          "* replace (case when origin = 'ORD' then 'ZZZ' else origin end as origin)",
        ),
    },
    {
      at: Date.UTC(2001, 4, 8),
      name: 'a candidate trained on shuffled labels',
      run: (replay) => replay.trainOnShuffledLabels(),
    },
    { at: Date.UTC(2001, 5, 12), name: 'a rollback', run: (replay) => replay.rollBack() },
  ]

  constructor(private readonly parts: ReplayParts) {}

  async run(from: number, to: number): Promise<void> {
    const { client, world, passengers, progress } = this.parts
    this.lastEvent = (await client.events({ query: { limit: 1 } })).head.seq
    // What landed between the end of January and the first hour.
    await this.push(await world.landings(0, from))
    let coming = this.ahead(from)
    let landing = this.land(coming)
    for (let at = from; at < to; at += step) {
      const next = at + step
      const { departed } = await coming
      await landing
      // While time moves on and passengers ask, the next hours' flights are in the air: as in life, data comes in whatever else is going on.
      if (next < to) {
        coming = this.ahead(next)
        landing = this.land(coming)
        // Whoever does not listen yet hears of a failure at the next step.
        landing.catch(() => {})
      }
      await client.advanceClock({ body: { to: next } })
      await passengers.ask(departed)
      if (next % day === 0) {
        await this.tell()
        const drill = this.drills.find((each) => each.at === next)
        if (drill) {
          progress.say(`FAULT, on purpose: ${drill.name}`, 'warning')
          await drill.run(this)
          await this.tell()
        }
        progress.move(
          `${new Date(next).toISOString().slice(0, 10)}: ${this.landings.toLocaleString('en')} landings pushed, ${passengers.asked.toLocaleString('en')} predictions asked`,
        )
      }
    }
    await this.tell()
  }

  private async land(coming: ReturnType<Replay['ahead']>): Promise<void> {
    const { landed } = await coming
    await Promise.all(landed.map((batch) => this.push(batch)))
  }

  private async ahead(from: number): Promise<{ landed: Flights[]; departed: Flights }> {
    const { world } = this.parts
    const landed: Flights[] = []
    for (let at = from; at < from + step; at += pushed) landed.push(await world.landings(at, at + pushed))
    return { landed, departed: await world.departures(from, from + step, askingShare) }
  }

  /** What became of it all, from the product's own records. */
  async outcome(): Promise<
    Pick<Report, 'retrains' | 'refusedCandidates' | 'files' | 'rollback' | 'alerts' | 'logged'>
  > {
    const { client, endpoint } = this.parts
    const { versions } = await client.modelVersions({ params: { model: 'late' } })
    const { runs } = await client.runs({ query: { limit: 1000 } })
    const { alerts } = await client.alerts({ query: { limit: 1000 } })
    const { measurements } = await client.measurements({ query: { endpoint, kind: 'service', limit: 10_000 } })
    const ordered = versions.toReversed()
    return {
      retrains: ordered.map((version) => {
        const run = runs.find((each) => each.id === version.runId)
        return {
          trigger: run?.startedBy ?? 'unknown',
          reason: run?.reason ?? '',
          version: version.id,
          outcome: version.state,
          data: version.datasetVersion ?? '',
        }
      }),
      refusedCandidates: ordered
        .filter((version) => version.state === 'refused')
        .map((version) => ({
          version: version.id,
          why: version.verdicts
            .filter((verdict) => !verdict.passed)
            .map((verdict) => `${verdict.gate}: ${verdict.message}`)
            .join('; '),
        })),
      ...this.outcomes,
      alerts: alerts.length,
      logged: measurements.reduce((sum, measurement) => sum + measurement.predictions, 0),
    }
  }

  private async push(flights: Flights): Promise<void> {
    if (flights.flight_id.length === 0) return
    const { accepted } = await this.parts.client.pushRows({
      params: { dataset: 'flights' },
      body: { columns: { ...flights } },
    })
    this.landings += accepted
  }

  /** Says what the product has told since the last time, as far as it concerns somebody who watches. */
  private async tell(): Promise<void> {
    const { client, progress } = this.parts
    const alerts: { subject: string; message: string; time: number }[] = []
    const told = new Set([
      'trigger.fired',
      'model.registered',
      'model.refused',
      'deployment.started',
      'deployment.completed',
      'deployment.rolled-back',
      'dataset.batch-refused',
      'dataset.batch-quarantined',
    ])
    for (;;) {
      const { events } = await client.events({ query: { after: this.lastEvent, limit: 1000 } })
      if (events.length === 0) break
      for (const event of events) {
        if (told.has(event.type))
          progress.say(`${new Date(event.time).toISOString().slice(0, 10)}  ${shortened(event.message)}`, event.level)
        this.lastEvent = event.seq
      }
    }
    // Many inputs of a model move together: one line says it.
    for (const subject of new Set(alerts.map((alert) => alert.subject))) {
      const [first, ...more] = alerts.filter((alert) => alert.subject === subject)
      const date = new Date(first!.time).toISOString().slice(0, 10)
      progress.say(
        `${date}  ALERT: ${shortened(first!.message)}${more.length > 0 ? `, and ${more.length} more figures` : ''}`,
        'bad',
      )
    }
  }

  /** Delivers a file of a day's departures, with a fault in it. */
  private async deliver(date: string, fault: string, select: string): Promise<void> {
    const { client, world, files, incoming } = this.parts
    const file = `flights-${date}-${fault}.parquet`
    await world.writeFile(join(incoming, file), files.flights, date, select)
    const { batches } = await client.ingest({ params: { dataset: 'flights' }, body: { path: join(incoming, file) } })
    for (const batch of batches) {
      this.outcomes.files.push({
        file,
        outcome: batch.state,
        why: batch.anomalies
          .filter((anomaly) => anomaly.severity !== 'warn')
          .map((anomaly) => anomaly.message)
          .join('; '),
      })
    }
  }

  private async trainOnShuffledLabels(): Promise<void> {
    await this.parts.client.startRun({
      body: {
        pipeline: 'train-late',
        params: { drill: 'shuffle-labels' },
        wait: true,
        reason: 'a drill: labels shuffled on purpose',
      },
    })
  }

  /** Rolls back, and asks the version that is back what it was asked before: the answers must be the same to the last bit. */
  private async rollBack(): Promise<void> {
    const { client, endpoint, passengers, progress } = this.parts
    const { deployments } = await client.endpoint({ params: { endpoint } })
    const previous = deployments.find((deployment) => deployment.state === 'serving')?.previous
    if (!previous) {
      progress.say('there is no earlier version to go back to', 'warning')
      return
    }
    const before = deployments.find((deployment) => deployment.version === previous)!
    const { predictions } = await client.predictions({
      query: { endpoint, from: before.startedAt + 3 * day, to: before.startedAt + 10 * day, limit: 1000 },
    })
    const old = (
      predictions as unknown as {
        version: string
        role: string
        score: number
        inputs: Record<string, number | string | null>
      }[]
    ).filter((record) => record.version === previous && record.role !== 'shadow')
    const result = await client.rollback({
      params: { endpoint },
      body: { reason: 'a drill: the operator wants the earlier version back' },
    })
    const names = Object.keys(old[0]?.inputs ?? {})
    const again =
      old.length > 0
        ? await passengers.answersFor(
            Object.fromEntries(names.map((name) => [name, old.map((record) => record.inputs[name] ?? null)])),
          )
        : []
    this.outcomes.rollback = {
      to: result.serving,
      tookMs: result.tookMs,
      compared: old.length,
      identical: old.length > 0 && old.every((record, place) => record.score === again[place]),
    }
    progress.say(
      `Back on ${result.serving} after ${result.tookMs} ms; ${old.length} earlier answers asked again: ${this.outcomes.rollback.identical ? 'all identical' : 'DIFFERENT'}`,
      this.outcomes.rollback.identical ? 'good' : 'bad',
    )
  }
}

const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 197)}…` : text)
