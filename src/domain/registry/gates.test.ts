import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Gate, Task } from '../../contract/definition.ts'
import type { Evaluation, Scores, Verdict } from '../../contract/model.ts'
import { judgeAll, type SlotMeasurement } from './gates.ts'

const scores = (values: Record<string, number>, rows = 1000): Scores =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, low: value - 0.01, high: value + 0.01, rows }]),
  )
const difference = (value: number, low: number | null, high: number | null) => ({ value, low, high, rows: 1000 })

const evaluation = (more: Partial<Evaluation> = {}): Evaluation => ({
  rows: 1000,
  from: 0,
  to: 1,
  candidate: scores({ auc: 0.7, log_loss: 0.5 }),
  baseline: scores({ auc: 0.6, log_loss: 0.6 }),
  production: null,
  differences: {},
  segments: {},
  calibration: null,
  ...more,
})
const slot = (more: Partial<SlotMeasurement> = {}): SlotMeasurement => ({
  latenciesMs: [1, 2, 3],
  goldenDifference: 0,
  goldenRows: 20,
  refusesWrongType: true,
  fault: null,
  ...more,
})

function judged(
  gate: Gate,
  { task = 'binary' as Task, of = {} as Partial<Evaluation>, on = null as SlotMeasurement | null } = {},
): Verdict {
  const [verdict, ...others] = judgeAll({ gates: [gate], task }, { evaluation: evaluation(of), slot: on })
  expect(others).toEqual([])
  return verdict!
}
const against = (value: number, metric = 'auc') => ({ version: 'm@3', scores: scores({ [metric]: value }) })

describe('beats the baseline', () => {
  const by = (by: number, metric = 'auc'): Gate => ({ kind: 'beats-baseline', metric, by })

  it('passes with more, fails with less and says by how much', () => {
    expect(judged(by(0.05))).toEqual({
      gate: 'beats the baseline on auc by 0.05',
      passed: true,
      message: "auc is 0.7000, the baseline's 0.6000: a margin of 0.1000",
      segment: null,
      measured: expect.closeTo(0.1, 12),
      bound: 0.05,
    })
    expect(judged(by(0.15))).toMatchObject({
      passed: false,
      message: "auc is 0.7000, the baseline's 0.6000: a margin of +0.1000 where 0.15 is asked, 0.05 short",
    })
  })

  it('turns round for a loss, and names a candidate that is worse than the baseline', () => {
    expect(judged(by(0.05, 'log_loss')).passed).toBe(true)
    const of = { candidate: scores({ log_loss: 0.63 }) }
    expect(judged(by(0.02, 'log_loss'), { of })).toMatchObject({
      passed: false,
      message: expect.stringContaining('a margin of −0.0300 where 0.02 is asked, 0.05 short'),
    })
  })

  it('passes exactly at the bound, whatever the rounding, and fails just below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 500 }), (steps, base) => {
        const gate = by(steps / 1000)
        const at = (value: number) => ({
          of: { candidate: scores({ auc: value }), baseline: scores({ auc: base / 1000 }) },
        })
        expect(judged(gate, at((base + steps) / 1000)).passed).toBe(true)
        const near = judged(gate, at((base + steps) / 1000 - 1e-6))
        expect(near.passed).toBe(false)
        expect(near.message).toMatch(/, 0\.000001 short$/)
      }),
    )
  })

  it('proves nothing without a baseline, or without the metric', () => {
    for (const of of [{ baseline: null }, { candidate: scores({ brier: 0.2 }) }])
      expect(judged(by(0.02), { of })).toMatchObject({
        passed: false,
        message: 'auc could not be measured, so nothing is proved',
      })
  })
})

