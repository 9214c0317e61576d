import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PredictionRecord, Slot } from '../contract/serving.ts'
import { PredictionLines } from './prediction-lines.ts'

const value = fc.oneof(fc.double(), fc.string({ unit: 'binary' }), fc.constant(null))

it('writes what JSON.stringify writes of the record, for any names and values; NaN is missing', () => {
  fc.assert(
    fc.property(
      fc.record({
        endpoint: fc.string({ unit: 'binary' }),
        inputs: fc.uniqueArray(
          fc.tuple(
            fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__'),
            value,
          ),
          {
            selector: ([name]) => name,
          },
        ),
        requestId: fc.string({ unit: 'binary' }),
        key: fc.oneof(fc.string(), fc.constant(null)),
        request: fc.dictionary(fc.string(), fc.oneof(value, fc.boolean())),
        score: fc.oneof(fc.double(), fc.array(fc.double()), fc.constant(null)),
        output: fc.oneof(value, fc.boolean()),
        error: fc.oneof(fc.string(), fc.constant(null)),
        times: fc.tuple(fc.integer(), fc.double(), fc.option(fc.integer()), fc.nat()),
      }),
      ({ endpoint, inputs, times: [time, eventTime, featureAgeMs, latencyUs], ...rest }) => {
        const slot = { role: 'canary', share: 0.1, version: { id: 'm@1' } } as unknown as Slot
        const lines = new PredictionLines(
          endpoint,
          slot,
          inputs.map(([name]) => name),
        )
        const same = { ...rest, time, eventTime, featureAgeMs, latencyUs }
        const line = lines.line('s.1', { ...same, inputs: inputs.map(([, each]) => each) })
        const record: PredictionRecord = {
          ...same,
          id: 's.1',
          endpoint,
          version: 'm@1',
          role: 'canary',
          inputs: Object.fromEntries(inputs),
        }
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(record)))
        expect(line).not.toContain('\n')
      },
    ),
  )
})
