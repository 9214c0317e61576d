import { numbersOf, type Table, type TextVector, textsOf } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson, hashOf } from '../../base/hash.ts'
import type { Dataset, Definition, FeatureView } from '../../contract/definition.ts'
import type { Expression } from '../../contract/expression.ts'
import type { Reach } from '../../ports/feature-batch.ts'
import type { TypedColumn } from '../../ports/tables.ts'
import { type DatasetPlan, datasetNamed, planDataset } from '../data/dataset-plan.ts'
import type { ExpressionScope } from '../data/expression.ts'
import { compile, evaluate } from '../data/expression.ts'
import { columnsOf } from '../data/expression-columns.ts'
import { tableSource } from '../data/row-source.ts'
import type { WindowFeature } from './window.ts'

/** A feature view worked out: what an event needs, and how each feature reads the events. */
export interface FeatureViewPlan {
  view: FeatureView
  /** Of what its events are made of, and of how far back they matter: events under another hash cannot be used. */
  hash: string
  dataset: DatasetPlan
  /** Computed once for each event; features that aggregate the same thing share one. */
  values: readonly Expression[]
  features: ReadonlyMap<string, WindowFeature>
  /** Columns of the dataset that an event is made of. */
  columns: readonly TypedColumn[]
  /** How far back its features look. */
  reach: Reach
}

/** Events as columns, in the order of the rows they came from. */
export interface ViewEvents {
  entities: TextVector
  times: Float64Array
  values: Float64Array[]
}

/**
 * @throws `invalid-definition` when the view reads a column that is not there, or one that is known only after the events' time: its value would
 *   leak from the future.
 */
export function planFeatureView(view: FeatureView, dataset: Dataset, epoch = 0): FeatureViewPlan {
  const plan = planDataset(dataset)
  const field = `featureViews.${view.name}`
  const values: Expression[] = []
  const places = new Map<string, number>()
  const features = new Map<string, WindowFeature>()
  for (const { name, aggregate, of, windowMs, ttlMs } of view.features) {
    if (windowMs === null && aggregate !== 'last') {
      throw new MillwrightError(
        'invalid-definition',
        `feature "${name}" has no window; only "last" may look back without one`,
        {
          field: `${field}.features.${name}`,
        },
      )
    }
    const text = canonicalJson(of)
    let column = places.get(text) ?? -1
    if (column < 0 && aggregate !== 'count') {
      column = values.push(of) - 1
      places.set(text, column)
    }
    features.set(name, { aggregate, column, windowMs, ttlMs })
  }
  const read = new Set([view.by, view.knownAt])
  for (const value of values) for (const name of columnsOf(value)) read.add(name)
  for (const name of read) {
    const column = plan.stored.find((each) => each.name === name)
    if (column === undefined) {
      throw new MillwrightError(
        'invalid-definition',
        `feature view "${view.name}" reads "${name}", which dataset "${dataset.name}" does not store`,
        { field },
      )
    }
    const known = plan.knownAt.get(name)
    if (known !== undefined && known !== view.knownAt) {
      throw new MillwrightError(
        'invalid-definition',
        `feature view "${view.name}" uses "${name}" from "${view.knownAt}" on, but it is known only at "${known}"`,
        { field: `${field}.knownAt`, hint: `Let the view's events be known at "${known}".` },
      )
    }
  }
  const unbounded = view.features.some((feature) => feature.windowMs === null && feature.ttlMs === null)
  const bounds = view.features.map((feature) => feature.windowMs ?? feature.ttlMs ?? 0)
  const reach: Reach = { windowMs: Math.max(0, ...bounds), last: unbounded }
  const { name, by, knownAt } = view
  // The same expressions over columns that are made otherwise give other events.
  const derived = dataset.columns.flatMap((column) => (column.derived ? [[column.name, column.derived]] : []))
  return {
    view,
    hash: hashOf({ name, dataset: dataset.name, by, knownAt, values, reach, derived, epoch: epoch || undefined }),
    dataset: plan,
    values,
    features,
    columns: [...read].map((name) => ({ name, type: plan.types.get(name)! })),
    reach,
  }
}

/** @throws `not-found` */
export function planNamedView(
  definition: Pick<Definition, 'featureViews' | 'datasets'>,
  name: string,
  epochs: ReadonlyMap<string, number> = new Map(),
): FeatureViewPlan {
  const view = definition.featureViews.find((each) => each.name === name)
  if (view === undefined) throw new MillwrightError('not-found', `there is no feature view "${name}"`)
  return planFeatureView(view, datasetNamed(definition.datasets, view.dataset), epochs.get(view.dataset))
}

/** Turns rows of the dataset into events; rows without an entity or a time make none and are left out later. */
export function eventsOf(plan: FeatureViewPlan, rows: Table, scope: ExpressionScope): ViewEvents {
  const source = tableSource(rows, plan.dataset.types)
  return {
    entities: textsOf(rows, plan.view.by),
    times: numbersOf(rows, plan.view.knownAt),
    values: plan.values.map((value) => {
      const vector = evaluate(compile(value, source, scope), rows.rows)
      if (vector.kind === 'number') return vector.values
      throw new MillwrightError('invalid-definition', `feature view "${plan.view.name}" aggregates a text`, {
        hint: 'Aggregate a number or a condition.',
      })
    }),
  }
}
