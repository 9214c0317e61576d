import {
  boostedTrees,
  command,
  csv,
  dataset,
  defineProject,
  key,
  model,
  number,
  pipeline,
  step,
  time,
} from 'millwright'
import { expect, it } from 'vitest'

const orders = dataset('orders', {
  source: csv('orders.csv'),
  columns: { id: key(), at: time(), price: number() },
}).happensAt('at')
const dear = (more: object) =>
  model('dear', {
    from: orders,
    predicts: orders.column('price').atLeast(3),
    inputs: [orders.pick('price')],
    train: boostedTrees(),
    ...more,
  })
/** As from a file that nobody compiled: the types have no say. */
const loose = (value: object): never => value as never

it.each([
  ['a model', () => dear({ treshold: 1 }), 'models.dear.treshold', 'threshold'],
  ['its split', () => dear({ split: { maxRow: 5 } }), 'models.dear.split.maxRow', 'maxRows'],
  ['its training', () => dear({ train: { kind: 'boosted-trees', tree: 5 } }), 'models.dear.training.tree', 'trees'],
  ['a dataset', () => dataset('d', loose({ columns: {}, sorce: csv('x') })), 'datasets.d.sorce', 'source'],
  ['a step', () => step('s', [], async () => 1, loose({ timeot: 5 })), 'steps.s.timeot', 'timeout'],
  ['a command', () => command('c', [], ['true'], loose({ pyton: {} })), 'steps.c.pyton', 'python'],
  ['a pipeline', () => pipeline('p', loose({ steps: [], param: {} })), 'pipelines.p.param', 'params'],
  ['the project', () => defineProject('shop', loose({ dataset: [] })), 'dataset', 'datasets'],
])('%s refuses a key that it would not read, before anything runs', (_, stated, field, meant) => {
  expect(stated).toThrow(
    expect.objectContaining({
      code: 'invalid-definition',
      field,
      hint: expect.stringContaining(`Did you mean "${meant}"?`),
    }),
  )
})
