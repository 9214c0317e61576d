import {
  allAtOnce,
  atLeast,
  boostedTrees,
  days,
  defineProject,
  drift,
  endpoint,
  model,
  newData,
  quality,
  retrain,
  service,
} from '../../src/sdk/index.ts'
import { history, orders, replayFrom, returnsParts, shop } from '../../test/fixtures/shop-orders.ts'

const returns = model('returns', {
  ...returnsParts,
  train: boostedTrees({ trees: 40, maxLeaves: 6, stopEarly: 5 }),
  gates: [atLeast('auc', 0.5)],
})
const answers = endpoint('returns', returns, { rollout: allAtOnce() })

/** All parts busy: rows come, days close, features, answers, monitors, a retraining every ten days. */
export const definition = defineProject('shop', {
  replayFrom: new Date(replayFrom),
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [answers],
  monitors: [quality(answers), drift(answers, { every: 'week' }), service(answers)],
  triggers: [retrain(returns).on(newData(orders, days(10)))],
}).define((file) => file)
