import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { Task } from '../../contract/definition.ts'
import { evaluationSchema, type Scores } from '../../contract/model.ts'
import { type Contest, evaluate } from './evaluation.ts'

interface Golden {
  target: number[]
  candidate: number[]
  baseline: number[]
  production: number[]
  segments: Record<string, (string | null)[]>
  threshold?: number
  expected: {
    candidate: Scores
    baseline: Scores
    production: Scores
    differences: Scores
    segments: Record<string, Record<string, unknown>>
    calibration?: unknown
  }
}
// Made by test/golden/evaluation.py with scikit-learn and scipy.
const golden: Record<Task, Golden> = JSON.parse(
  readFileSync(new URL('../../../test/golden/evaluation.json', import.meta.url), 'utf8'),
)

const contest = (task: Task, more: Partial<Contest> = {}): Contest => {
  const { target, candidate, baseline, production, segments, threshold = 0.5 } = golden[task]
  return {
    task,
    classes: task === 'multiclass' ? 3 : 2,
    threshold,
    target: Float64Array.from(target),
    candidate,
    baseline,
    production: { version: 'm@1', predictions: production },
    segments,
    from: 1,
    to: 2,
    ...more,
  }
}

/** The same with every number within 1e-9. */
const nearly = (value: unknown): unknown =>
  typeof value === 'number'
    ? expect.closeTo(value, 9)
    : Array.isArray(value)
      ? value.map(nearly)
      : value !== null && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, nearly(each)]))
        : value

it.each(['binary', 'multiclass', 'regression'] as const)(
  'measures %s as scikit-learn and scipy do: overall, by segment, with intervals and paired differences',
  (task) => {
    const { expected } = golden[task]
    const found = evaluate(contest(task))
    expect(found.candidate).toEqual(nearly(expected.candidate))
    expect(found.baseline).toEqual(nearly(expected.baseline))
    expect(found.production).toEqual({ version: 'm@1', scores: nearly(expected.production) })
    expect(found.differences).toEqual(nearly(expected.differences))
    expect(found.segments).toEqual(nearly(expected.segments))
    expect(found.calibration).toEqual(task === 'binary' ? nearly(expected.calibration) : null)
    expect(Object.keys(expected.segments.region!)).toEqual(['east', 'west'])
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found)
  },
)

it('says nothing of a model that is not there', () => {
  const found = evaluate(contest('binary', { baseline: null, production: null }))
  expect([found.baseline, found.production, found.differences]).toEqual([null, null, {}])
  const { east } = found.segments.region!
  expect([east!.baseline, east!.production]).toEqual([null, null])
  expect(found.candidate).toEqual(evaluate(contest('binary')).candidate)
})

it('leaves out what cannot be told: an AUC without both classes, the precision of nothing', () => {
  const rows = 60
  const found = evaluate(
    contest('binary', {
      target: new Float64Array(rows),
      candidate: new Float64Array(rows).fill(0.1),
      baseline: null,
      production: { version: 'm@1', predictions: new Float64Array(rows).fill(0.2) },
      segments: { half: Array.from({ length: rows }, (_, row) => (row < 49 ? 'less' : 'rest')) },
    }),
  )
  expect(Object.keys(found.candidate).sort()).toEqual(['accuracy', 'brier', 'ece', 'log_loss'])
  expect(found.differences.auc).toBeUndefined()
  expect(found.differences.brier!.value).toBeCloseTo(0.01 - 0.04, 12)
  // 49 rows and 11 rows: both under the fifty from which a part is measured.
  expect(found.segments).toEqual({ half: {} })
})

it('has no interval, rather than a wrong one, where one row of a class does not tell the spread', () => {
  const target = new Float64Array(100)
  target[3] = 1
  const random = seededRandom(5)
  const { candidate } = evaluate(
    contest('binary', {
      target,
      candidate: Float64Array.from(target, () => random()),
      baseline: null,
      production: null,
      segments: {},
    }),
  )
  expect(candidate.auc!.value).toBeGreaterThanOrEqual(0)
  expect([candidate.auc!.low, candidate.auc!.high]).toEqual([null, null])
})

it('is the same in whatever order the rows come', () => {
  const random = seededRandom(11)
  const { target, candidate, baseline, production, segments } = golden.multiclass
  const order = target.map((_, row) => row)
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1))
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
  const mixed = (values: number[]) => order.flatMap((row) => values.slice(row * 3, row * 3 + 3))
  const found = evaluate(
    contest('multiclass', {
      target: Float64Array.from(order, (row) => target[row]!),
      candidate: mixed(candidate),
      baseline: mixed(baseline),
      production: { version: 'm@1', predictions: mixed(production) },
      segments: { region: order.map((row) => segments.region![row]!) },
    }),
  )
  expect(found).toEqual(nearly(evaluate(contest('multiclass'))))
})
