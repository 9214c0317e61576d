import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ColumnSummary } from '../../contract/data.ts'
import { datasetSchema } from '../../contract/definition.ts'
import { columnsBesideReference } from './batch-columns.ts'
import { summaryDistance } from './summary-distance.ts'

const dataset = datasetSchema.parse({
  name: 'trips',
  columns: [
    { name: 'distance', type: 'number' },
    { name: 'delay', type: 'number' },
    { name: 'hour', type: 'number', derived: { op: 'column', column: 'delay' } },
  ],
  expectations: [{ kind: 'shift', column: 'delay', max: 0.1 }],
})

const summaryOf = (name: string, counts: readonly number[]): ColumnSummary => ({
  name,
  type: 'number',
  rows: counts.reduce((sum, count) => sum + count, 0),
  nulls: 0,
  distinct: 3,
  mean: null,
  std: null,
  min: null,
  max: null,
  quantiles: null,
  top: null,
  histogram: { edges: [0, 1, 2, 3], counts: [...counts], below: 0, above: 0 },
})

const counts = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 3 })

test('the distance is the one that validation judges by, and what may be is what was stated', () => {
  fc.assert(
    fc.property(counts, counts, (before, now) => {
      const reference = ['distance', 'delay', 'hour'].map((name) => summaryOf(name, before))
      const summaries = [...['distance', 'delay', 'hour'].map((name) => summaryOf(name, now)), summaryOf('new', now)]
      const found = columnsBesideReference(dataset, { summaries }, reference)
      expect(found.map(({ name, mayBe }) => [name, mayBe])).toEqual([
        ['distance', 0.35],
        ['delay', 0.1],
        ['hour', null],
        ['new', 0.35],
      ])
      expect(found[0]!.distance).toBe(summaryDistance(reference[0]!, summaries[0]!))
      expect(found[3]).toMatchObject({ reference: null, distance: null })
    }),
  )
})
