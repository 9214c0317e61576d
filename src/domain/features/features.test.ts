import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDataServices, openFeatureSegments, type TestServices } from '../../../test/fixtures/data-services.ts'
import { airportsFile, flightsDefinition, flightsFile, isLate } from '../../../test/fixtures/flights.ts'
import { numbersOf, sliceTable, type Table, takeRows, textAt, textsOf } from '../../base/columns.ts'
import type { ModelDefinition } from '../../contract/definition.ts'
import type { FeatureBatch } from '../../ports/feature-batch.ts'
import type { OnlineFeatures } from '../../ports/online-features.ts'
import { datasetVersion, readVersion } from '../data/dataset-reader.ts'
import { ingestFile } from '../data/ingestion.ts'
import { PushBuffer } from '../data/push-buffer.ts'
import { seriesByEntity } from './event-grouping.ts'
import { FeatureFeed } from './feature-feed.ts'
import { readHistory } from './feature-history.ts'
import { planFeatureView, planNamedView } from './feature-view.ts'
import { OnlineStore } from './online-store.ts'
import { pointInTime } from './point-in-time.ts'
import { buildTrainingSet, readTrainingSet, type TrainingSet } from './training-set.ts'

const hour = 3_600_000
const day = 24 * hour
const actor = 'user:test'
const definition = flightsDefinition({ expectations: [] })
const model: ModelDefinition = {
  ...definition.models[0]!,
  split: { testDays: 1, validationDays: 1, trainingDays: null, maxRows: 500_000 },
}
const flightColumns = [
  { name: 'flight_id', type: 'key' },
  { name: 'origin', type: 'ref' },
  { name: 'destination', type: 'ref' },
  { name: 'departs_at', type: 'time' },
  { name: 'lands_at', type: 'time' },
  { name: 'distance', type: 'number' },
  { name: 'delay', type: 'number' },
] as const

