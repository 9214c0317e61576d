import { expect, test } from 'vitest'
import { flightsDefinition } from '../../../test/fixtures/flights.ts'
import { datasetSchema, type ModelDefinition } from '../../contract/definition.ts'
import type { Expression } from '../../contract/expression.ts'
import { ModelInputs } from './model-inputs.ts'

const start = Date.UTC(2001, 0, 2)
const column = (name: string): Expression => ({ op: 'column', column: name })
const dataset = datasetSchema.parse({
  name: 'sales',
  time: 'at',
  columns: [
    { name: 'at', type: 'time' },
    { name: 'shop', type: 'ref', entity: 'shop' },
    { name: 'value', type: 'number' },
    {
      name: 'due',
      type: 'time',
      derived: { op: 'add', left: column('at'), right: { op: 'literal', value: 0.75 } },
    },
  ],
})

test('a request at a time between milliseconds is that of the row which it becomes', () => {
  const model: ModelDefinition = {
    ...flightsDefinition().models[0]!,
    dataset: 'sales',
    target: column('value'),
    inputs: [
      { name: 'at', kind: 'numeric', from: { kind: 'expression', expression: column('at') } },
      { name: 'due', kind: 'numeric', from: { kind: 'expression', expression: column('due') } },
      { name: 'count', kind: 'numeric', from: { kind: 'feature', view: 'by_at', feature: 'count', by: 'shop' } },
    ],
  }
  const asked: number[] = []
  const lookup = {
    value: (_view: string, _feature: string, _key: string, at: number) => asked.push(at),
    newest: () => null,
  }
  const inputs = new ModelInputs(model, dataset, () => expect.unreachable(), lookup)
  const values = inputs.compute({ at: start + 0.5, shop: 'a' }, start + 1000, null).values
  expect([values[0], values[1], asked]).toEqual([start + 1, start + 2, [start + 1]])
})
