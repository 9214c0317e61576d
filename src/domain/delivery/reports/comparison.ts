import type { CiReport, ModelFacts } from '../../../contract/ci.ts'
import type { ScoredRows } from '../../../stats/metric-estimate.ts'
import { compare, type Metric, metricNamed } from '../../../stats/metrics.ts'
import type { Task } from '../../../stats/task.ts'

/** A score that moved further than this is counted as moved. */
const movedBy = 0.05

export interface SegmentShift {
  segment: string
  part: string
  rows: number
  before: number
  after: number
  /** Share of the rows whose score moved by more than 0.05 (a regression: by more than that share of the range). */
  moved: number
  /** Share of the rows whose score is another at all, and by how much at most. */
  differs: number
  largest: number
}

/** A metric now minus before, paired row by row on test rows that both had. */
export interface PairedDifference {
  difference: number
  low: number | null
  high: number | null
  rows: number
  /** The whole interval lies on the worse side of 0. */
  isWorse: boolean
}

export interface ModelComparison {
  model: string
  isSame: boolean
  metrics: {
    metric: string
    before: number
    after: number
    better: boolean | null
    /** Null where no row is in both, or the rows cannot tell. */
    paired: PairedDifference | null
  }[]
  inputsAdded: string[]
  inputsRemoved: string[]
  /** Over rows that both had; the first is all of them. */
  predictions: SegmentShift[]
  /** Rows that both had, and whose true outcome is not the same in both. */
  relabelled: number
  bytes: { before: number; after: number }
  trainedRows: { before: number; after: number }
}

/** What a branch changes against the one that it goes to. */
export interface Comparison {
  against: string
  commit: string | null
  modelsAdded: string[]
  modelsRemoved: string[]
  models: ModelComparison[]
  /** Figures of checks that both measured: seconds, requests a second. */
  figures: { name: string; before: number; after: number }[]
}

/**
 * @param tasks of the models, to tell better from worse.
 * @param level that intervals of a metric hold, by how many metrics the model has.
 */
export function compareReports(
  before: CiReport,
  after: CiReport,
  against: string,
  tasks: ReadonlyMap<string, Task>,
  level: (metrics: number) => number = () => 0.95,
): Comparison {
  const old = new Map(before.models.map((model) => [model.model, model]))
  const current = new Map(after.models.map((model) => [model.model, model]))
  const figuresBefore = new Map(before.checks.flatMap(({ figures }) => Object.entries(figures)))
  return {
    against,
    commit: before.commit,
    modelsAdded: [...current.keys()].filter((name) => !old.has(name)),
    modelsRemoved: [...old.keys()].filter((name) => !current.has(name)),
    models: after.models.flatMap((model) => {
      const known = old.get(model.model)
      return known ? [compareModels(known, model, tasks.get(model.model), level)] : []
    }),
    figures: after.checks.flatMap(({ figures }) =>
      Object.entries(figures).flatMap(([name, value]) => {
        const earlier = figuresBefore.get(name)
        return earlier === undefined ? [] : [{ name, before: earlier, after: value }]
      }),
    ),
  }
}

function compareModels(
  before: ModelFacts,
  after: ModelFacts,
  task: Task | undefined,
  level: (metrics: number) => number,
): ModelComparison {
  const pairs = pairsOf(before, after)
  const labelled = pairs.filter(({ was, is }) => was.target === is.target)
  const known = labelled.filter(({ is }) => is.target !== null)
  const names = Object.keys(after.metrics).filter((name) => before.metrics[name])
  const metrics = names.map((metric) => {
    const [from, to] = [before.metrics[metric]!.value, after.metrics[metric]!.value]
    const measure = task ? metricNamed(task, metric) : undefined
    const better = to === from || !measure ? null : measure.direction === 'higher' ? to > from : to < from
    const paired =
      measure && known.length > 1 ? pairedDifference(known, after.threshold, measure, level(names.length)) : null
    return { metric, before: from, after: to, better, paired }
  })
  return {
    model: after.model,
    isSame: before.modelHash === after.modelHash,
    metrics,
    inputsAdded: after.inputs.filter((name) => !before.inputs.includes(name)),
    inputsRemoved: before.inputs.filter((name) => !after.inputs.includes(name)),
    predictions: shifts(pairs),
    relabelled: pairs.length - labelled.length,
    bytes: { before: before.bytes, after: after.bytes },
    trainedRows: { before: before.trainedRows, after: after.trainedRows },
  }
}

function pairedDifference(
  rows: readonly Pair[],
  threshold: number,
  measure: Metric,
  level: number,
): PairedDifference | null {
  const scored: ScoredRows = {
    predictions: rows.flatMap(({ is }) => is.score),
    target: rows.map(({ is }) => is.target!),
    classes: [rows[0]!.is.score].flat().length,
    threshold,
  }
  const old = rows.flatMap(({ was }) => was.score)
  if (old.length !== scored.predictions.length) return null
  const { value, low, high, isWorse } = compare(measure, scored, old, level)
  if (!Number.isFinite(value)) return null
  const finite = (bound: number): number | null => (Number.isFinite(bound) ? bound : null)
  return { difference: value, low: finite(low), high: finite(high), rows: rows.length, isWorse }
}

type Row = ModelFacts['rows'][number]
interface Pair {
  was: Row
  is: Row
}

/** Rows that both had. */
function pairsOf(before: ModelFacts, after: ModelFacts): Pair[] {
  const old = new Map(before.rows.map((row) => [row.key, row]))
  return after.rows.flatMap((is) => {
    const was = old.get(is.key)
    return was ? [{ was, is }] : []
  })
}

const firstOf = (score: number | number[]): number => (Array.isArray(score) ? Math.max(...score) : score)

/** The greatest difference between two scores, of any class. */
function distance({ was, is }: Pair): number {
  const [from, to] = [[was.score].flat(), [is.score].flat()]
  return Math.max(...to.map((score, place) => Math.abs(score - (from[place] ?? 0))))
}

/** Predictions of both on the same rows, by segment. */
function shifts(rows: readonly Pair[]): SegmentShift[] {
  if (rows.length === 0) return []
  const pairs = rows.map((pair) => ({
    before: firstOf(pair.was.score),
    after: firstOf(pair.is.score),
    distance: distance(pair),
    segments: pair.is.segments,
  }))
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { before } of pairs) [least, greatest] = [Math.min(least, before), Math.max(greatest, before)]
  const bound = least >= 0 && greatest <= 1 ? movedBy : movedBy * (greatest - least)
  const parts = new Map<string, typeof pairs>([['\u0000', pairs]])
  for (const pair of pairs) {
    for (const [segment, part] of Object.entries(pair.segments)) {
      if (part === null) continue
      const name = `${segment}\u0000${part}`
      const list = parts.get(name)
      if (list) list.push(pair)
      else parts.set(name, [pair])
    }
  }
  const mean = (list: typeof pairs, of: 'before' | 'after'): number =>
    list.reduce((sum, pair) => sum + pair[of], 0) / list.length
  return [...parts].map(([name, list]) => {
    const [segment, part] = name.split('\u0000') as [string, string]
    return {
      segment,
      part,
      rows: list.length,
      before: mean(list, 'before'),
      after: mean(list, 'after'),
      moved: list.filter((pair) => Math.abs(pair.after - pair.before) > bound).length / list.length,
      differs: list.filter((pair) => pair.distance > 0).length / list.length,
      largest: list.reduce((most, pair) => Math.max(most, pair.distance), 0),
    }
  })
}
