import type { MonitorDefinition, Task } from '../../contract/definition.ts'
import type { Figure, ModelVersionRecord } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import type { Reference } from '../../contract/training.ts'
import { meanInterval, sortedQuantile, wilsonInterval } from '../../stats/intervals.ts'
import { scoresOf } from '../training/evaluation.ts'
import { chanceDistance, countsOn, driftOf, type ReferenceColumn } from '../training/reference.ts'
import { isScoreColumn, scoreColumn } from './score-columns.ts'

/** The predictions of one version in one role within a period. */
export interface PeriodRows {
  version: ModelVersionRecord
  role: string
  records: readonly PredictionRecord[]
}

export interface PeriodMeasured {
  figures: Record<string, Figure>
  broken: Record<string, number>
  /** What figures are held against, broken or not; those without a bound are left out. */
  bounds: Record<string, number>
  labelled: number
}

const defaultDrift = 0.2
/** Share of the inputs that were not known. */
const mostMissing = 0.5
/** Fewer labels say little. */
const leastLabels = 100

const plain = (value: number, rows: number): Figure => ({ value, low: null, high: null, rows })

/** The values of an input, or of the score. */
export const valuesOf = (records: readonly PredictionRecord[], name: string): (number | string | null)[] =>
  records.map((record) => (isScoreColumn(name) ? scoreColumn(record, name) : (record.inputs[name] ?? null)))

/** Beyond it a distance breaks: the threshold, or twice what chance alone brings about. */
export const driftBound = (
  monitor: Pick<MonitorDefinition, 'threshold'> | undefined,
  column: ReferenceColumn,
  rows: number,
): number => Math.max(monitor?.threshold ?? defaultDrift, 2 * chanceDistance(column, rows))

/** Distances of every input and of the score from what they were in training. One breaks only when chance does not explain it either. */
export function measureDrift(
  monitor: MonitorDefinition,
  { records }: PeriodRows,
  reference: Reference,
): PeriodMeasured {
  const figures: Record<string, Figure> = {}
  const broken: Record<string, number> = {}
  const bounds: Record<string, number> = {}
  for (const column of reference.columns) {
    const values = valuesOf(records, column.name)
    const distance = driftOf(column, countsOn(column, values))
    figures[column.name] = plain(distance, values.length)
    const bound = driftBound(monitor, column, values.length)
    bounds[column.name] = bound
    if (distance > bound) broken[column.name] = bound
  }
  return { figures, broken, bounds, labelled: 0 }
}

/**
 * Metrics of the answers whose labels have arrived. The metric of the monitor breaks when even the favourable end of its interval is worse than the model's own test
 * result by more than the threshold.
 */
export function measureQuality(
  monitor: MonitorDefinition,
  { task }: { task: Task | null },
  { version, records }: PeriodRows,
  labels: ReadonlyMap<string, number | string>,
): PeriodMeasured {
  const target: number[] = []
  const predictions: number[] = []
  for (const record of records) {
    const label = record.key === null ? undefined : labels.get(record.key)
    if (label === undefined || typeof record.score !== 'number' || Number.isNaN(Number(label))) continue
    predictions.push(record.score)
    target.push(Number(label))
  }
  const labelled = target.length
  if (labelled < leastLabels || task === null || task === 'multiclass')
    return { figures: {}, broken: {}, bounds: {}, labelled }
  const figures = scoresOf(task, { predictions, target, threshold: version.threshold })
  const metric = monitor.metric ?? (task === 'binary' ? 'auc' : 'rmse')
  const higherIsBetter = task === 'binary' ? !['log_loss', 'brier', 'ece'].includes(metric) : metric === 'r2'
  const now = figures[metric]
  const then = version.evaluation?.candidate[metric]
  const broken: Record<string, number> = {}
  const bounds: Record<string, number> = {}
  if (now && then) {
    const loss = monitor.threshold ?? 0.03
    const bound = higherIsBetter ? then.value - loss : then.value + loss
    bounds[metric] = bound
    const favourable = higherIsBetter ? (now.high ?? now.value) : (now.low ?? now.value)
    if (higherIsBetter ? favourable < bound : favourable > bound) broken[metric] = bound
  }
  return { figures, broken, bounds, labelled }
}

/** Volume, errors, latency, missing inputs and the age of features. */
export function measureService(monitor: MonitorDefinition, { records }: PeriodRows): PeriodMeasured {
  const rows = records.length
  const errors = records.filter((record) => record.error !== null).length
  const latencies = Float64Array.from(records.map((record) => record.latencyUs / 1000)).sort()
  const missing = records.map((record) => {
    const values = Object.values(record.inputs)
    return values.filter((value) => value === null).length / Math.max(1, values.length)
  })
  const ages = records.flatMap((record) => (record.featureAgeMs === null ? [] : [record.featureAgeMs / 60_000]))
  const share = wilsonInterval(errors, rows)
  const nulls = meanInterval(missing)
  const figures: Record<string, Figure> = {
    predictions: plain(rows, rows),
    error_share: { value: share.value, low: share.low, high: share.high, rows },
    latency_p50_ms: plain(sortedQuantile(latencies, 0.5), rows),
    latency_p99_ms: plain(sortedQuantile(latencies, 0.99), rows),
    missing_inputs: {
      value: nulls.value,
      low: Number.isFinite(nulls.low) ? nulls.low : null,
      high: Number.isFinite(nulls.high) ? nulls.high : null,
      rows,
    },
  }
  if (ages.length > 0) figures.feature_age_minutes = plain(ages.reduce((sum, age) => sum + age, 0) / ages.length, rows)
  const broken: Record<string, number> = {}
  const bound = monitor.threshold ?? 0.02
  if (share.low > bound) broken.error_share = bound
  if (nulls.low > mostMissing) broken.missing_inputs = mostMissing
  return { figures, broken, bounds: { error_share: bound, missing_inputs: mostMissing }, labelled: 0 }
}
