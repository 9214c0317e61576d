import type { PredictionRecord } from '../../contract/serving.ts'

/** Of an answer with more numbers than this, drift is measured of the first ones. */
const mostNumbers = 64

/** The columns of the answers: `score`, or `score.0`, `score.1`, … of a model that answers several numbers. */
export function scoreColumns(records: readonly PredictionRecord[]): string[] {
  const score = records.find((record) => record.score !== null)?.score ?? null
  if (score === null) return []
  if (typeof score === 'number') return ['score']
  return score.slice(0, mostNumbers).map((_, place) => `score.${place}`)
}

/** The number of a record in such a column; null where it has none. */
export function scoreColumn({ score }: PredictionRecord, name: string): number | null {
  if (name === 'score') return typeof score === 'number' ? score : null
  return Array.isArray(score) ? (score[Number(name.slice('score.'.length))] ?? null) : null
}

/** Whether a column of a reference is one of the answers. */
export const isScoreColumn = (name: string): boolean => /^score(\.\d+)?$/.test(name)
