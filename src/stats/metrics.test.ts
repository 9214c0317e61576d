import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { bootstrapInterval } from './intervals.ts'
import { aucEstimate, type ScoredRows } from './metric-estimate.ts'
import { compare, measure, metricNamed, metricsFor } from './metrics.ts'
import { auc } from './metrics-binary.ts'
import { tasks } from './task.ts'

const logistic = (score: number) => 1 / (1 + Math.exp(-score))

/** Rows whose label follows the logistic of a normal score, and two noisy views of that score. */
function scoredRows(task: (typeof tasks)[number], count: number, seed: number, noise: [number, number] = [0.5, 0.5]) {
  const random = seededRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const views: [number[], number[]] = [[], []]
  const target: number[] = []
  for (let row = 0; row < count; row += 1) {
    const scores = [normal(), normal(), normal()]
    if (task === 'regression') {
      target.push(scores[0]! + normal())
      for (const index of [0, 1] as const) views[index].push(scores[0]! + noise[index] * normal())
    } else if (task === 'binary') {
      target.push(random() < logistic(scores[0]!) ? 1 : 0)
      for (const index of [0, 1] as const) views[index].push(logistic(scores[0]! + noise[index] * normal()))
    } else {
      const gumbel = scores.map((score) => score - Math.log(-Math.log(random())))
      target.push(gumbel.indexOf(Math.max(...gumbel)))
      views.forEach((view, index) => {
        const powers = scores.map((score) => Math.exp(score + noise[index]! * normal()))
        const sum = powers.reduce((a, b) => a + b)
        view.push(...powers.map((power) => power / sum))
      })
    }
  }
  const rows: ScoredRows = { predictions: views[0], target, classes: 3 }
  return { rows, other: views[1] }
}

const rowCount = 500
const everyMetric = tasks.flatMap((task) => metricsFor(task).map((metric) => ({ task, metric, name: metric.name })))

describe.each(everyMetric)('$task $name', ({ task, metric }) => {
  it('has an interval and a paired difference that agree with the bootstrap', () => {
    const { rows, other } = scoredRows(task, rowCount, 3)
    const width = task === 'multiclass' ? 3 : 1
    const drawn = (values: ArrayLike<number>, at: Uint32Array, numbers: number) =>
      Float64Array.from({ length: at.length * numbers }, (_, index) => {
        return values[at[Math.floor(index / numbers)]! * numbers + (index % numbers)]!
      })
    const value = (predictions: ArrayLike<number>, at: Uint32Array) =>
      metric.estimate({ ...rows, predictions: drawn(predictions, at, width), target: drawn(rows.target, at, 1) }).value
    const options = { seed: 1, replicates: 250 }
    const single = bootstrapInterval(rowCount, (at) => value(rows.predictions, at), options)
    const interval = measure(metric, rows)
    expect((interval.high - interval.low) / (single.high - single.low)).toBeGreaterThan(0.75)
    expect((interval.high - interval.low) / (single.high - single.low)).toBeLessThan(1.35)
    const paired = bootstrapInterval(rowCount, (at) => value(rows.predictions, at) - value(other, at), options)
    const difference = compare(metric, rows, other)
    expect(difference.value).toBeCloseTo(paired.value, 10)
    expect((difference.high - difference.low) / (paired.high - paired.low)).toBeGreaterThan(0.75)
    expect((difference.high - difference.low) / (paired.high - paired.low)).toBeLessThan(1.35)
  })

  it('influences have mean zero', () => {
    const { influences } = metric.estimate(scoredRows(task, 400, 5).rows)
    expect(influences.reduce((sum, influence) => sum + influence, 0) / 400).toBeCloseTo(0, 10)
  })
})

describe('comparing two models', () => {
  it('finds a model with more noise worse, itself never', () => {
    for (const { task, metric } of everyMetric.filter(({ name }) =>
      ['auc', 'log_loss', 'rmse', 'macro_f1'].includes(name),
    )) {
      const { rows, other } = scoredRows(task, 4000, 7, [1.5, 0])
      expect(compare(metric, rows, other)).toMatchObject({ isWorse: true, isBetter: false })
      expect(compare(metric, { ...rows, predictions: other }, rows.predictions)).toMatchObject({ isBetter: true })
      expect(compare(metric, rows, rows.predictions)).toMatchObject({ value: 0, p: 1, isWorse: false, isBetter: false })
    }
  })

  it('calls equal models different in about one of twenty comparisons', () => {
    const metric = metricNamed('binary', 'auc')!
    let alarms = 0
    for (let seed = 0; seed < 400; seed += 1) {
      const { rows, other } = scoredRows('binary', 250, seed)
      if (compare(metric, rows, other).p < 0.05) alarms += 1
    }
    expect(alarms / 400).toBeGreaterThan(0.02)
    expect(alarms / 400).toBeLessThan(0.09)
  })
})

describe('AUC', () => {
  it('equals the pairs won, ties counting half', () => {
    const { rows } = scoredRows('binary', 120, 9)
    const scores = Array.from(rows.predictions, (value) => Math.round(value * 10))
    let wins = 0
    let pairs = 0
    for (let a = 0; a < 120; a += 1) {
      for (let b = 0; b < 120; b += 1) {
        if (rows.target[a] !== 1 || rows.target[b] !== 0) continue
        pairs += 1
        wins += scores[a]! > scores[b]! ? 1 : scores[a] === scores[b] ? 0.5 : 0
      }
    }
    expect(auc(scores, rows.target)).toBeCloseTo(wins / pairs, 12)
    expect(aucEstimate({ predictions: scores, target: rows.target }).value).toBeCloseTo(wins / pairs, 12)
  })

  it('is NaN, not a number someone could gate by, when a class is absent', () => {
    expect(auc([0.1, 0.2], [1, 1])).toBeNaN()
  })

  it('takes a million rows in seconds', () => {
    const random = seededRandom(1)
    const predictions = Float64Array.from({ length: 1_000_000 }, random)
    const target = Float64Array.from({ length: 1_000_000 }, () => (random() < 0.2 ? 1 : 0))
    const started = performance.now()
    const interval = measure(metricNamed('binary', 'auc')!, { predictions, target })
    expect(performance.now() - started).toBeLessThan(5000)
    expect(interval.low).toBeLessThan(0.5)
    expect(interval.high).toBeGreaterThan(0.5)
  })
})