describe('features of real flights', () => {
  let services: TestServices
  let flights: Table
  beforeAll(async () => {
    services = await openDataServices()
    await ingestFile(services, definition, 'airports', airportsFile, { actor })
    const options = { actor, from: Date.UTC(2001, 0, 1), below: Date.UTC(2001, 0, 6) }
    await ingestFile(services, definition, 'flights', flightsFile, options)
    flights = await readVersion(services, await datasetVersion(services.metadata, 'flights'), {
      columns: flightColumns,
    })
  })
  afterAll(() => services.close())

  /** By how much the newest thing that a row can see lies after its true departure, at worst. */
  function worstLook(eventTimes: Float64Array, rowTimes: Float64Array): number {
    const landed = numbersOf(flights, 'lands_at')
    const departed = numbersOf(flights, 'departs_at')
    let worst = Number.NEGATIVE_INFINITY
    for (const by of ['origin', 'destination']) {
      const events = seriesByEntity({ entities: textsOf(flights, by), times: eventTimes, values: [landed] })
      const newest = { aggregate: 'max' as const, column: 0, windowMs: day, ttlMs: null }
      const keys = textsOf(flights, by)
      const [seen] = pointInTime(events, { keys, times: rowTimes, features: [newest] })
      for (let row = 0; row < flights.rows; row += 1) worst = Math.max(worst, seen![row]! - departed[row]! || worst)
    }
    return worst
  }

  test('no row sees a landing after its departure; either trap lets the future in', async () => {
    const [departed, landed] = [numbersOf(flights, 'departs_at'), numbersOf(flights, 'lands_at')]
    expect(worstLook(landed, departed)).toBeLessThanOrEqual(0)
    // A delay taken as known before the landing.
    expect(worstLook(departed, departed)).toBeGreaterThan(hour)
    // All clocks taken as one zone.
    const oneZone = flightsDefinition({ clocks: 'utc', expectations: [] })
    const other = await openDataServices()
    await ingestFile(other, oneZone, 'airports', airportsFile, { actor })
    const options = { actor, from: Date.UTC(2001, 0, 1), below: Date.UTC(2001, 0, 6) }
    await ingestFile(other, oneZone, 'flights', flightsFile, options)
    const wrong = await readVersion(other, await datasetVersion(other.metadata, 'flights'), { columns: flightColumns })
    expect(textAt(textsOf(wrong, 'flight_id'), 4321)).toBe(textAt(textsOf(flights, 'flight_id'), 4321))
    expect(worstLook(numbersOf(wrong, 'lands_at'), numbersOf(wrong, 'departs_at'))).toBeGreaterThan(hour)
    await other.close()
  })

  test('a definition that leaks does not plan', () => {
    const view = definition.featureViews[0]!
    const dataset = definition.datasets[1]!
    expect(() => planFeatureView({ ...view, knownAt: 'departs_at' }, dataset)).toThrowError(/known only at "lands_at"/)
    const leaking = {
      ...model,
      inputs: [{ name: 'd', kind: 'numeric' as const, from: { kind: 'expression' as const, expression: isLate } }],
    }
    return expect(
      buildTrainingSet(services, definition, leaking, { cutOff: Date.UTC(2001, 0, 6) }),
    ).rejects.toThrowError(/"delay", which is known only at "lands_at"/)
  })

  describe('training set', () => {
    let set: TrainingSet
    const cutOff = Date.UTC(2001, 0, 6, 4)
    beforeAll(async () => {
      set = await buildTrainingSet(services, definition, model, { cutOff })
    })

    test('splits by time, seals the test part, and is the same bytes every time', async () => {
      const { train, validation, test: sealed } = set.parts
      expect(train.to).toBe(validation.from)
      expect(validation.to).toBe(sealed.from)
      const [departed, landed] = [numbersOf(flights, 'departs_at'), numbersOf(flights, 'lands_at')]
      const known = departed.filter((_, row) => landed[row]! <= cutOff)
      expect(sealed.to).toBe(Math.max(...known))
      expect(train.rows + validation.rows + sealed.rows).toBe(known.length)
      expect(validation.rows).toBe(known.filter((time) => time > validation.from && time <= validation.to).length)
      for (const part of ['train', 'validation'] as const) {
        const examples = await readTrainingSet(services, set, part, 'training')
        expect([
          Math.min(...examples.times) > set.parts[part].from,
          Math.max(...examples.times) <= set.parts[part].to,
        ]).toEqual([true, true])
      }
      await expect(readTrainingSet(services, set, 'test', 'training')).rejects.toMatchObject({ code: 'sealed-data' })
      expect((await readTrainingSet(services, set, 'test', 'evaluation')).rows).toBe(sealed.rows)
      expect(await buildTrainingSet(services, definition, model, { cutOff })).toEqual(set)
    })

    test('is the same bytes when there are too many events to be in memory at once', async () => {
      const messages: string[] = []
      const onProgress = (_: number, message: string) => messages.push(message)
      expect(await buildTrainingSet(services, definition, model, { cutOff, maxEvents: 40_000, onProgress })).toEqual(
        set,
      )
      expect(messages.filter((message) => / of \d+$/.test(message)).length).toBeGreaterThan(2)
    })

    test('draws rows evenly when there are more than wanted', async () => {
      const few = await buildTrainingSet(
        services,
        definition,
        { ...model, split: { ...model.split, maxRows: 5000 } },
        { cutOff },
      )
      for (const part of Object.values(few.parts)) expect(Math.abs(part.rows - 5000)).toBeLessThan(300)
      expect(few.parts.train.eligible).toBe(set.parts.train.eligible)
    })

    test('has the values that a plain reading of the rule gives', async () => {
      const examples = await readTrainingSet(services, set, 'test', 'evaluation')
      const [landed, delay] = [numbersOf(flights, 'lands_at'), numbersOf(flights, 'delay')]
      const origins = textsOf(flights, 'origin')
      const origin = examples.inputs.get('origin')!
      const late = examples.inputs.get('departures_late_3h')!
      const mean = examples.inputs.get('departures_delay_24h')!
      if (origin.kind !== 'text' || late.kind !== 'number' || mean.kind !== 'number') throw new Error('wrong kinds')
      for (let row = 0; row < examples.rows; row += 487) {
        const [airport, at] = [textAt(origin, row), examples.times[row]!]
        const within = (window: number) => {
          const rows: number[] = []
          for (let i = 0; i < flights.rows; i += 1) {
            if (landed[i]! <= at && landed[i]! > at - window && textAt(origins, i) === airport) rows.push(i)
          }
          return rows
        }
        const three = within(3 * hour)
        const share = three.filter((i) => delay[i]! >= 15).length / three.length
        expect(late.values[row]).toBe(three.length === 0 ? Number.NaN : share)
        const whole = within(day)
        expect(mean.values[row]).toBe(
          whole.length === 0 ? Number.NaN : whole.reduce((sum, i) => sum + delay[i]!, 0) / whole.length,
        )
      }
    })

    test('online values are the training values, bit for bit: from history, from pushes in any order, after a restart, trimmed', async () => {
      const online = await openDataServices()
      const now = Date.UTC(2001, 0, 6, 4)
      await ingestFile(online, definition, 'airports', airportsFile, { actor })
      // Three days come as files, the rest is pushed, shuffled within its hour, a fifth of it twice.
      await ingestFile(online, definition, 'flights', flightsFile, {
        actor,
        from: Date.UTC(2001, 0, 1),
        below: Date.UTC(2001, 0, 4),
      })
      const inFiles = await readVersion(online, await datasetVersion(online.metadata, 'flights'), {
        columns: [flightColumns[0]],
      })
      const ids = textsOf(inFiles, 'flight_id')
      const known = new Set(Array.from({ length: inFiles.rows }, (_, row) => textAt(ids, row)))
      const landed = numbersOf(flights, 'lands_at')
      const rest = Array.from({ length: flights.rows }, (_, row) => row)
        .filter((row) => !known.has(textAt(textsOf(flights, 'flight_id'), row)))
        .sort(
          (a, b) =>
            Math.floor(landed[a]! / hour) - Math.floor(landed[b]! / hour) || ((a * 7919) % 1009) - ((b * 7919) % 1009),
        )
      const pushes = takeRows(flights, rest)
      const plans = definition.featureViews.map((view) => planNamedView(definition, view.name))
      const planOf = (name: string) => plans.find((plan) => plan.view.name === name)!
      let log = await openFeatureSegments(online.logs)
      let feed = await FeatureFeed.open(online, [definition], log)
      let buffer = await PushBuffer.open(online, definition, 'flights')
      const half = Math.floor(pushes.rows / 2)
      const push = async (from: number, to: number) => {
        for (let at = from; at < to; at += 700) {
          const body = bodyOf(sliceTable(pushes, at, Math.min(at + 700, to)))
          await feed.pushed('flights', await buffer.push({ columns: body }))
          if (at % 3500 === 0) await feed.pushed('flights', await buffer.push({ columns: body }))
        }
      }
      await feed.catchUp(Date.UTC(2001, 0, 4))
      await push(0, half)
      // Acknowledged, but the process ends before the feature log hears of it.
      await buffer.push({ columns: bodyOf(sliceTable(pushes, half, half + 300)) })
      await log.close()
      await buffer.close()
      log = await openFeatureSegments(online.logs)
      feed = await FeatureFeed.open(online, [definition], log)
      buffer = await PushBuffer.open(online, definition, 'flights')
      await feed.catchUp(Date.UTC(2001, 0, 5), new Map([['flights', await buffer.waiting()]]))
      await push(half + 300, pushes.rows)
      await buffer.closeDue(Date.UTC(2001, 0, 6))
      await feed.catchUp(now, new Map([['flights', await buffer.waiting()]]))

      const copy = await openFeatureSegments(online.logs, { folder: 'copy' })
      const store = new OnlineStore(plans)
      for await (const batch of log.read(0)) {
        await copy.append([batch])
        store.apply(batch)
        if (batch.seq % 40 === 0) trimAll(store, Date.UTC(2001, 0, 4))
      }
      const restarted = new OnlineStore(plans)
      for await (const batch of copy.read(0)) restarted.apply(batch)
      trimAll(restarted, Date.UTC(2001, 0, 5, 12))

      const examples = await readTrainingSet(services, set, 'test', 'evaluation')
      let compared = 0
      for (const { name, from } of model.inputs) {
        if (from.kind !== 'feature') continue
        const [expected, by] = [examples.inputs.get(name)!, examples.inputs.get(from.by)!]
        if (expected.kind !== 'number' || by.kind !== 'text') throw new Error('wrong kinds')
        for (let row = 0; row < examples.rows; row += 3) {
          const [key, at] = [textAt(by, row)!, examples.times[row]!]
          for (const online of at >= Date.UTC(2001, 0, 5, 12) ? [store, restarted] : [store]) {
            if (!Object.is(online.value(planOf(from.view), from.feature, key, at), expected.values[row]!)) {
              expect([name, key, at, online.value(planOf(from.view), from.feature, key, at)]).toEqual([
                name,
                key,
                at,
                expected.values[row]!,
              ])
            }
            compared += 1
          }
        }
      }
      expect(compared).toBeGreaterThan(20_000)
      expect(store.newest(planOf('departures'), 'ORD', now)).toBeGreaterThan(now - 5 * hour)
      expect(store.value(planOf('departures'), 'late_3h', 'nowhere', now)).toBeNaN()
      for (const each of [log, copy, buffer, online]) await each.close()
    }, 120_000)
  })

  test('a log that forgot knows how far its views have seen: a restart adds nothing', async () => {
    const unbounded = definition.featureViews.map((view) => ({
      ...view,
      name: `${view.name}_ever`,
      features: [{ ...view.features[0]!, name: 'latest', aggregate: 'last' as const, windowMs: null, ttlMs: null }],
    }))
    const views = { ...definition, featureViews: [...definition.featureViews, ...unbounded] }
    const open = () => openFeatureSegments(services.logs, { folder: 'forgetful', maxBytes: 1000 })
    let log = await open()
    const feed = await FeatureFeed.open(services, [views], log)
    await feed.catchUp(Date.UTC(2001, 0, 6))
    const written = log.position
    // Something new of another kind, so that what was written before can go.
    await log.append([{ ...(await firstOf(log)), seq: written + 1, viewHash: 'another' }])
    await feed.trim(Date.UTC(2001, 1, 1))
    await feed.trim(Date.UTC(2001, 1, 2))
    await log.close()
    log = await open()
    expect(log.position).toBe(written + 1)
    const again = await FeatureFeed.open(services, [views], log)
    await again.catchUp(Date.UTC(2001, 1, 2))
    const added: number[] = []
    for await (const { times } of log.read(written + 1)) added.push(times.length)
    // Views whose events are all forgotten look again, and find nothing that a window could still see.
    expect(added).toEqual(definition.featureViews.map(() => 0))
    await log.close()
  })

  test('works on parts of the entities, which together are all', async () => {
    const plan = planNamedView(definition, 'departures')
    const version = await datasetVersion(services.metadata, 'flights')
    const range = { from: Date.UTC(2001, 0, 3), to: Date.UTC(2001, 0, 5) }
    const whole = await readHistory(services, plan, version, range, {})
    const parts = await Promise.all(
      [0, 1].map((index) => readHistory(services, plan, version, { ...range, part: { index, of: 2 } }, {})),
    )
    expect(parts[0]!.size).toBeGreaterThan(50)
    expect(parts[0]!.size + parts[1]!.size).toBe(whole.size)
    for (const [key, series] of [...parts[0]!, ...parts[1]!]) expect(series.times).toEqual(whole.get(key)!.times)
  })
})

async function firstOf(log: OnlineFeatures): Promise<FeatureBatch> {
  for await (const batch of log.read(0)) return batch
  throw new Error('the log is empty')
}

function trimAll(store: OnlineStore, now: number): void {
  for (const _ of store.trim(now));
}

/** Rows as a client sends them. */
function bodyOf(rows: Table): Record<string, unknown[]> {
  const body: Record<string, unknown[]> = {}
  for (const [name, vector] of rows.columns) {
    if (name === 'lands_at') continue
    body[name] = Array.from({ length: rows.rows }, (_, row) =>
      vector.kind === 'text' ? textAt(vector, row) : vector.values[row],
    )
  }
  return body
}
