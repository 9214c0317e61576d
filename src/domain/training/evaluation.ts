import type { Task } from '../../contract/definition.ts'
import type { Evaluation, Figure, Scores } from '../../contract/model.ts'
import { reliabilityBins } from '../../stats/calibration.ts'
import type { Interval } from '../../stats/intervals.ts'
import type { ScoredRows } from '../../stats/metric-estimate.ts'
import { compare, measure, metricsFor } from '../../stats/metrics.ts'

/** Test rows with what each contender said of them. */
export interface Contest {
  task: Task
  classes: number
  threshold: number
  target: Float64Array
  /** `width` numbers a row: see `ScoredRows`. */
  candidate: ArrayLike<number>
  baseline: ArrayLike<number> | null
  production: { version: string; predictions: ArrayLike<number> } | null
  /** Segment → the part each row belongs to; null belongs to none. */
  segments: Record<string, readonly (string | null)[]>
  from: number
  to: number
}

/** Parts with fewer rows say nothing that could be told from chance. */
const leastRows = 50

const figure = ({ value, low, high }: Interval, rows: number): Figure => ({
  value,
  low: Number.isFinite(low) ? low : null,
  high: Number.isFinite(high) ? high : null,
  rows,
})

/** Every metric of the task over scored rows; one that cannot be told (an AUC without both classes) is left out. */
export function scoresOf(task: Task, rows: ScoredRows): Scores {
  const scores: Scores = {}
  for (const metric of metricsFor(task)) {
    const interval = measure(metric, rows)
    if (Number.isFinite(interval.value)) scores[metric.name] = figure(interval, rows.target.length)
  }
  return scores
}

function taken(values: ArrayLike<number>, rows: readonly number[], width: number): Float64Array {
  const picked = new Float64Array(rows.length * width)
  rows.forEach((row, place) => {
    for (let at = 0; at < width; at += 1) picked[place * width + at] = values[row * width + at]!
  })
  return picked
}

/** Measures a candidate beside the baseline and the model in production: overall and by segment, with 95 % intervals. */
export function evaluate(contest: Contest): Evaluation {
  const { task, target, classes, threshold } = contest
  const width = task === 'multiclass' ? classes : 1
  const rowsOf = (predictions: ArrayLike<number>): ScoredRows => ({ predictions, target, classes, threshold })
  const production = contest.production
  const differences: Scores = {}
  if (production) {
    for (const metric of metricsFor(task)) {
      const difference = compare(metric, rowsOf(contest.candidate), production.predictions)
      if (Number.isFinite(difference.value)) differences[metric.name] = figure(difference, target.length)
    }
  }
  const segments: Evaluation['segments'] = {}
  for (const [segment, parts] of Object.entries(contest.segments)) {
    const byPart = new Map<string, number[]>()
    parts.forEach((part, row) => {
      if (part === null) return
      const rows = byPart.get(part)
      if (rows) rows.push(row)
      else byPart.set(part, [row])
    })
    const measured: Evaluation['segments'][string] = {}
    for (const [part, rows] of [...byPart].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (rows.length < leastRows) continue
      const partOf = (predictions: ArrayLike<number>) =>
        scoresOf(task, {
          predictions: taken(predictions, rows, width),
          target: taken(target, rows, 1),
          classes,
          threshold,
        })
      measured[part] = {
        rows: rows.length,
        candidate: partOf(contest.candidate),
        baseline: contest.baseline ? partOf(contest.baseline) : null,
        production: production ? partOf(production.predictions) : null,
      }
    }
    segments[segment] = measured
  }
  const candidate = scoresOf(task, rowsOf(contest.candidate))
  return {
    rows: target.length,
    from: contest.from,
    to: contest.to,
    candidate,
    baseline: contest.baseline ? scoresOf(task, rowsOf(contest.baseline)) : null,
    production: production
      ? { version: production.version, scores: scoresOf(task, rowsOf(production.predictions)) }
      : null,
    differences,
    segments,
    calibration:
      task === 'binary'
        ? {
            error: candidate.ece?.value ?? Number.NaN,
            bins: reliabilityBins(contest.candidate, target).map(({ meanProbability, observed, rows }) => ({
              score: meanProbability,
              observed,
              rows,
            })),
          }
        : null,
  }
}
