import fc from 'fast-check'
import { expect, test } from 'vitest'
import { day } from '../../base/clock.ts'
import type { ModelDefinition } from '../../contract/definition.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { numericReference } from '../training/reference.ts'
import { latelyAnswered, spreadsOfView } from './feature-spread.ts'
import { measureDrift } from './measure-period.ts'

const model: Pick<ModelDefinition, 'inputs'> = {
  inputs: [
    { name: 'a', kind: 'numeric', from: { kind: 'feature', view: 'habits', feature: 'orders_7d', by: 'customer' } },
    { name: 'b', kind: 'numeric', from: { kind: 'feature', view: 'other', feature: 'orders_7d', by: 'customer' } },
    { name: 'c', kind: 'numeric', from: { kind: 'expression', expression: { op: 'column', column: 'c' } } },
  ],
}
const monitor = { name: 'watch', endpoint: 'e', kind: 'drift', every: 'day', periods: 1, threshold: 0.1 } as const

test('the distance and its bound are those that the drift monitor says of the same answers', () => {
  const numbers = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 30, maxLength: 80 })
  fc.assert(
    fc.property(numbers, numbers, (learnt, asked) => {
      const reference = { rows: learnt.length, columns: [numericReference('a', learnt), numericReference('b', learnt)] }
      const records = asked.map((a): Pick<PredictionRecord, 'inputs'> => ({ inputs: { a, b: a } }))
      const [found, ...others] = spreadsOfView('habits', model, reference, records, monitor)
      expect(others).toEqual([])
      expect(found).toMatchObject({ input: 'a', feature: 'orders_7d', by: 'customer', answers: asked.length })
      expect(found!.counts.reduce((sum, count) => sum + count, 0)).toBe(asked.length)
      const rows = { version: {} as never, role: 'primary', records: records as PredictionRecord[] }
      const { figures, broken } = measureDrift(monitor, rows, reference)
      expect(found!.distance).toBe(figures.a!.value)
      expect(found!.distance! > found!.mayBe!).toBe('a' in broken)
    }),
  )
})

test('answers are taken from the newest day backwards, of the version alone, until there are enough', async () => {
  const now = Date.UTC(2001, 0, 20, 12)
  const asked: number[] = []
  const perDay = 900
  const predictions = {
    async *records(from: number, to: number): AsyncGenerator<PredictionRecord> {
      asked.push((now - from) / day)
      for (let at = 0; at < perDay * 2; at += 1) {
        const role = at % 2 === 0 ? 'primary' : 'shadow'
        const record = {
          endpoint: 'e',
          version: 'm@1',
          role,
          error: null,
          time: from + ((to - from) * at) / perDay / 2,
        }
        yield record as PredictionRecord
      }
    },
  }
  const found = await latelyAnswered(predictions, { endpoint: 'e', version: 'm@1' }, now)
  expect(found).toMatchObject({ records: { length: 3 * perDay }, since: Date.UTC(2001, 0, 18) })
  expect(asked).toEqual([0.5, 1.5, 2.5])
  expect(await latelyAnswered(predictions, { endpoint: 'e', version: 'm@2' }, now)).toEqual({
    records: [],
    since: null,
  })
  expect(asked).toHaveLength(3 + 7)
})
