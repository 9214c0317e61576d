import type { Vector } from '../../base/columns.ts'
import type { Task } from '../../contract/definition.ts'
import type { Examples } from '../features/example-columns.ts'
import { CategoryCoder } from './category-coder.ts'
import type { TrainingFrame } from './frame.ts'
import type { ModelFeature } from './model.ts'

export function textsIn(vector: Vector): (string | null)[] {
  if (vector.kind === 'text') return Array.from(vector.codes, (code) => vector.dictionary[code] ?? null)
  return Array.from(vector.values, (value) => (Number.isNaN(value) ? null : String(value)))
}

/** Classes in the order of their names; a condition's are no and yes. */
function classesOf(task: Task, target: Vector): string[] | null {
  if (task === 'regression') return null
  if (task === 'binary') return ['false', 'true']
  return [...new Set(textsIn(target).filter((value): value is string => value !== null))].sort()
}

/** 0 or 1, the place of the class, or the number itself; NaN for a class that is not known. */
export function targetOf(task: Task, target: Vector, classes: readonly string[] | null): Float64Array {
  if (task !== 'multiclass')
    return target.kind === 'number' ? target.values : Float64Array.from(textsIn(target), Number)
  const places = new Map(classes!.map((name, place) => [name, place]))
  return Float64Array.from(textsIn(target), (name) => (name === null ? Number.NaN : (places.get(name) ?? Number.NaN)))
}

/** The coders of categorical inputs, learnt from training rows: ordered by what each value means for the target. */
function learnCoders(
  task: Task,
  inputs: readonly { name: string; kind: 'numeric' | 'categorical' }[],
  examples: Examples,
  target: Float64Array,
): (CategoryCoder | null)[] {
  return inputs.map(({ name, kind }) => {
    if (kind === 'numeric') return null
    const values = textsIn(examples.inputs.get(name)!)
    return task === 'multiclass' ? CategoryCoder.byFrequency(values) : CategoryCoder.byTargetMean(values, target)
  })
}

function column(vector: Vector, coder: CategoryCoder | null): Float32Array {
  if (!coder)
    return vector.kind === 'number' ? Float32Array.from(vector.values) : Float32Array.from(textsIn(vector), Number)
  if (vector.kind === 'number') return coder.encode(textsIn(vector))
  // Each distinct text is looked up once, not each row.
  const codes = Float32Array.from(vector.dictionary, (text) => coder.code(text))
  return Float32Array.from(vector.codes, (code) => (code < 0 ? Number.NaN : codes[code]!))
}

/** Examples as the trainer reads them. */
function frameOf(
  task: Task,
  inputs: readonly { name: string; kind: 'numeric' | 'categorical' }[],
  examples: Examples,
  coders: readonly (CategoryCoder | null)[],
  classes: readonly string[] | null,
): TrainingFrame {
  return {
    names: inputs.map(({ name }) => name),
    kinds: inputs.map(({ kind }) => kind),
    columns: inputs.map(({ name }, place) => column(examples.inputs.get(name)!, coders[place] ?? null)),
    categories: coders.map((coder) => coder?.categories ?? null),
    rows: examples.rows,
    task,
    target: targetOf(task, examples.target, classes),
    classes,
  }
}

/** Examples as a trained model reads them: its own features in its own order, coded as it was taught. Null when one is not among the examples. */
export function rowsFor(features: readonly ModelFeature[], examples: Examples): Float32Array | null {
  const width = features.length
  const rows = new Float32Array(examples.rows * width)
  for (const [place, feature] of features.entries()) {
    const vector = examples.inputs.get(feature.name)
    if (!vector) return null
    const values = column(vector, feature.categories ? new CategoryCoder(feature.categories) : null)
    for (let row = 0; row < examples.rows; row += 1) rows[row * width + place] = values[row]!
  }
  return rows
}

/** What a model is trained on: the frames of its examples, and how its categorical inputs were coded. */
export function trainingFrames(
  { task, inputs }: { task: Task; inputs: readonly { name: string; kind: 'numeric' | 'categorical' }[] },
  examples: Examples,
  held: Examples,
): { frame: TrainingFrame; validation: TrainingFrame; target: Float64Array } {
  const classes = classesOf(task, examples.target)
  const target = targetOf(task, examples.target, classes)
  const coders = learnCoders(task, inputs, examples, target)
  return {
    frame: frameOf(task, inputs, examples, coders, classes),
    validation: frameOf(task, inputs, held, coders, classes),
    target,
  }
}
