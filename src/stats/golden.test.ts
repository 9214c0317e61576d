import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectedCalibrationError, fitIsotonic, isotonicValue } from './calibration.ts'
import { aucDifference, aucInterval } from './delong.ts'
import {
  hellinger,
  jsDistance,
  jsDivergence,
  klDivergence,
  ksStatistic,
  lInfinity,
  normalisedWasserstein,
  psi,
  wasserstein,
} from './distances.ts'
import { doaneBins, equalWidthEdges, histogramOf, sturgesBins } from './histogram.ts'
import { chiSquareTest, ksTest, twoProportionTest, welchTest } from './hypothesis.ts'
import { meanInterval, normalHalfWidth, wilsonInterval } from './intervals.ts'
import { compare, measure, metricNamed } from './metrics.ts'
import { auc, brier, confusionAt, logLoss, logLossOf, thresholdMetrics } from './metrics-binary.ts'
import { confusionMatrix, macroAuc, macroF1, multiclassAccuracy, multiclassLogLoss } from './metrics-multiclass.ts'
import { mae, r2, rmse } from './metrics-regression.ts'
import { summariseNumbers } from './summary.ts'
import type { Task } from './task.ts'

// Made by test/golden/stats.py with numpy, scipy and scikit-learn.
const golden = JSON.parse(readFileSync(new URL('../../test/golden/stats.json', import.meta.url), 'utf8'))

type CountsCase = { reference: number[]; current: number[] } & Record<
  'psi' | 'kl' | 'jsDistance' | 'jsDistanceBase2' | 'hellinger' | 'lInfinity' | 'chiSquareP',
  number
>
type SampleCase = {
  name: string
  reference: number[]
  current: number[]
  counts: number[]
  quantiles: number[]
} & Record<
  | 'ks'
  | 'ksP'
  | 'wasserstein'
  | 'normalisedWasserstein'
  | 'welch'
  | 'welchP'
  | 'sturges'
  | 'doane'
  | 'mean'
  | 'deviation',
  number
>

const measured = (task: Task, name: string, rows: Parameters<typeof measure>[1]) =>
  measure(metricNamed(task, name)!, rows)

describe('against scikit-learn', () => {
  const { labels, probabilities, other, ...binary } = golden.binary

  it('binary metrics', () => {
    expect(auc(probabilities, labels)).toBeCloseTo(binary.auc, 12)
    expect(logLoss(probabilities, labels)).toBeCloseTo(binary.log_loss, 12)
    expect(brier(probabilities, labels)).toBeCloseTo(binary.brier, 12)
    const confusion = confusionAt(probabilities, labels, 0.5)
    expect(confusion).toEqual(binary.confusion)
    for (const [name, value] of Object.entries(thresholdMetrics(confusion))) {
      expect(value).toBeCloseTo(binary[name], 12)
      expect(measured('binary', name, { predictions: probabilities, target: labels }).value).toBeCloseTo(value, 12)
    }
  })

  it('DeLong: variance of an AUC, and the difference of two', () => {
    const half = normalHalfWidth(0.95)
    for (const interval of [
      aucInterval(probabilities, labels),
      measured('binary', 'auc', { predictions: probabilities, target: labels }),
    ]) {
      expect((interval.high - interval.low) / 2).toBeCloseTo(half * binary.delong.deviation, 10)
    }
    for (const difference of [
      aucDifference(probabilities, other, labels),
      compare(metricNamed('binary', 'auc')!, { predictions: probabilities, target: labels }, other),
    ]) {
      expect(difference.value).toBeCloseTo(binary.delong.difference, 12)
      expect((difference.high - difference.low) / 2).toBeCloseTo(half * binary.delong.differenceDeviation, 10)
      expect(difference.p).toBeCloseTo(binary.delong.p, 10)
    }
  })

  it('the error of a mean loss', () => {
    const losses = probabilities.map((p: number, row: number) => logLossOf(p, labels[row]))
    const { low, high } = meanInterval(losses)
    expect((high - low) / 2).toBeCloseTo(normalHalfWidth(0.95) * binary.logLossError, 12)
  })

  it('isotonic regression', () => {
    const fit = fitIsotonic(probabilities, labels)
    binary.isotonicAt.forEach((x: number, index: number) => {
      expect(isotonicValue(fit, x)).toBeCloseTo(binary.isotonic[index], 10)
    })
    const calibrated = probabilities.map((p: number) => isotonicValue(fit, p))
    expect(expectedCalibrationError(calibrated, labels)).toBeLessThan(1e-12)
  })

  it('multiclass metrics', () => {
    const { labels: target, probabilities: predictions, ...expected } = golden.multiclass
    const matrix = confusionMatrix(predictions, target, 4)
    expect(matrix).toEqual(expected.confusion)
    const direct = {
      accuracy: multiclassAccuracy(matrix),
      macro_f1: macroF1(matrix),
      log_loss: multiclassLogLoss(predictions, target, 4),
      macro_auc: macroAuc(predictions, target, 4),
    }
    for (const [name, value] of Object.entries(direct)) {
      expect(value).toBeCloseTo(expected[name], 12)
      expect(measured('multiclass', name, { predictions, target, classes: 4 }).value).toBeCloseTo(value, 12)
    }
  })

  it('regression metrics', () => {
    const { target, predicted, ...expected } = golden.regression
    for (const [name, value] of Object.entries({
      rmse: rmse(predicted, target),
      mae: mae(predicted, target),
      r2: r2(predicted, target),
    })) {
      expect(value).toBeCloseTo(expected[name], 12)
      expect(measured('regression', name, { predictions: predicted, target }).value).toBeCloseTo(value, 12)
    }
  })
})