describe('no worse than production', () => {
  const gate: Gate = { kind: 'not-worse', metric: 'auc', within: 0.01 }

  it('passes while nothing is in production', () => {
    expect(judged(gate)).toMatchObject({ passed: true, message: 'nothing is in production yet' })
  })

  it('fails when worse by more than allowed and by more than noise, and names the version', () => {
    const of = { production: against(0.72), differences: { auc: difference(-0.02, -0.03, -0.01) } }
    expect(judged(gate, { of })).toEqual({
      gate: 'no worse than production on auc',
      passed: false,
      message:
        'auc is 0.7000, that of m@3 0.7200 (difference −0.0200, 95 % from −0.0300 to −0.0100): worse by 0.0200 where 0.01 is allowed, 0.01 too much',
      segment: null,
      measured: expect.closeTo(0.02, 12),
      bound: 0.01,
    })
  })

  it('passes when noise explains it, when it is within what is allowed, and when it is better', () => {
    const noisy = { production: against(0.72), differences: { auc: difference(-0.02, -0.05, 0) } }
    expect(judged(gate, { of: noisy }).passed).toBe(true)
    const atTheBound = { production: against(0.71), differences: { auc: difference(-0.01, -0.011, -0.009) } }
    expect(judged(gate, { of: atTheBound }).passed).toBe(true)
    const beyond = { production: against(0.7101), differences: { auc: difference(-0.0101, -0.0111, -0.0091) } }
    expect(judged(gate, { of: beyond })).toMatchObject({
      passed: false,
      message: expect.stringContaining('0.0001 too much'),
    })
    const better = { production: against(0.6), differences: { auc: difference(0.1, 0.09, 0.11) } }
    expect(judged(gate, { of: better })).toMatchObject({ passed: true, measured: expect.closeTo(-0.1, 12) })
  })

  it('turns round for a loss', () => {
    const loss: Gate = { kind: 'not-worse', metric: 'log_loss', within: 0.01 }
    const of = (low: number, high: number) => ({
      production: against(0.45, 'log_loss'),
      differences: { log_loss: difference(0.05, low, high) },
    })
    expect(judged(loss, { of: of(0.04, 0.06) }).passed).toBe(false)
    expect(judged(loss, { of: of(-0.01, 0.11) }).passed).toBe(true)
  })

  it('is not excused by noise that nobody could measure', () => {
    const unknown = (value: number) => ({
      production: against(value),
      differences: { auc: difference(0.7 - value, null, null) },
    })
    expect(judged(gate, { of: unknown(0.72) })).toMatchObject({
      passed: false,
      message: expect.stringContaining('95 % from unknown to unknown'),
    })
    expect(judged(gate, { of: unknown(0.705) }).passed).toBe(true)
  })

  it('proves nothing without the metric on either side', () => {
    for (const of of [
      { production: against(0.7, 'brier') },
      { production: against(0.7) },
      { production: against(0.7), candidate: {}, differences: { auc: difference(0, 0, 0) } },
    ])
      expect(judged(gate, { of }).message).toBe('auc could not be measured, so nothing is proved')
  })
})

describe('no part worse', () => {
  const gate: Gate = { kind: 'segment', segment: 'region', metric: 'auc', within: 0.03, minRows: 200 }
  const part = (rows: number, candidate: number, production: number | null, baseline = 0.5) => ({
    rows,
    candidate: scores({ auc: candidate }),
    baseline: scores({ auc: baseline }),
    production: production === null ? null : scores({ auc: production }),
  })
  const regions = (parts: Evaluation['segments'][string], production = true): Partial<Evaluation> => ({
    segments: { region: parts },
    production: production ? against(0.7) : null,
  })

  it('names the worst part, and by how much', () => {
    const of = regions({ east: part(400, 0.6, 0.7), north: part(400, 0.5, 0.65), west: part(500, 0.8, 0.7) })
    expect(judged(gate, { of })).toEqual({
      gate: 'no part of region worse on auc',
      passed: false,
      message:
        'worst is region = north: auc 0.5000 beside 0.6500 of m@3, worse by 0.1500 where 0.03 is allowed, 0.12 too much',
      segment: 'region = north',
      measured: expect.closeTo(0.15, 12),
      bound: 0.03,
    })
  })

  it('passes exactly at the bound and names the worst part all the same', () => {
    const of = regions({ east: part(400, 0.67, 0.7), west: part(400, 0.7, 0.7) })
    expect(judged(gate, { of })).toMatchObject({ passed: true, segment: 'region = east' })
    expect(judged(gate, { of: regions({ east: part(400, 0.669, 0.7) }) }).passed).toBe(false)
  })

  it('does not judge by parts with too few rows', () => {
    const of = regions({ east: part(199, 0.1, 0.9), west: part(200, 0.7, 0.7) })
    expect(judged(gate, { of })).toMatchObject({ passed: true, segment: 'region = west' })
    expect(judged(gate, { of: regions({ east: part(199, 0.9, 0.1) }) })).toMatchObject({
      passed: false,
      message: 'auc by region could not be measured, so nothing is proved',
    })
  })

  it('holds parts against the baseline while nothing is in production', () => {
    const of = regions({ east: part(400, 0.5, null, 0.6) }, false)
    expect(judged(gate, { of })).toMatchObject({
      passed: false,
      message: expect.stringContaining('region = east: auc 0.5000 beside 0.6000 of the baseline'),
    })
  })

  it('proves nothing of a segment that was not measured', () => {
    expect(judged(gate).passed).toBe(false)
    const unmeasured = regions({ east: { ...part(400, 0.5, 0.6), production: {} } })
    expect(judged(gate, { of: unmeasured }).passed).toBe(false)
  })
})

