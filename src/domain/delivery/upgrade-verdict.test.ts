import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CheckReport, CiReport } from '../../contract/ci.ts'
import type { Comparison, ModelComparison } from './reports/comparison.ts'
import { failsAnyway, judgeUpgrade, levelOf, type UpgradeEvidence } from './upgrade-verdict.ts'

const check = (name: CheckReport['check'], outcome: CheckReport['outcome']): CheckReport => ({
  check: name,
  outcome,
  summary: `${name} ${outcome}`,
  findings: [],
  figures: {},
  seconds: 1,
})
const report = (...checks: CheckReport[]): CiReport => ({
  project: 'shop',
  definitionHash: null,
  commit: null,
  branch: null,
  dirty: null,
  millwright: '1.0.0',
  full: false,
  outcome: 'passed',
  checks,
  models: [],
  golden: {},
  seconds: 1,
})
const model = (more: Partial<ModelComparison> = {}): ModelComparison => ({
  model: 'late',
  isSame: false,
  metrics: [],
  inputsAdded: [],
  inputsRemoved: [],
  predictions: [
    { segment: '', part: '', rows: 100, before: 0.2, after: 0.21, moved: 0, differs: 0.125, largest: 0.03 },
    { segment: 'kind', part: 'shoe', rows: 40, before: 0.2, after: 0.2, moved: 0, differs: 0, largest: 0 },
  ],
  relabelled: 0,
  bytes: { before: 1, after: 1 },
  trainedRows: { before: 1, after: 1 },
  ...more,
})
const metric = (name: string, isWorse: boolean, low = -0.06, high = isWorse ? -0.02 : 0.01) => ({
  metric: name,
  before: 0.7,
  after: 0.66,
  better: false,
  paired: { difference: -0.04, low, high, rows: 100, isWorse },
})
const judge = (models: ModelComparison[], more: Partial<UpgradeEvidence> = {}) => {
  const comparison: Comparison = { against: 'x', commit: null, modelsAdded: [], modelsRemoved: [], models, figures: [] }
  const green = report(check('data', 'passed'), check('load', 'passed'))
  return judgeUpgrade({
    before: green,
    after: green,
    comparison,
    answers: [],
    load: [],
    memoryMb: null,
    overBudget: [],
    ...more,
  })
}

describe('the verdict on an upgrade', () => {
  it('has no reason for predictions that change while metrics waver, and tells of them', () => {
    const { reasons, notes, models } = judge([model({ metrics: [metric('auc', false)] })])
    expect(reasons).toEqual([])
    expect(notes).toEqual([
      expect.stringMatching(/"late" is no longer the same bytes.*12\.5 % of 100 .* by 0\.03000 at most/),
    ])
    expect(models[0]!.predictions[1]).toEqual({
      segment: 'kind',
      part: 'shoe',
      rows: 40,
      before: 0.2,
      after: 0.2,
      differs: 0,
      largest: 0,
    })
  })

  it('names a metric that fell beyond its interval, and only tells a calibration error', () => {
    const { reasons } = judge([model({ metrics: [metric('auc', true), metric('ece', true), metric('f1', false)] })])
    expect(reasons).toEqual([
      {
        kind: 'metric',
        what: 'late auc',
        message:
          'auc of "late" fell from 0.7000 to 0.6600, beyond chance: −0.04000 (−0.06000 … −0.02000) on the same 100 rows',
      },
    ])
  })

  it('names checks, outcomes, refused requests and budgets', () => {
    const { reasons, notes } = judge([model({ relabelled: 7 })], {
      before: report(check('data', 'failed'), check('types', 'failed'), check('features', 'passed')),
      after: report(check('data', 'failed'), check('types', 'passed'), check('features', 'failed')),
      answers: [{ endpoint: 'a', asked: 9, refused: 2, differs: 3, largest: 0.1 }],
      overBudget: [{ endpoint: 'a', message: 'the 99th percentile is 9 ms, the budget 5 ms' }],
    })
    expect(reasons.map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      'check data',
      'check features',
      'outcome late',
      'answers a',
      'load a',
    ])
    expect(reasons[0]!.message).toContain('it fails without the upgrade too')
    expect(notes).toContain('the check of types fails without the upgrade, and passes with it')
  })

  it('does not say a missed budget twice, and tells what became slower or larger', () => {
    const speed = { p50Ms: 1, p99Ms: 2, requestsPerSecond: 100 }
    const { reasons, notes } = judge([], {
      after: report(check('load', 'failed')),
      load: [{ endpoint: 'a', before: speed, after: speed, ratio: 1.4 }],
      overBudget: [{ endpoint: 'a', message: 'too slow' }],
      memoryMb: { before: 100, after: 151 },
    })
    expect(reasons.map(({ what }) => what)).toEqual(['load'])
    expect(notes).toEqual(['"a" takes 1.40 times as long to answer', expect.stringContaining('151 MiB')])
  })

  it('blames no upgrade for what fails anyway', () => {
    const reason = (what: string, kind: 'check' | 'metric' = 'check') => ({ kind, what, message: '' })
    const before = report(check('types', 'failed'), check('data', 'passed'))
    expect(failsAnyway(before, [reason('types')])).toBe(true)
    expect(failsAnyway(before, [reason('types'), reason('data')])).toBe(false)
    expect(failsAnyway(before, [reason('types', 'metric')])).toBe(false)
    expect(failsAnyway(null, [reason('types')])).toBe(false)
  })

  it('holds all intervals of a model together: the chances of each to be wrong add up to one in twenty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (metrics) => {
        expect(metrics * (1 - levelOf(metrics))).toBeCloseTo(0.05, 12)
      }),
    )
  })
})