describe('against scipy and numpy', () => {
  it.each(golden.counts as CountsCase[])('distances of counts $reference and $current', (expected) => {
    const { reference, current } = expected
    expect(psi(reference, current)).toBeCloseTo(expected.psi, 10)
    expect(klDivergence(reference, current)).toBeCloseTo(expected.kl, 10)
    expect(jsDistance(reference, current)).toBeCloseTo(expected.jsDistance, 10)
    expect(jsDistance(reference, current, { base: 2 })).toBeCloseTo(expected.jsDistanceBase2, 10)
    expect(jsDivergence(reference, current, { base: 2 })).toBeCloseTo(expected.jsDistanceBase2 ** 2, 10)
    expect(hellinger(reference, current)).toBeCloseTo(expected.hellinger, 10)
    expect(lInfinity(reference, current)).toBeCloseTo(expected.lInfinity, 12)
    expect(chiSquareTest(reference, current).p).toBeCloseTo(expected.chiSquareP, 10)
  })

  it("Evidently's documented example", () => {
    const { reference, current } = golden.counts[0]
    expect(chiSquareTest(reference, current).p).toBeCloseTo(0.67309, 5)
    expect(hellinger(reference, current)).toBeCloseTo(0.068128, 6)
  })

  it.each(golden.samples as SampleCase[])('samples: $name', ({ reference, current, ...values }) => {
    expect(ksStatistic(reference, current)).toBeCloseTo(values.ks, 12)
    expect(ksTest(reference, current).p).toBeCloseTo(values.ksP, 9)
    expect(wasserstein(reference, current)).toBeCloseTo(values.wasserstein, 10)
    expect(normalisedWasserstein(reference, current)).toBeCloseTo(values.normalisedWasserstein, 10)
    expect(welchTest(reference, current).statistic).toBeCloseTo(values.welch, 9)
    expect(welchTest(reference, current).p).toBeCloseTo(values.welchP, 9)
    expect(sturgesBins(reference.length)).toBe(values.sturges)
    expect(doaneBins(reference)).toBe(values.doane)
    const summary = summariseNumbers(reference, [0, 0.1, 0.5, 0.77, 1])
    expect(summary.mean).toBeCloseTo(values.mean, 12)
    expect(summary.deviation).toBeCloseTo(values.deviation, 12)
    summary.quantiles.forEach(({ value }, index) => {
      expect(value).toBeCloseTo(values.quantiles[index]!, 12)
    })
    expect(histogramOf(reference, equalWidthEdges(summary.min, summary.max, 7)).counts).toEqual(values.counts)
  })

  it('the limit of Kolmogorov beyond exact sizes', () => {
    // The same samples five times over have the same D: only the sizes grow, past what is counted exactly.
    const times = (values: number[]) => Array.from({ length: 5 }, () => values).flat()
    for (const { reference, current, limitPFor5 } of golden.samples.slice(0, 2)) {
      expect(ksTest(times(reference), times(current)).p / limitPFor5).toBeCloseTo(1, 10)
    }
  })

  it.each(golden.proportions as { counts: [number, number, number, number]; z: number; p: number }[])(
    'two proportions $counts',
    ({ counts, z, p }) => {
      const [s1, n1, s2, n2] = counts
      const test = twoProportionTest({ successes: s1, trials: n1 }, { successes: s2, trials: n2 })
      expect(test.statistic).toBeCloseTo(z, 12)
      expect(test.p).toBeCloseTo(p, 12)
    },
  )

  it.each(golden.wilson as { successes: number; trials: number; low: number; high: number }[])(
    'Wilson $successes of $trials',
    ({ successes, trials, low, high }) => {
      const interval = wilsonInterval(successes, trials)
      expect(interval.low).toBeCloseTo(low, 10)
      expect(interval.high).toBeCloseTo(high, 10)
    },
  )
})
