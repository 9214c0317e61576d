import { expect, test } from 'vitest'
import { definitionSchema } from '../../contract/definition.ts'
import { consumersOfDataset } from './dataset-consumers.ts'

const column = (name: string) => ({ op: 'column' as const, column: name })
const definition = definitionSchema.parse({
  name: 'shop',
  entities: [{ name: 'customer', key: 'id', dataset: 'customers' }],
  datasets: ['customers', 'orders', 'logs'].map((name) => ({ name, columns: [{ name: 'id', type: 'key' }] })),
  featureViews: [
    {
      name: 'habits',
      entity: 'customer',
      dataset: 'orders',
      by: 'customer',
      knownAt: 'at',
      features: [{ name: 'orders_7d', aggregate: 'count', of: column('id'), windowMs: 7 * 86_400_000 }],
    },
  ],
  models: [
    {
      name: 'returns',
      task: 'binary',
      dataset: 'orders',
      target: column('returned'),
      inputs: [{ name: 'price', kind: 'numeric', from: { kind: 'expression', expression: column('price') } }],
      training: { kind: 'linear' },
    },
  ],
  triggers: [
    { name: 'fresh', pipeline: 'train-returns', on: { kind: 'new-data', dataset: 'orders', everyMs: 1 } },
    { name: 'moved', pipeline: 'train-returns', on: { kind: 'value-skew', dataset: 'orders' } },
    { name: 'nightly', pipeline: 'train-returns', on: { kind: 'schedule', cron: '0 0 * * *' } },
  ],
})

test('what reads a dataset, or waits for it, is named; what does not, is not', () => {
  expect(consumersOfDataset(definition, 'orders')).toEqual([
    { subject: 'feature-view:habits', does: 'aggregates its rows by customer' },
    { subject: 'model:returns', does: 'is trained on its rows' },
    { subject: 'trigger:fresh', does: 'starts train-returns when enough of it is new' },
    { subject: 'trigger:moved', does: 'starts train-returns when its values move' },
  ])
  expect(consumersOfDataset(definition, 'customers')).toEqual([{ subject: 'entity:customer', does: 'is listed by it' }])
  expect(consumersOfDataset(definition, 'logs')).toEqual([])
})
