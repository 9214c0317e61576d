import type { Definition } from '../../src/contract/definition.ts'
import {
  atLeast,
  boostedTrees,
  canary,
  csv,
  dataset,
  days,
  defineProject,
  drift,
  endpoint,
  key,
  model,
  newData,
  number,
  quality,
  retrain,
  time,
} from '../../src/sdk/index.ts'

export const tripsStart = Date.UTC(2001, 1, 1)

const trips = dataset('trips', {
  source: csv('trips.csv'),
  columns: { trip_id: key(), departs_at: time(), lands_at: time(), distance: number('km'), delay: number('min') },
})
  .happensAt('departs_at')
  .knownAt('lands_at', 'delay')
  .expect((c) => [c.distance.between(10, 20_000)])

const late = model('late', {
  from: trips,
  predicts: trips.column('delay').atLeast(15),
  inputs: [trips.pick('distance')],
  train: boostedTrees({ trees: 20 }),
  gates: [atLeast('auc', 0.6)],
})

const answers = endpoint('trips', late, { rollout: canary([0.1, 1]), frozen: true })
const tripsQuality = quality(answers, { metric: 'auc' })

/** A small project with everything that the overview shows of one. It lives in a replay, or in the present. */
export function tripsDefinition({ owner = 'operations', live = false } = {}): Definition {
  return defineProject('trips', {
    brief: {
      objective: 'Warn passengers at departure when their trip will land late',
      owner,
      success: 'AUC of 0.7 or better, every week',
      errors: 'A false alarm costs a call, a missed one a connection',
    },
    ...(live ? {} : { replayFrom: new Date(tripsStart) }),
    datasets: [trips],
    endpoints: [answers],
    monitors: [drift(answers), tripsQuality],
    triggers: [retrain(late).on(newData(trips, days(28)), tripsQuality)],
  }).define((file) => file)
}

/** Rows of the dataset, an hour apart from `from` on. */
export const tripRows = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    trip_id: `t${from + index}`,
    departs_at: from + index * 3_600_000,
    lands_at: from + (index + 2) * 3_600_000,
    distance: 300 + ((index * 37) % 900),
    delay: ((index * 13) % 70) - 10,
  }))
