import {
  answersWithin,
  beats,
  boostedTrees,
  calibrated,
  canary,
  csv,
  dataset,
  day,
  days,
  defineProject,
  drift,
  endpoint,
  entity,
  featureView,
  hours,
  keepsItsSignature,
  key,
  localTime,
  minutes,
  model,
  newData,
  notWorse,
  number,
  parquet,
  quality,
  ref,
  retrain,
  rowKey,
  segment,
  service,
  text,
  zoneAt,
} from 'millwright'

const data = '../../node_modules/vega-datasets/data'

const airports = dataset('airports', {
  description: 'Airports of the United States, with the place of each.',
  source: csv(`${data}/airports.csv`),
  columns: {
    iata: key(),
    name: text(),
    city: text().optional(),
    state: text().optional(),
    country: text().optional(),
    latitude: number('deg'),
    longitude: number('deg'),
  },
}).derive((c) => ({ zone: zoneAt(c.latitude, c.longitude) }))

const airport = entity('airport', airports, 'iata')

/** Airports with more than one departure in fifty, in January. */
const hubs = ['ORD', 'DFW', 'ATL', 'LAX', 'PHX', 'STL', 'DTW', 'MSP', 'LAS', 'DEN', 'IAH', 'BOS', 'CLT', 'SFO']

const flights = dataset('flights', {
  description: 'Flights within the United States, January to June 2001 (Bureau of Transportation Statistics).',
  source: parquet(`${data}/flights-3m.parquet`, { partition: day('date') }),
  columns: {
    date: localTime().raw(),
    origin: ref(airport),
    destination: ref(airport),
    distance: number('mi'),
    delay: number('min'),
  },
})
  // The clocks of the origin showed `date`; read as one zone they would put results of the future into the past.
  .derive((c) => ({ flight_id: rowKey(), departs_at: c.date.utcIn(c.origin.attribute('zone')) }))
  .identifiedBy('flight_id')
  .happensAt('departs_at')
  .derive((c) => {
    const clock = c.departs_at.in(c.origin.attribute('zone'))
    return {
      lands_at: c.departs_at.plus(minutes(30)).plus(c.distance.dividedBy(7.5).as(minutes)),
      minute_of_day: clock.minuteOfDay(),
      weekday: clock.weekday(),
      airport_size: c.origin.oneOf(...hubs).label('hub', 'other'),
      month: clock
        .month()
        .bucket('January', [2, 'February'], [3, 'March'], [4, 'April'], [5, 'May'], [6, 'June'], [7, 'later']),
      part_of_day: clock.hour().bucket('night', [5, 'morning'], [12, 'afternoon'], [18, 'evening'], [23, 'night']),
    }
  })
  .knownAt('lands_at', 'delay')
  .expect((c) => [
    c.flight_id.unique(),
    c.origin.in(airport),
    c.destination.in(airport),
    // A few of another unit are a mistake; a whole file of them moves the mean, and is set aside.
    c.distance.between(10, 6000).mostly(0.99),
    c.delay.between(-120, 2000).mostly(0.999),
    // Half or double the usual length of a flight is no drift but another unit.
    c.distance.meanBetween(450, 1100),
    c.distance.shiftAtMost(0.1),
    c.delay.shiftAtMost(0.25),
  ])
  .expectRows(1000, 100_000)

/** What has become known lately of the flights that had departed from an airport, or had arrived at it. */
const recent = (name: string, by: 'origin' | 'destination') =>
  featureView(name, {
    entity: airport,
    from: flights,
    by,
    owner: 'ops',
    features: (f) => ({
      late_3h: f.delay.atLeast(15).share().over(hours(3)),
      late_24h: f.delay.atLeast(15).share().over(hours(24)),
      delay_3h: f.delay.mean().over(hours(3)),
      delay_24h: f.delay.mean().over(hours(24)),
    }),
  })
const departures = recent('departures', 'origin')
const arrivals = recent('arrivals', 'destination')

const late = model('late', {
  from: flights,
  predicts: flights.column('delay').atLeast(15),
  inputs: [
    flights.pick('minute_of_day', 'weekday', 'distance', 'origin', 'destination'),
    departures.of('origin'),
    departures.of('destination'),
    arrivals.of('origin'),
    arrivals.of('destination'),
  ],
  train: boostedTrees({ trees: 200, stopEarly: 10, learningRate: 0.15 }),
  baseline: departures.feature('late_3h').of('origin'),
  segments: {
    part_of_day: flights.column('part_of_day'),
    airport_size: flights.column('airport_size'),
    month: flights.column('month'),
  },
  gates: [
    beats('baseline').on('auc').by(0.02),
    notWorse('production').on('log_loss').within(0.002),
    segment('part_of_day').on('auc').within(0.03),
    calibrated({ within: 0.1 }),
    keepsItsSignature(),
    answersWithin(50),
  ],
  split: { test: days(7), validation: days(3), training: days(28), maxRows: 60_000 },
})

const answers = endpoint('flights', late, { rollout: canary([0.1, 1], { hold: hours(12) }), frozen: true })
// Over a whole week, because every weekday differs from the others.
const lateDrift = drift(answers, { every: 'week', threshold: 0.35 })
const lateQuality = quality(answers, { metric: 'auc', threshold: 0.04, periods: 3 })

export default defineProject('flights', {
  brief: {
    objective: 'Warn passengers, at departure, that they will land 15 or more minutes late',
    owner: 'ops',
    success: 'AUC of 0.70 or more on the flights of the coming month',
    errors: 'A false alarm costs a call; a missed one costs a connection',
    data: 'Three million flights of January to June 2001 and the places of the airports, from the Bureau of Transportation Statistics',
  },
  // By then every flight of January has landed, in Hawaii too.
  replayFrom: new Date('2001-02-02T00:00:00Z'),
  entities: [airport],
  datasets: [airports, flights],
  features: [departures, arrivals],
  endpoints: [answers],
  monitors: [lateDrift, lateQuality, service(answers)],
  triggers: [retrain(late, { cooldown: days(14), atMost: 5 }).on(newData(flights, days(28)), lateDrift, lateQuality)],
})
