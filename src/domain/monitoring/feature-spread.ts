import { day } from '../../base/clock.ts'
import type { ModelDefinition, MonitorDefinition } from '../../contract/definition.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import type { Reference } from '../../contract/training.ts'
import { countsOn, driftOf, type ReferenceColumn } from '../training/reference.ts'
import { driftBound } from './measure-period.ts'
import type { PredictionStore } from './prediction-store.ts'

/** So many answers tell enough. */
const enoughAnswers = 2_000
const mostAnswers = 20_000
const mostDays = 7

export interface FeatureSpread {
  input: string
  feature: string
  by: string
  training: ReferenceColumn
  counts: number[]
  answers: number
  distance: number | null
  mayBe: number | null
}

/** Inputs of a model that come from a view: how they were spread in training, beside what was asked lately, by the measure of drift monitors. */
export function spreadsOfView(
  view: string,
  model: Pick<ModelDefinition, 'inputs'>,
  reference: Reference,
  records: readonly Pick<PredictionRecord, 'inputs'>[],
  monitor: Pick<MonitorDefinition, 'threshold'> | undefined,
): FeatureSpread[] {
  return model.inputs.flatMap(({ name, from }): FeatureSpread[] => {
    const training = reference.columns.find((column) => column.name === name)
    if (from.kind !== 'feature' || from.view !== view || !training) return []
    const counts = countsOn(
      training,
      records.map((record) => record.inputs[name] ?? null),
    )
    const answers = records.length
    return [
      {
        input: name,
        feature: from.feature,
        by: from.by,
        training,
        counts,
        answers,
        distance: answers === 0 ? null : driftOf(training, counts),
        mayBe: answers === 0 ? null : driftBound(monitor, training, answers),
      },
    ]
  })
}

/**
 * The newest answers of a version, day by day backwards until there are enough, a week at most; shadows and errors are left out.
 *
 * @returns them, and the day from which on.
 */
export async function latelyAnswered(
  predictions: Pick<PredictionStore, 'records'>,
  { endpoint, version }: { endpoint: string; version: string },
  now: number,
): Promise<{ records: PredictionRecord[]; since: number | null }> {
  const records: PredictionRecord[] = []
  let since: number | null = null
  const today = Math.floor(now / day) * day
  for (let back = 0; back < mostDays && records.length < enoughAnswers; back += 1) {
    const from = today - back * day
    for await (const record of predictions.records(from, from + day)) {
      if (
        record.endpoint !== endpoint ||
        record.version !== version ||
        record.role === 'shadow' ||
        record.error !== null
      )
        continue
      records.push(record)
      since = from
      if (records.length >= mostAnswers) break
    }
  }
  return { records, since }
}
