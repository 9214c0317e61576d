import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { endpointSchema } from '../../contract/definition.ts'
import { checkRollout, type StepFigures } from './rollout-check.ts'

const hour = 3_600_000
const rollout = endpointSchema.parse({
  name: 'e',
  model: 'm',
  rollout: {
    steps: [0.1, 1],
    holdMs: 6 * hour,
    minAnswers: 100,
    maxErrorShare: 0.02,
    maxLatencyRatio: 2,
    maxScoreShift: 0.1,
  },
}).rollout
const random = seededRandom(3)
const figures = ({
  answers = 200,
  errors = 0,
  latency = 1000,
  score = 0.3,
  spread = 0.1,
  scored = answers,
}: {
  answers?: number
  errors?: number
  latency?: number
  score?: number
  spread?: number
  scored?: number
} = {}): StepFigures => ({
  answers,
  errors,
  latencyUs: Array.from({ length: answers }, () => latency),
  scores: Array.from({ length: scored }, (_, at) => score + (at % 2 === 0 ? spread : -spread)),
})
const check = (canary: StepFigures, primary = figures(), heldMs = 6 * hour) =>
  checkRollout(rollout, canary, primary, heldMs)

it('goes on after the time and the answers that were asked for, and says by what', () => {
  expect(check(figures())).toEqual({ action: 'advance', because: '200 answers in 6.0 h, 0 errors, p95 1.00 ms' })
  expect(check(figures(), figures(), 6 * hour - 1)).toEqual({
    action: 'wait',
    because: 'the step has not been held long enough',
  })
  expect(check(figures({ answers: 99 }))).toEqual({ action: 'wait', because: '99 answers of 100' })
  expect(check(figures({ answers: 100 })).action).toBe('advance')
  const anything = { ...rollout, holdMs: 0, minAnswers: 0 }
  expect(checkRollout(anything, figures({ answers: 0 }), figures(), 0).because).toBe('0 answers in 0.0 h, 0 errors')
})

describe('errors', () => {
  it('send it back at once, beyond the bound, from the third on', () => {
    expect(check(figures({ answers: 5, errors: 3 }), figures(), 0)).toEqual({
      action: 'roll-back',
      because: '3 of 5 answers failed, the bound is 2 %',
    })
    expect(check(figures({ answers: 5, errors: 2 })).action).toBe('wait')
    expect(check(figures({ answers: 200, errors: 4 })).action).toBe('advance')
    expect(check(figures({ answers: 200, errors: 5 })).action).toBe('roll-back')
  })
})

describe('latency', () => {
  it('sends it back beyond the ratio, where it is also half a millisecond slower', () => {
    expect(check(figures({ latency: 2001 }))).toEqual({
      action: 'roll-back',
      because: 'its p95 latency is 2.00 ms beside 1.00 ms, the bound is 2 times',
    })
    expect(check(figures({ latency: 2000 })).action).toBe('advance')
    expect(check(figures({ latency: 600 }), figures({ latency: 100 })).action).toBe('advance')
    expect(check(figures({ latency: 601 }), figures({ latency: 100 })).action).toBe('roll-back')
  })

  it('is not judged by fewer than thirty answers on either side, and not by a few slow ones', () => {
    expect(check(figures({ answers: 29, latency: 50_000 })).action).toBe('wait')
    expect(check(figures({ latency: 50_000 }), figures({ answers: 29 })).action).toBe('advance')
    const canary = figures()
    canary.latencyUs.fill(50_000, 0, 9)
    expect(check(canary).action).toBe('advance')
    canary.latencyUs.fill(50_000, 0, 11)
    expect(check(canary).action).toBe('roll-back')
  })
})

describe('scores', () => {
  it('send it back when their mean moves beyond the bound, either way', () => {
    expect(check(figures({ score: 0.41 }))).toEqual({
      action: 'roll-back',
      because: "its mean score is +0.110 away from the old version's, the bound is 0.1",
    })
    expect(check(figures({ score: 0.19 })).because).toContain('-0.110 away')
    expect(check(figures({ score: 0.39 })).action).toBe('advance')
  })

  it('may differ as much as chance makes them, and are not judged by a few', () => {
    expect(check(figures({ score: 0.45, spread: 3 }), figures({ spread: 3 })).action).toBe('advance')
    expect(check(figures({ score: 0.9, scored: 29 })).action).toBe('advance')
    expect(check(figures({ score: 0.9 }), figures({ scored: 29 })).action).toBe('advance')
  })

  it('drawn alike hardly ever send it back', () => {
    const drawn = (count: number): StepFigures => ({
      ...figures({ answers: count }),
      scores: Array.from({ length: count }, random),
    })
    let back = 0
    for (let round = 0; round < 2000; round += 1) if (check(drawn(40), drawn(40)).action === 'roll-back') back += 1
    expect(back).toBeLessThan(5)
  })
})

it('never goes on before its time, whatever the figures; more errors never help', () => {
  const any = fc.record({
    answers: fc.nat(400),
    latency: fc.nat(5000),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(any, any, fc.nat(50), fc.nat(12), (canary, primary, errors, hours) => {
      const failing = Math.min(errors, canary.answers)
      const verdict = check(figures({ ...canary, errors: failing }), figures(primary), hours * hour)
      if (hours < 6 || canary.answers < 100) expect(verdict.action).not.toBe('advance')
      if (verdict.action === 'roll-back' && failing < canary.answers)
        expect(check(figures({ ...canary, errors: failing + 1 }), figures(primary), hours * hour).action).toBe(
          'roll-back',
        )
    }),
  )
})
