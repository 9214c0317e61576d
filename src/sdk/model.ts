import type { Brief, ModelDefinition, Requirements, Task, Training } from '../contract/definition.ts'
import { modelSchema } from '../contract/definition.ts'
import type { Dataset, DatasetShape } from './dataset.ts'
import type { Duration } from './durations.ts'
import type { BooleanValue, Kind, NumberValue, TextValue, Value } from './expression.ts'
import type { Gate, MetricOf } from './gate.ts'
import type { Inputs } from './model-input.ts'
import { onlyKeys, parsed } from './stated.ts'

/** The task that a target makes: a condition is binary, a number a regression, a text one of several classes. */
type TaskOf<V> =
  V extends BooleanValue<string>
    ? 'binary'
    : V extends NumberValue<string>
      ? 'regression'
      : V extends TextValue<string>
        ? 'multiclass'
        : never

type WireType<K> = K extends 'number' | 'time' | 'local-time' | 'duration'
  ? number
  : K extends 'boolean'
    ? boolean
    : string

/** What somebody who asks for a prediction sends: the key, the time of the event, and the columns that the inputs need. */
type RequestShape<S extends DatasetShape, D extends string> = {
  [N in (D | S['key'] | S['time']) & keyof S['columns'] & string]: WireType<S['columns'][N]['kind']>
}

/** A model as defined. `R`: the columns of a request. */
export interface Model<T extends Task = Task, R extends object = object> {
  readonly definition: ModelDefinition
  readonly task: T
  /** For the compiler only. */
  readonly request: R
}
/** The request that an endpoint of this model takes: `type Request = RequestOf<typeof late>`. */
export type RequestOf<M> = M extends Model<Task, infer R> ? R : never

type TrainingOptions<K extends Training['kind']> = Partial<Omit<Extract<Training, { kind: K }>, 'kind'>>
/** Gradient-boosted histogram trees. */
export const boostedTrees = (options: TrainingOptions<'boosted-trees'> = {}) => ({
  kind: 'boosted-trees' as const,
  ...options,
})
/** A linear or logistic model. */
export const linear = (options: TrainingOptions<'linear'> = {}) => ({ kind: 'linear' as const, ...options })

const modelKeys = [
  'brief',
  'from',
  'predicts',
  'inputs',
  'train',
  'baseline',
  'segments',
  'gates',
  'split',
  'threshold',
  'seed',
  'requires',
]

/** States a model: what it predicts, from what, how it learns, and what it must prove. */
export function model<
  S extends DatasetShape,
  V extends Value<Kind, string>,
  I extends Inputs,
  G extends Record<string, Value<Kind, string>> = Record<never, never>,
>(
  name: string,
  stated: {
    brief?: Brief
    /** The dataset whose rows are the examples. */
    from: Dataset<S>
    predicts: V
    inputs: readonly I[]
    train: { kind: Training['kind'] }
    /** An input that serves as the score by itself: the least that a model must beat. */
    baseline?: Inputs
    segments?: G
    gates?: readonly Gate<MetricOf<TaskOf<NoInfer<V>>>, keyof NoInfer<G> & string>[]
    split?: { test?: Duration; validation?: Duration; training?: Duration; maxRows?: number }
    /** What it needs wherever it is served; without it no traffic reaches it there. */
    requires?: Requirements
    /** Scores from here on count as a yes. */
    threshold?: number
    seed?: number
  },
): Model<TaskOf<V>, RequestShape<S, I['needs']>> {
  onlyKeys(stated, modelKeys, `models.${name}`)
  onlyKeys(stated.split, ['test', 'validation', 'training', 'maxRows'], `models.${name}.split`)
  const inputs = stated.inputs.flatMap((group) => group.inputs)
  const [baseline] = stated.baseline?.inputs ?? []
  // The baseline may be an input or not; it is computed either way.
  const all = baseline && !inputs.some((input) => input.name === baseline.name) ? [...inputs, baseline] : inputs
  const dayCount = (duration: Duration | undefined) => (duration ? duration.ms / 86_400_000 : undefined)
  const task = taskOf(stated.predicts) as TaskOf<V>
  const definition = parsed(
    modelSchema,
    {
      name,
      brief: stated.brief,
      task,
      dataset: stated.from.name,
      target: stated.predicts.node,
      inputs: all,
      training: stated.train,
      baseline: baseline?.name ?? null,
      segments: Object.fromEntries(Object.entries(stated.segments ?? {}).map(([part, value]) => [part, value.node])),
      gates: (stated.gates ?? []).map((each) => each.gate),
      split: {
        testDays: dayCount(stated.split?.test),
        validationDays: dayCount(stated.split?.validation),
        trainingDays: dayCount(stated.split?.training),
        maxRows: stated.split?.maxRows,
      },
      threshold: stated.threshold,
      seed: stated.seed,
      requires: stated.requires,
    },
    `models.${name}`,
  )
  return { definition, task, request: {} as RequestShape<S, I['needs']> }
}

function taskOf(target: Value<Kind, string>): Task {
  if (target.columnType === 'boolean') return 'binary'
  return target.columnType === 'number' ? 'regression' : 'multiclass'
}
