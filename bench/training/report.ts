import student from '@stdlib/stats-base-dists-t'
import type { DatasetMeta } from './dataset-meta.ts'

/** One training by one learner. */
export interface TrainingRecord {
  readonly learner: string
  readonly seconds: number
  readonly scores: Readonly<Record<string, number>>
}

/** The trainings of one split, by whichever learner. */
export interface DatasetRecords {
  readonly meta: DatasetMeta
  readonly splits: readonly (readonly TrainingRecord[])[]
}

const peers = ['scikit-learn', 'xgboost']

export function markdownReport(records: readonly DatasetRecords[], setting: readonly string[]): string {
  const quality = records.flatMap(({ meta, splits }) =>
    Object.keys(splits[0]![0]!.scores).map((metric) => {
      const of = (learner: string) => splits.map((split) => recordOf(split, learner).scores[metric]!)
      const ours = of('millwright')
      const cells = peers.map((peer) => verdict(ours, of(peer), metric === 'auc'))
      const values = ['millwright', ...peers].map((learner) => mean(of(learner)).toFixed(4))
      return `| ${[meta.name, metric, splits.length, ...values, ...cells].join(' | ')} |`
    }),
  )
  const time = records.map(({ meta, splits }) => {
    const of = (learner: string) => splits.map((split) => recordOf(split, learner).seconds)
    const ours = median(of('millwright'))
    const size = `${recordsInTraining(meta)} × ${meta.columns}`
    const seconds = [ours, ...peers.map((peer) => median(of(peer)))]
    const ratios = seconds.slice(1).map((peer) => (ours / peer).toFixed(2))
    return `| ${[meta.name, size, ...seconds.map((value) => value.toFixed(2)), ...ratios].join(' | ')} |`
  })
  return [
    '# Boosted trees beside scikit-learn and xgboost',
    '',
    'Made by `node --conditions=millwright-source --import tsx bench/training/run.ts`. All learners: 100 iterations, learning rate 0.1,',
    '31 leaves grown leaf by leaf, 255 bins, no early stopping, one core. Categories are numbers in alphabetical order, for all alike.',
    'Ours and scikit-learn: at least 20 rows a leaf, l2 0; xgboost keeps its own regularisation (l2 1, child weight 1).',
    '',
    ...setting.map((line) => `- ${line}`),
    '',
    '## Quality',
    'Means over random splits. Against a peer: the mean difference, and whether a paired t test at 5 % over the splits calls it',
    'noise. Splits of one data set overlap, so the test sees a little more than there is; of three splits it sees little. Lower is',
    'better, except for auc.',
    '',
    '| data | metric | splits | millwright | scikit-learn | xgboost | against scikit-learn | against xgboost |',
    '|---|---|---|---|---|---|---|---|',
    ...quality,
    '',
    '## Time',
    'CPU seconds of fitting alone, median over the splits, and our time divided by the peer’s.',
    '',
    '| data | trained on | millwright | scikit-learn | xgboost | ÷ scikit-learn | ÷ xgboost |',
    '|---|---|---|---|---|---|---|',
    ...time,
    '',
  ].join('\n')
}

function verdict(ours: readonly number[], peer: readonly number[], higherIsBetter: boolean): string {
  const differences = ours.map((value, split) => value - peer[split]!)
  const difference = mean(differences)
  const error = Math.sqrt(
    differences.reduce((sum, value) => sum + (value - difference) ** 2, 0) /
      (differences.length - 1) /
      differences.length,
  )
  const isNoise = Math.abs(difference) <= student.quantile(0.975, differences.length - 1) * error
  const word = isNoise ? 'noise' : difference > 0 === higherIsBetter ? 'better' : 'worse'
  return `${difference > 0 ? '+' : ''}${difference.toFixed(5)} ± ${error.toFixed(5)} ${word}`
}

function recordOf(split: readonly TrainingRecord[], learner: string): TrainingRecord {
  return split.find((record) => record.learner === learner)!
}

function recordsInTraining({ name, rows }: DatasetMeta): number {
  if (name === 'flights') return 500_000
  return name === 'friedman1' ? 20_000 : Math.floor(0.7 * rows)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
