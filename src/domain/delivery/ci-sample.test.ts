import { expect, it } from 'vitest'
import { day } from '../../base/clock.ts'
import { definitionSchema } from '../../contract/definition.ts'
import { sampleOf } from './ci-sample.ts'

const start = Date.UTC(2025, 0, 1)
const definition = (more: object = {}) =>
  definitionSchema.parse({
    name: 'shop',
    brief: { objective: 'sell', owner: 'ada', targets: [{ metric: 'auc', atLeast: 0.7 }] },
    datasets: [
      {
        name: 'orders',
        time: 'at',
        source: { format: 'parquet', path: 'orders.parquet', partition: { by: 'at', every: 'day' } },
        columns: [
          { name: 'id', type: 'key' },
          { name: 'at', type: 'time' },
          { name: 'price', type: 'number' },
        ],
      },
    ],
    models: [
      {
        name: 'dear',
        task: 'binary',
        dataset: 'orders',
        target: { op: 'at-least', left: { op: 'column', column: 'price' }, right: { op: 'literal', value: 1 } },
        inputs: [
          {
            name: 'price',
            kind: 'numeric',
            from: { kind: 'expression', expression: { op: 'column', column: 'price' } },
          },
        ],
        training: { kind: 'boosted-trees' },
        gates: [{ kind: 'at-least', metric: 'auc', value: 0.7 }, { kind: 'signature' }],
        split: { testDays: 7, validationDays: 3, trainingDays: 28 },
      },
    ],
    ...more,
  })
const facts = (rows: number, days: number) => new Map([['orders', { rows, from: start, to: start + days * day - 1 }]])

it('takes whole newest days of much data, and shrinks splits in proportion', () => {
  const { definition: sampled, ranges } = sampleOf(definition(), facts(3_000_000, 180), { full: false })
  const range = ranges.get('orders')!
  expect(range.to).toBe(start + 180 * day)
  expect((range.to - range.from) / day).toBe(8)
  const { split, gates } = sampled.models[0]!
  expect(split.testDays + split.validationDays + split.trainingDays!).toBeCloseTo(8)
  expect(split.testDays / split.trainingDays!).toBeCloseTo(7 / 28)
  expect(gates).toEqual([{ kind: 'at-least', metric: 'auc', value: -1e9 }, { kind: 'signature' }])
  expect(sampled.brief).toEqual({ objective: 'sell', owner: 'ada' })
  expect(sampled.clock).toEqual({ mode: 'replay', start: range.from })
})

it('reaches no further than where a replay begins', () => {
  const replay = definition({ clock: { mode: 'replay', start: start + 32 * day } })
  const { ranges } = sampleOf(replay, facts(3_000_000, 180), { full: false })
  expect(ranges.get('orders')).toEqual({ from: start + 24 * day, to: start + 32 * day })
})

it('takes little data as they are, and with all data changes no split, gate or target', () => {
  const small = sampleOf(definition(), facts(5000, 60), { full: false })
  expect(small.ranges.get('orders')).toBeNull()
  expect(small.definition.models[0]!.split).toMatchObject({ testDays: 7, validationDays: 3, trainingDays: 28 })
  const full = sampleOf(definition(), facts(3_000_000, 180), { full: true })
  expect(full.ranges.get('orders')).toBeNull()
  expect(full.definition.models).toEqual(definition().models)
  expect(full.definition.brief).toEqual(definition().brief)
})
