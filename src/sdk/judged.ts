import { MillwrightError } from '../base/errors.ts'
import type { Task } from '../contract/definition.ts'
import type { Json } from '../contract/pipeline.ts'
import type { Gate, MetricOf } from './gate.ts'
import type { Step } from './pipeline.ts'
import { onlyKeys } from './stated.ts'

/** Gates that the scores of one model and of a baseline can be held against. */
const judgeable = ['beats-baseline', 'calibration', 'at-least', 'at-most', 'segment']

/**
 * Judges the model of a step by what it scored, whatever program made it: `judged('judge', train, { task: 'binary', scores: 'scores.csv', gates: [atLeast('auc', 0.9)] })`.
 *
 * The artifact `scores` is a CSV file with the columns `target` and `score`, of rows that the model has not seen, and `baseline` for gates that ask for one. A class
 * is 1 or 0, its score a probability. Of several classes the target is the name of one, and there is `score_<class>`, and `baseline_<class>`, for each. `segments` are
 * columns that part the rows.
 *
 * @throws `invalid-definition` for a gate that needs more than that
 */
export function judged<const Name extends string, T extends Task, const S extends string = never>(
  name: Name,
  made: Step,
  stated: {
    task: T
    scores: string
    segments?: readonly S[]
    gates: Gate<MetricOf<T>, NoInfer<S>>[]
    threshold?: number
  },
): Step<{ passed: boolean }, Name> {
  onlyKeys(stated, ['task', 'scores', 'segments', 'gates', 'threshold'], `steps.${name}`)
  const { task, scores, threshold = 0.5, segments = [] } = stated
  const gates = stated.gates.map(({ gate }) => gate)
  const field = `steps.${name}.gates`
  const unfit = gates.find(({ kind }) => !judgeable.includes(kind))
  if (unfit)
    throw new MillwrightError('invalid-definition', `${field}: "${unfit.kind}" cannot be told from scores alone`, {
      field,
      hint: 'Take atLeast, atMost, beats, calibrated or segment.',
    })
  const unsaid = gates.find(
    (gate) => gate.kind === 'segment' && !(segments as readonly string[]).includes(gate.segment),
  )
  if (unsaid?.kind === 'segment')
    throw new MillwrightError('invalid-definition', `${field}: the scores have no segment "${unsaid.segment}"`, {
      field,
      hint: `State the column: segments: ['${unsaid.segment}'].`,
    })
  const taken = segments.find((each) => ['target', 'score', 'baseline'].includes(each))
  if (taken !== undefined)
    throw new MillwrightError('invalid-definition', `steps.${name}.segments: "${taken}" is a column of its own`, {
      field: `steps.${name}.segments`,
      hint: 'Write what parts the rows into another column.',
    })
  // What states none keeps the key that it had before there were any.
  const parts: Record<string, Json> = segments.length > 0 ? { segments: [...segments] } : {}
  return {
    name,
    needs: [made],
    options: { params: { task, scores, threshold, gates: gates as unknown as Json, ...parts } },
    run: { kind: 'stage', stage: 'judge-scores' },
    output: { passed: false },
  }
}

/**
 * Registers the model file (ONNX) of the step that was judged, with what was found of it, and lets it answer at an endpoint of its own name. One that did not pass is
 * kept as refused, and answers nowhere.
 */
export function registered<const Name extends string>(
  name: Name,
  judge: Step<{ passed: boolean }>,
  stated: { model: string; file: string; deploy?: boolean },
): Step<{ version: string; registered: boolean }, Name> {
  onlyKeys(stated, ['model', 'file', 'deploy'], `steps.${name}`)
  const { model, file, deploy = true } = stated
  return {
    name,
    needs: [judge, ...judge.needs],
    options: { params: { model, file, deploy, judge: judge.name }, sideEffects: true },
    run: { kind: 'stage', stage: 'register-file' },
    output: { version: '', registered: false },
  }
}