describe('bounds of single figures', () => {
  it('calibration', () => {
    const gate: Gate = { kind: 'calibration', maxError: 0.05 }
    const error = (error: number) => ({ of: { calibration: { error, bins: [] } } })
    expect(judged(gate, error(0.05)).passed).toBe(true)
    expect(judged(gate, error(0.06))).toMatchObject({
      passed: false,
      gate: 'calibrated within 0.05',
      message: 'the expected calibration error is 0.0600 where 0.05 is allowed, 0.01 too much',
    })
    expect(judged(gate).message).toBe('calibration could not be measured, so nothing is proved')
    expect(judged(gate, error(Number.NaN)).passed).toBe(false)
  })

  it('at least and at most', () => {
    const least: Gate = { kind: 'at-least', metric: 'auc', value: 0.7 }
    const most: Gate = { kind: 'at-most', metric: 'log_loss', value: 0.5 }
    expect([judged(least).passed, judged(most).passed]).toEqual([true, true])
    const of = { candidate: scores({ auc: 0.69, log_loss: 0.52 }) }
    expect(judged(least, { of })).toMatchObject({ passed: false, message: 'auc is 0.6900, 0.01 too little' })
    expect(judged(most, { of })).toMatchObject({ passed: false, message: 'log_loss is 0.5200, 0.02 too much' })
    expect(judged(least, { of: { candidate: {} } }).passed).toBe(false)
  })
})

describe('on the prediction service', () => {
  const latency: Gate = { kind: 'latency', p99Ms: 10 }
  const signature: Gate = { kind: 'signature' }

  it('latency: of a hundred requests the slowest decides, of two hundred the second slowest', () => {
    const ninetyNine = new Array(99).fill(10)
    expect(judged(latency, { on: slot({ latenciesMs: [...ninetyNine, 10] }) }).passed).toBe(true)
    expect(judged(latency, { on: slot({ latenciesMs: [90, ...ninetyNine] }) })).toMatchObject({
      passed: false,
      measured: 90,
      message: 'p99 of 100 requests to the prediction service is 90.00 ms, 80 ms too much',
    })
    expect(judged(latency, { on: slot({ latenciesMs: [90, ...new Array(199).fill(10)] }) }).passed).toBe(true)
    expect(judged(latency, { on: slot({ latenciesMs: [] }) }).passed).toBe(false)
  })

  it('signature: golden rows to a millionth, and a wrong type refused', () => {
    expect(judged(signature, { on: slot({ goldenDifference: 1e-6 }) }).passed).toBe(true)
    expect(judged(signature, { on: slot({ goldenDifference: 1.1e-6 }) })).toMatchObject({
      passed: false,
      message: '20 golden rows differ by 1.1e-6 at most',
    })
    expect(judged(signature, { on: slot({ goldenRows: 0 }) }).passed).toBe(false)
    expect(judged(signature, { on: slot({ goldenDifference: Number.NaN }) }).passed).toBe(false)
    expect(judged(signature, { on: slot({ refusesWrongType: false }) }).message).toContain('wrong type')
  })

  it('fails where there is none, and says what went wrong', () => {
    for (const gate of [latency, signature]) {
      expect(judged(gate)).toMatchObject({ passed: false, message: expect.stringContaining('no prediction service') })
      expect(judged(gate, { on: slot({ fault: 'it fell over' }) })).toMatchObject({
        passed: false,
        message: 'it fell over',
      })
    }
  })
})

it('judges by every gate, in their order, also after one that failed', () => {
  const gates: Gate[] = [
    { kind: 'at-least', metric: 'auc', value: 0.9 },
    { kind: 'at-least', metric: 'auc', value: 0.1 },
    { kind: 'at-most', metric: 'log_loss', value: 0.1 },
  ]
  const verdicts = judgeAll({ gates, task: 'binary' }, { evaluation: evaluation(), slot: null })
  expect(verdicts.map(({ passed }) => passed)).toEqual([false, true, false])
})
