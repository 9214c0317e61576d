import type { ColumnSummary } from '../../contract/data.ts'
import type { Diff } from '../../contract/diff.ts'
import type { Scores } from '../../contract/model.ts'
import type { RunInputs } from '../../contract/reproduction.ts'
import type { StepRecord } from '../../contract/run.ts'
import { type DatasetVersion, diffVersions } from '../data/dataset-reader.ts'
import { stageOutputs } from '../lifecycle/stage-services.ts'
import { batchesHeld } from './run-inputs.ts'

type DatasetThen = RunInputs['datasets'][number]
const statistics = ['mean', 'std', 'min', 'max', 'distinct'] as const

/** Datasets that two runs read at other versions. */
export function diffData(before: RunInputs, after: RunInputs): Diff['data'] {
  const named = ({ datasets }: RunInputs) => new Map(datasets.map((dataset) => [dataset.state.id, dataset]))
  const [from, to] = [named(before), named(after)]
  return [...new Set([...from.keys(), ...to.keys()])].sort().flatMap((dataset): Diff['data'] => {
    const [old, now] = [from.get(dataset), to.get(dataset)]
    if (old && now && newestOf(old)?.hash === newestOf(now)?.hash) return []
    const counts = { batchesAdded: 0, batchesRemoved: 0, rows: 0, columns: [] }
    const versions = { dataset, from: old?.state.version ?? null, to: now?.state.version ?? null }
    if (!old || !now) return [{ ...versions, ...counts }]
    const [first, second] = [versionOf(old), versionOf(now)]
    if (!first || !second) return [{ ...versions, ...counts }]
    const { added, removed, rows, columns } = diffVersions(first, second)
    return [
      {
        ...versions,
        batchesAdded: added.length,
        batchesRemoved: removed.length,
        rows,
        columns: columns.flatMap(({ name, before, after }) => moved(name, before, after)),
      },
    ]
  })
}

const newestOf = ({ versions }: DatasetThen) => versions.at(-1)
function versionOf(dataset: DatasetThen): DatasetVersion | null {
  const record = newestOf(dataset)
  return record ? { record, batches: batchesHeld(dataset) } : null
}

function moved(
  column: string,
  before: ColumnSummary | null,
  after: ColumnSummary | null,
): Diff['data'][number]['columns'] {
  const share = (summary: ColumnSummary | null) => (summary && summary.rows > 0 ? summary.nulls / summary.rows : null)
  const figures = [
    ...statistics.map((statistic) => [statistic, before?.[statistic] ?? null, after?.[statistic] ?? null] as const),
    ['null share', share(before), share(after)] as const,
  ]
  return figures.flatMap(([statistic, from, to]) => (from === to ? [] : [{ column, statistic, from, to }]))
}

/** Scores of two runs on their test rows; the difference with the root of the summed squares of both half intervals. */
export function diffMetrics(before: readonly StepRecord[], after: readonly StepRecord[]): Diff['metrics'] {
  const [from, to] = [scoresOf(before), scoresOf(after)]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((metric): Diff['metrics'] => {
    const [old, now] = [from[metric], to[metric]]
    if (old?.value === now?.value) return []
    const difference = old && now ? now.value - old.value : null
    const halves = [old, now].map((figure) =>
      figure && figure.low !== null && figure.high !== null ? (figure.high - figure.low) / 2 : null,
    )
    const half = halves.some((each) => each === null) ? null : Math.hypot(...(halves as number[]))
    const bound = (sign: number) => (difference === null || half === null ? null : difference + sign * half)
    return [{ metric, from: old?.value ?? null, to: now?.value ?? null, difference, low: bound(-1), high: bound(1) }]
  })
}

function scoresOf(steps: readonly StepRecord[]): Scores {
  for (const { output } of steps) {
    const found = stageOutputs.evaluate.safeParse(output)
    if (found.success) return found.data.evaluation.candidate
  }
  return {}
}

/** Artifacts of equal names that are not the same, step by step in the order of the first run. */
export function diffArtifacts(before: readonly StepRecord[], after: readonly StepRecord[]): Diff['artifacts'] {
  const named = (steps: readonly StepRecord[]) =>
    new Map(
      steps.flatMap(({ step, artifacts }) =>
        artifacts.map(({ name, hash, size }) => [`${step}\0${name}`, { hash, size }] as const),
      ),
    )
  const [from, to] = [named(before), named(after)]
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((key) => {
    const [old, now] = [from.get(key) ?? null, to.get(key) ?? null]
    const [step = '', artifact = ''] = key.split('\0')
    return old?.hash === now?.hash ? [] : [{ step, artifact, from: old, to: now }]
  })
}
