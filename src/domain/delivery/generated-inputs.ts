import type { Table, Vector } from '../../base/columns.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import { datasetNamed, planDataset } from '../data/dataset-plan.ts'
import { compile, type ExpressionScope, evaluate } from '../data/expression.ts'
import { tableSource } from '../data/row-source.ts'
import { seriesByEntity } from '../features/event-grouping.ts'
import { eventsOf, planNamedView } from '../features/feature-view.ts'
import { pointInTime } from '../features/point-in-time.ts'

/**
 * The inputs of a model for rows of its dataset, as a training computes them: a whole column at once, features as of each row's time.
 *
 * @param tableOf the rows of each dataset, from which the features come.
 */
export function batchInputs(
  { definition, scope }: { definition: Definition; scope: ExpressionScope },
  model: ModelDefinition,
  table: Table,
  tableOf: (dataset: string) => Table,
): { name: string; vector: Vector }[] {
  const { types, time } = planDataset(datasetNamed(definition.datasets, model.dataset))
  const source = tableSource(table, types)
  const times = table.columns.get(time!)
  const missing = (): Vector => ({ kind: 'number', values: new Float64Array(table.rows).fill(Number.NaN) })
  return model.inputs.map(({ name, from }) => {
    if (from.kind === 'expression')
      return { name, vector: evaluate(compile(from.expression, source, scope), table.rows) }
    const plan = planNamedView(definition, from.view)
    const keys = table.columns.get(from.by)
    if (keys?.kind !== 'text' || times?.kind !== 'number') return { name, vector: missing() }
    const series = seriesByEntity(eventsOf(plan, tableOf(plan.view.dataset), scope))
    const features = [plan.features.get(from.feature)!]
    const [values] = pointInTime(series, { keys, times: times.values, features })
    return { name, vector: { kind: 'number', values: values! } }
  })
}

/** NaN or null is missing. */
export const valueAt = (vector: Vector, row: number): number | string | null =>
  vector.kind === 'text' ? (vector.dictionary[vector.codes[row]!] ?? null) : vector.values[row]!
