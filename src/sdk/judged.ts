import { MillwrightError } from '../base/errors.ts'
import type { Json } from '../contract/pipeline.ts'
import type { Gate, MetricOf } from './gate.ts'
import type { Step } from './pipeline.ts'
import { onlyKeys } from './stated.ts'

/** Gates that the scores of one model and of a baseline can be held against. */
const judgeable = ['beats-baseline', 'calibration', 'at-least', 'at-most']

/**
 * Judges the model of a step by what it scored, whatever program made it: `judged('judge', train, { task: 'binary', scores: 'scores.csv', gates: [atLeast('auc', 0.9)] })`.
 *
 * The artifact `scores` is a CSV file with the columns `target` and `score`, of rows that the model has not seen, and `baseline` for gates that ask for one. A class
 * is 1 or 0, its score a probability.
 *
 * @throws `invalid-definition` for a gate that needs more than that
 */
export function judged<const Name extends string, T extends 'binary' | 'regression'>(
  name: Name,
  made: Step,
  stated: { task: T; scores: string; gates: Gate<MetricOf<T>, never>[]; threshold?: number },
): Step<{ passed: boolean }, Name> {
  onlyKeys(stated, ['task', 'scores', 'gates', 'threshold'], `steps.${name}`)
  const { task, scores, threshold = 0.5 } = stated
  const gates = stated.gates.map(({ gate }) => gate)
  const unfit = gates.find(({ kind }) => !judgeable.includes(kind))
  if (unfit)
    throw new MillwrightError(
      'invalid-definition',
      `steps.${name}.gates: "${unfit.kind}" cannot be told from scores alone`,
      {
        field: `steps.${name}.gates`,
        hint: 'Take atLeast, atMost, beats or calibrated.',
      },
    )
  return {
    name,
    needs: [made],
    options: { params: { task, scores, threshold, gates: gates as unknown as Json } },
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
