import type { CiReport, ModelFacts } from '../../../contract/ci.ts'
import { metricNamed } from '../../../stats/metrics.ts'

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
}

export interface ModelComparison {
  model: string
  isSame: boolean
  metrics: { metric: string; before: number; after: number; better: boolean | null }[]
  inputsAdded: string[]
  inputsRemoved: string[]
  /** Over rows that both had; the first is all of them. */
  predictions: SegmentShift[]
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

/** @param tasks of the models, to tell better from worse. */
export function compareReports(
  before: CiReport,
  after: CiReport,
  against: string,
  tasks: ReadonlyMap<string, 'binary' | 'multiclass' | 'regression'>,
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
      return known ? [compareModels(known, model, tasks.get(model.model))] : []
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
  task: 'binary' | 'multiclass' | 'regression' | undefined,
): ModelComparison {
  const metrics = Object.entries(after.metrics).flatMap(([metric, figure]) => {
    const earlier = before.metrics[metric]
    if (!earlier) return []
    const direction = task ? metricNamed(task, metric)?.direction : undefined
    const difference = figure.value - earlier.value
    const better = difference === 0 || !direction ? null : direction === 'higher' ? difference > 0 : difference < 0
    return [{ metric, before: earlier.value, after: figure.value, better }]
  })
  return {
    model: after.model,
    isSame: before.modelHash === after.modelHash,
    metrics,
    inputsAdded: after.inputs.filter((name) => !before.inputs.includes(name)),
    inputsRemoved: before.inputs.filter((name) => !after.inputs.includes(name)),
    predictions: shifts(before, after),
    bytes: { before: before.bytes, after: after.bytes },
    trainedRows: { before: before.trainedRows, after: after.trainedRows },
  }
}

const firstOf = (score: number | number[]): number => (Array.isArray(score) ? Math.max(...score) : score)

/** Predictions of both on the same rows, by segment. */
function shifts(before: ModelFacts, after: ModelFacts): SegmentShift[] {
  const old = new Map(before.rows.map((row) => [row.key, row]))
  const pairs = after.rows.flatMap((row) => {
    const known = old.get(row.key)
    return known ? [{ before: firstOf(known.score), after: firstOf(row.score), segments: row.segments }] : []
  })
  if (pairs.length === 0) return []
  const values = pairs.map((pair) => pair.before)
  const range = Math.max(...values) - Math.min(...values)
  const bound = values.every((value) => value >= 0 && value <= 1) ? movedBy : movedBy * range
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
    }
  })
}
