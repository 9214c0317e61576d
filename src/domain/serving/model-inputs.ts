import type { Dataset, ModelDefinition } from '../../contract/definition.ts'
import type { EntityTable } from '../data/entity-table.ts'
import { type Compiled, compile } from '../data/expression.ts'
import { ObjectSource } from '../data/row-source.ts'
import { isTime, wholeMillisecond } from '../data/whole-times.ts'
import { type RequestColumns, requestColumns } from '../registry/request-columns.ts'
import type { Row, Scalar } from './inference-request.ts'

/** The online features of an entity, as of a moment. */
export interface FeatureLookup {
  /** NaN where there is nothing in the window. */
  value(view: string, feature: string, key: string, at: number): number
  /** Time of the newest event at or before `at`; null without one. */
  newest(view: string, key: string, at: number): number | null
}

export interface ComputedInputs {
  /** In the order of the model's inputs; a text of a categorical one, NaN or null where it is missing. */
  readonly values: (number | string | null)[]
  /** Age of the oldest of the features looked up, in milliseconds; null without features. */
  readonly featureAgeMs: number | null
}

/** A key that no entity has. */
const noKey = '\u0000'

interface Ages {
  oldest: number | null
  /** Whose age was looked up last. */
  view: string
  key: string
}
type Step = (row: Row, at: number, ages: Ages) => number | string | null

/**
 * From the row of a request to the inputs of a model: the expressions of the definition, and its features as of the row's
 * time, by the same evaluator and the same windows as in training.
 */
export class ModelInputs {
  readonly names: readonly string[]
  readonly columns: RequestColumns
  readonly keyColumn: string | null
  readonly timeColumn: string | null
  private readonly source: ObjectSource
  private readonly timeColumns: readonly string[]
  private readonly derive: { name: string; compiled: Compiled; isTime: boolean }[]
  private readonly steps: Step[]

  constructor(
    model: ModelDefinition,
    dataset: Dataset,
    entity: (name: string) => EntityTable,
    features: FeatureLookup,
  ) {
    this.names = model.inputs.map((input) => input.name)
    this.columns = requestColumns(model, dataset)
    this.keyColumn = dataset.columns.find((column) => column.type === 'key')?.name ?? null
    this.timeColumn = dataset.time ?? null
    this.source = new ObjectSource(new Map(dataset.columns.map((column) => [column.name, column.type])))
    this.timeColumns = this.columns.sent.filter(isTime).map(({ name }) => name)
    this.derive = this.columns.derived.map((column) => {
      const compiled = compile(column.derived, this.source, { entity })
      return { name: column.name, compiled, isTime: isTime(column) && compiled.kind === 'number' }
    })
    this.steps = model.inputs.map(({ from }): Step => {
      if (from.kind === 'expression') {
        const compiled = compile(from.expression, this.source, { entity })
        return () => compiled.at(0)
      }
      const { view, feature, by } = from
      return (row, at, ages) => {
        const stated = row[by]
        // Without a key there are no events: a count is then 0, as in training, and everything else is missing.
        const key = typeof stated === 'string' ? stated : noKey
        // The features of a view and a key are as old as each other, and follow each other.
        if (ages.view !== view || ages.key !== key) {
          const newest = features.newest(view, key, at)
          if (newest !== null) ages.oldest = Math.max(ages.oldest ?? 0, at - newest)
          ages.view = view
          ages.key = key
        }
        return features.value(view, feature, key, at)
      }
    })
  }

  /** @param given inputs that the caller states itself; they are not computed. */
  compute(row: Row, now: number, given: Record<string, Scalar> | null): ComputedInputs {
    const work: Row = { ...row }
    for (const name of this.timeColumns) {
      const time = work[name]
      if (typeof time === 'number') work[name] = wholeMillisecond(time)
    }
    this.source.set(work)
    for (const { name, compiled, isTime } of this.derive) {
      const computed = compiled.at(0)
      const value = isTime ? wholeMillisecond(computed as number) : computed
      work[name] =
        compiled.kind === 'boolean'
          ? booleanOf(value as number)
          : typeof value === 'number' && Number.isNaN(value)
            ? null
            : value
    }
    const stated = this.timeColumn === null ? undefined : work[this.timeColumn]
    // What has not happened yet is looked up as of now: nobody knows more.
    const at = typeof stated === 'number' ? Math.min(stated, now) : now
    const ages: Ages = { oldest: null, view: '', key: '' }
    const values = this.steps.map((step, index) => {
      const own = given?.[this.names[index]!]
      if (own !== undefined) return typeof own === 'boolean' ? Number(own) : own
      return step(work, at, ages)
    })
    return { values, featureAgeMs: ages.oldest }
  }
}

const booleanOf = (value: number): boolean | null => (Number.isNaN(value) ? null : value !== 0)
