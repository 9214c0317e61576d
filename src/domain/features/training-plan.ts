import { MillwrightError } from '../../base/errors.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import type { Expression } from '../../contract/expression.ts'
import type { TypedColumn } from '../../ports/tables.ts'
import { type DatasetPlan, datasetNamed, planDataset } from '../data/dataset-plan.ts'
import { columnsOf, entitiesOf } from '../data/expression-columns.ts'
import { type FeatureViewPlan, planNamedView } from './feature-view.ts'

/** Features of one view, looked up for the entity in one column. */
export interface Lookup {
  view: FeatureViewPlan
  by: string
  /** Input name and feature name. */
  features: { input: string; feature: string }[]
}

/** What a model's examples are made of, checked against leaks. */
export interface TrainingPlan {
  model: ModelDefinition
  dataset: DatasetPlan
  time: string
  /** Columns to read. */
  columns: readonly TypedColumn[]
  /** Columns with the time from which the target is known. */
  labelKnownAt: readonly string[]
  expressions: ReadonlyMap<string, Expression>
  lookups: readonly Lookup[]
}

/**
 * @throws `invalid-definition` when an input reads a column that is known only after the row's event time: what it would learn from is not there when
 *   a prediction is asked for.
 */
export function planTraining(
  definition: Pick<Definition, 'datasets' | 'featureViews'>,
  model: ModelDefinition,
): TrainingPlan {
  const dataset = planDataset(datasetNamed(definition.datasets, model.dataset))
  const field = `models.${model.name}`
  if (dataset.time === null) {
    throw new MillwrightError(
      'invalid-definition',
      `dataset "${model.dataset}" has no time by which to split examples`,
      {
        field: `${field}.dataset`,
      },
    )
  }
  const read = new Set([dataset.time, ...columnsOf(model.target)])
  if (dataset.key !== null) read.add(dataset.key)
  const expressions = new Map<string, Expression>()
  const lookups = new Map<string, Lookup>()
  for (const [place, input] of model.inputs.entries()) {
    const { from } = input
    const at = `${field}.inputs.${place}`
    const columns = from.kind === 'expression' ? columnsOf(from.expression) : new Set([from.by])
    for (const column of columns) {
      refuseLeak(dataset, column, input.name, at)
      read.add(column)
    }
    if (from.kind === 'expression') {
      expressions.set(input.name, from.expression)
      continue
    }
    const key = `${from.view}\u0000${from.by}`
    const lookup = lookups.get(key) ?? { view: planNamedView(definition, from.view), by: from.by, features: [] }
    if (!lookup.view.features.has(from.feature)) {
      throw new MillwrightError('invalid-definition', `feature view "${from.view}" has no feature "${from.feature}"`, {
        field: at,
        hint: `It has ${[...lookup.view.features.keys()].join(', ')}.`,
      })
    }
    lookup.features.push({ input: input.name, feature: from.feature })
    lookups.set(key, lookup)
  }
  for (const segment of Object.values(model.segments)) for (const column of columnsOf(segment)) read.add(column)
  const labelKnownAt = new Set<string>()
  for (const column of columnsOf(model.target)) {
    const known = dataset.knownAt.get(column)
    if (known !== undefined) labelKnownAt.add(known)
  }
  for (const column of read) {
    if (dataset.stored.some((each) => each.name === column)) continue
    throw new MillwrightError('invalid-definition', `dataset "${model.dataset}" does not store "${column}"`, { field })
  }
  return {
    model,
    dataset,
    time: dataset.time,
    columns: [...read].map((name) => ({ name, type: dataset.types.get(name)! })),
    labelKnownAt: [...labelKnownAt],
    expressions,
    lookups: [...lookups.values()],
  }
}

/** Every expression that is worked out for an example. */
export const expressionsOf = ({ model, expressions, lookups }: TrainingPlan): Expression[] => [
  ...expressions.values(),
  model.target,
  ...Object.values(model.segments),
  ...lookups.flatMap((lookup) => lookup.view.values),
]

/** Names of the datasets that the examples of a model are made of: its own, those of its feature views, reference data. Sorted. */
export function datasetsRead(
  definition: Pick<Definition, 'datasets' | 'featureViews' | 'entities'>,
  model: ModelDefinition,
): string[] {
  const plan = planTraining(definition, model)
  const entities = new Set(expressionsOf(plan).flatMap((expression) => [...entitiesOf(expression)]))
  const listed = definition.entities.flatMap(({ name, dataset }) => (dataset && entities.has(name) ? [dataset] : []))
  return [...new Set([model.dataset, ...plan.lookups.map(({ view }) => view.view.dataset), ...listed])].sort()
}

function refuseLeak(dataset: DatasetPlan, column: string, input: string, field: string): void {
  const known = dataset.knownAt.get(column)
  if (known === undefined) return
  throw new MillwrightError(
    'invalid-definition',
    `input "${input}" reads "${column}", which is known only at "${known}": the future would leak into the training`,
    { field, hint: 'Use a feature view, which looks up what was known by then.' },
  )
}
